"""Cut matplotlib's SVG to what a reader needs, without changing what is seen.

Four charts on each of 430 pages must fit a small site. Matplotlib repeats the font on every label, wraps
each mark in named groups and writes six decimals; none of it is needed.
"""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from functools import lru_cache

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
FONTS = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"
"""Fonts of the page; all are narrower than the one that text is measured in, so labels always fit."""

for _prefix, _uri in (("", SVG), ("xlink", XLINK)):
    ET.register_namespace(_prefix, _uri)

_TOKEN = re.compile(r"([MLCQzZ])|(-?\d+\.?\d*(?:e-?\d+)?)")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NOOP_TURN = re.compile(r"rotate\(-?0 [^)]*\)\s*")
_SHIFT = re.compile(r"translate\((\S+) (\S+)\)")

# What an SVG viewer assumes anyway.
_DEFAULTS = {"stroke-dashoffset": "0", "stroke-linecap": "butt", "stroke-width": "1", "text-anchor": "start"}
_ARITY = {"M": 2, "L": 2, "C": 6, "Q": 4}
# What a group may say for all that is in it: attributes that are inherited, and a clip, which cuts alike.
_SHARED = frozenset(
    {
        "clip-path",
        "fill",
        "fill-opacity",
        "font-size",
        "font-style",
        "font-weight",
        "stroke",
        "stroke-dasharray",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-opacity",
        "stroke-width",
        "text-anchor",
    }
)


def slim(svg: str, *, description: str = "", attributes: Mapping[str, str] | None = None) -> str:
    """Return the same drawing in fewer bytes, with `description` as its `desc` and `attributes` on its root."""
    root = ET.fromstring(svg)
    q = f"{{{SVG}}}"
    referenced = set(_REFERENCE.findall(svg)) | {
        element.get(f"{{{XLINK}}}href", "")[1:] for element in root.iter(f"{q}use")
    }
    short = {name: f"i{number}" for number, name in enumerate(sorted(referenced))}
    for style in root.findall(f"{q}defs/{q}style"):
        style.clear()
    # Title and source are texts of the drawing, and `title`; a second time as RDF they are 0.4 kB a chart.
    for metadata in root.findall(f"{q}metadata"):
        root.remove(metadata)
    for element in root.iter():
        _slim_element(element, short)
    _unwrap(root, q)
    _join_ticks(root, q)
    _gather_definitions(root, q)
    for _ in range(2):  # a group that lost all it said is gone, and what was in it has other neighbours
        _group(root)
        _unwrap(root, q)
    _join_dots(root, q)
    root.set("font-family", FONTS)
    root.set("stroke-linejoin", "round")
    root.set("role", "img")
    for name in ("version",):
        root.attrib.pop(name, None)
    root.attrib.update({name: value for name, value in (attributes or {}).items() if value})
    if description:
        desc = ET.Element(f"{q}desc")
        desc.text = description
        root.insert(1, desc)
    for element in root.iter():
        if element.tag not in (f"{q}text", f"{q}title", f"{q}desc") and not (element.text or "").strip():
            element.text = None
        if not (element.tail or "").strip():
            element.tail = None
    return ET.tostring(root, encoding="unicode").replace(" />", "/>") + "\n"


def _slim_element(element: ET.Element, short: dict[str, str]) -> None:
    name = element.attrib.pop("id", "")
    if name in short:
        element.set("id", short[name])
    for key, value in _attributes(element.attrib.pop("style", "")):
        element.set(key, value)
    for key in ("clip-path", "fill", f"{{{XLINK}}}href"):
        if reference := element.get(key):
            for old in _REFERENCE.findall(reference) or [reference[1:]]:
                if old in short:
                    element.set(key, reference.replace(old, short[old]))
    if turn := element.get("transform"):
        turn = _NOOP_TURN.sub("", turn).strip()
        if shift := _SHIFT.fullmatch(turn):
            element.set("x", shift[1])
            element.set("y", shift[2])
            turn = ""
        element.attrib.pop("transform")
        if turn:
            element.set("transform", re.sub(r"-?\d+\.\d+", lambda m: _short(float(m.group()), 1), turn))
    for key in ("x", "y", "width", "height"):
        if (number := element.get(key)) and re.fullmatch(r"-?\d+\.\d+", number):
            element.set(key, _short(float(number), 1))
    if path := element.get("d"):
        element.set("d", shorten_path(path))


@lru_cache(maxsize=1024)
def _attributes(style: str) -> tuple[tuple[str, str], ...]:
    """What a style says, as attributes, without what a viewer assumes anyway. Few styles make a drawing."""
    says = dict(part.split(": ", 1) for part in style.split("; ") if ": " in part)
    says.pop("font-family", None)
    if says.get("stroke", "none") == "none":
        says = {key: value for key, value in says.items() if not key.startswith("stroke-")}
    found = []
    for key, value in says.items():
        if key.endswith(("width", "dasharray")) or key == "font-size":
            value = re.sub(r"-?\d+\.\d+", lambda match: _short(float(match.group()), 2), value)
        value = value.removesuffix("px") if key == "font-size" else value
        if _DEFAULTS.get(key) != value:
            found.append((key, _colour(value)))
    return tuple(found)


def _colour(value: str) -> str:
    """Return `#aabbcc` as `#abc`."""
    if (
        len(value) == 7
        and value[0] == "#"
        and value[1] == value[2]
        and value[3] == value[4]
        and value[5] == value[6]
    ):
        return f"#{value[1]}{value[3]}{value[5]}"
    return value


def _short(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("-0", "0"):
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


@lru_cache(maxsize=8192)
def _step(step: int, decimals: int) -> str:
    """A step of so many tenths, or hundredths, as text: most steps of a drawing are among a few."""
    return _short(step / 10**decimals, decimals)


def shorten_path(path: str, decimals: int = 1) -> str:
    """Return path data as relative steps at `decimals` places; rounding never adds up along a line."""
    scale = 10**decimals
    tokens = _TOKEN.findall(path)
    out: list[str] = []
    x = y = start_x = start_y = 0
    previous = ""
    index = 0
    while index < len(tokens):
        command = tokens[index][0]
        index += 1
        if command in "zZ":
            out.append("z")
            x, y, previous = start_x, start_y, "z"
            continue
        count = _ARITY[command]
        numbers = [round(float(tokens[index + k][1]) * scale) for k in range(count)]
        index += count
        if command == "M":
            # The pen starts at the origin, so a relative first move is also an absolute one.
            letter, steps = "m", [numbers[0] - x, numbers[1] - y]
            start_x, start_y = numbers[-2:]
        else:
            steps = [number - (x, y)[k % 2] for k, number in enumerate(numbers)]
            letter = command.lower()
            if command == "L" and steps[0] == 0 and steps[1] != 0:
                letter, steps = "v", [steps[1]]
            elif command == "L" and steps[1] == 0 and steps[0] != 0:
                letter, steps = "h", [steps[0]]
        x, y = numbers[-2:]
        body = ""
        for k, step in enumerate(steps):
            number = _step(step, decimals)
            body += number if k == 0 or number.startswith("-") else f" {number}"
        # After a move, further pairs are lines by definition.
        same = letter == previous or (previous == "m" and letter == "l")
        if same and letter != "m":
            out.append(body if body.startswith("-") else f" {body}")
        else:
            out.append(letter + body)
            previous = letter
    return "".join(out)


def _unwrap(parent: ET.Element, q: str) -> None:
    """Replace groups and empty definitions that carry nothing by what is in them."""
    children: list[ET.Element] = []
    for child in list(parent):
        _unwrap(child, q)
        if child.tag == f"{q}g" and not child.attrib:
            children += list(child)
        elif child.tag in (f"{q}defs", f"{q}style", f"{q}g") and len(child) == 0:
            continue
        else:
            children.append(child)
    if children != list(parent):
        for child in list(parent):
            parent.remove(child)
        parent.extend(children)


_TICK = re.compile(r"m0 0([vh]-?[\d.]+)")


def _join_ticks(root: ET.Element, q: str) -> None:
    """Draw the ticks of an axis as one line, before their labels: then the labels are neighbours, which `_group` joins.

    Ticks and labels never touch, so that their order is not seen.
    """
    ticks = {
        item.get("id"): item
        for item in root.iter(f"{q}path")
        if item.get("id") and _TICK.fullmatch(item.get("d", ""))
    }

    def tick(element: ET.Element) -> bool:
        return element.tag == f"{q}use" and element.get(f"{{{XLINK}}}href", "")[1:] in ticks

    for parent in list(root.iter()):
        result: list[ET.Element] = []
        at = 0
        children = list(parent)
        while at < len(children):
            end = at
            while end < len(children) and (tick(children[end]) or children[end].tag == f"{q}text"):
                end += 1
            run = children[at:end]
            result += [
                *_lines([item for item in run if tick(item)], ticks, q),
                *(item for item in run if not tick(item)),
            ]
            result += children[end : end + 1]
            at = end + 1
        if len(result) != len(children):
            parent[:] = result


def _lines(uses: Sequence[ET.Element], ticks: Mapping[str | None, ET.Element], q: str) -> list[ET.Element]:
    """One path for all neighbouring uses of a tick that look the same."""
    found: list[ET.Element] = []
    before = None
    for use in uses:
        name = use.get(f"{{{XLINK}}}href", "")[1:]
        steps = _TICK.fullmatch(ticks[name].get("d", ""))
        look = {key: value for key, value in ticks[name].items() if key not in ("d", "id")} | {
            key: value for key, value in use.items() if key in _SHARED or key == "stroke-miterlimit"
        }
        assert steps is not None
        x, y = float(use.get("x", 0)), float(use.get("y", 0))
        way, length = steps[1][0], float(steps[1][1:])
        line = f"M{x} {y}L{x + (length if way == 'h' else 0)} {y + (length if way == 'v' else 0)}"
        if before == (name, look):
            found[-1].set("d", found[-1].get("d", "") + line)
        else:
            found.append(ET.Element(f"{q}path", {"d": line, **look}))
        before = name, look
    for path in found:
        path.set("d", shorten_path(path.get("d", "")))
    return found


# Matplotlib's circle: eight curves from its lowest point.
_CIRCLE = re.compile(r"m0 ([\d.]+)c([-\d. ]+)z")
_NUMBERS_OF_CIRCLE = 8 * 6


def _join_dots(root: ET.Element, q: str) -> None:
    """Draw neighbouring dots of one look as one path of short strokes with round ends: a third of the bytes.

    Only of opaque dots without an edge: where two overlap nothing is seen of it. A stroke of no length would be
    a dot as well, but not to every program that reads an SVG.
    """
    radius = {
        item.get("id"): circle[1]
        for item in root.iter(f"{q}path")
        if item.get("id")
        and (circle := _CIRCLE.fullmatch(item.get("d", "")))
        and len(re.findall(r"-?[\d.]+", circle[2])) == _NUMBERS_OF_CIRCLE
    }
    link = f"{{{XLINK}}}href"

    def join(parent: ET.Element, inherited: Mapping[str, str]) -> None:
        says = {**inherited, **{key: value for key, value in parent.items() if key in _SHARED}}
        plain = "stroke" not in says and "fill-opacity" not in says

        def look(element: ET.Element) -> tuple[str, str] | None:
            name = element.get(link, "")[1:]
            if not plain or name not in radius or set(element.keys()) - {link, "fill", "x", "y"}:
                return None
            return name, element.get("fill", says.get("fill", "#000"))

        result: list[ET.Element] = []
        for seen, run in itertools.groupby(list(parent), key=look):
            dots = list(run)
            if seen is not None and len(dots) > 2:
                name, colour = seen
                places = [(float(dot.get("x", 0)), float(dot.get("y", 0))) for dot in dots]
                path = shorten_path("".join(f"M{x} {y}L{x + 0.1} {y}" for x, y in places))
                width = _short(2 * float(radius[name]), 1)
                stroke = {"stroke": colour, "stroke-width": width, "stroke-linecap": "round"}
                result.append(ET.Element(f"{q}path", {"d": path, "fill": "none", **stroke}))
                continue
            for child in dots:
                join(child, says)
            result += dots
        if len(result) != len(parent):
            parent[:] = result

    join(root, {})


def _gather_definitions(root: ET.Element, q: str) -> None:
    """Put all definitions into one list before the drawing, each once; those that nothing uses are left out."""
    found = ET.Element(f"{q}defs")
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{q}defs":
                parent.remove(child)
                found.extend(child)
    first: dict[str, str] = {}
    same = {}
    for item in list(found):
        name = item.attrib.pop("id", "")
        content = ET.tostring(item, encoding="unicode")
        item.set("id", name)
        same[name] = first.setdefault(content, name)
    used = set()
    for element in root.iter():
        if name := element.get(f"{{{XLINK}}}href", "")[1:]:
            element.set(f"{{{XLINK}}}href", f"#{same.get(name, name)}")
            used.add(same.get(name, name))
        for key in ("clip-path", "fill"):
            for name in _REFERENCE.findall(element.get(key, "")):
                element.set(key, f"url(#{same.get(name, name)})")
                used.add(same.get(name, name))
    found[:] = [item for item in found if item.get("id") in used]
    if len(found):
        start = next((at for at, child in enumerate(root) if child.tag not in _head(q)), len(root))
        root.insert(start, found)


def _head(q: str) -> tuple[str, ...]:
    return f"{q}title", f"{q}desc", f"{q}metadata"


def _group(parent: ET.Element) -> None:
    """Put neighbours that share attributes into a group that says them once, where that is shorter.

    The order of what is drawn, and so the picture, stays as it is.
    """
    children = list(parent)
    result: list[ET.Element] = []
    at = 0
    while at < len(children):
        end, shared = _run(children, at)
        if not shared:
            if children[at].tag == f"{{{SVG}}}g":
                _group(children[at])
            result.append(children[at])
            at += 1
            continue
        group = ET.Element(f"{{{SVG}}}g", shared)
        for child in children[at:end]:
            for name in shared:
                del child.attrib[name]
        group.extend(children[at:end])
        _group(group)
        result.append(group)
        at = end
    if len(result) != len(children):
        for child in children:
            parent.remove(child)
        parent.extend(result)


def _run(children: Sequence[ET.Element], start: int) -> tuple[int, dict[str, str]]:
    """The neighbours from `start` on that are shortest as one group: where they end, and what they share."""
    shared = {name: value for name, value in children[start].items() if name in _SHARED}
    best, end, common = 0, start, {}
    for at in range(start + 1, len(children)):
        shared = {name: value for name, value in shared.items() if children[at].get(name) == value}
        if not shared:
            break
        length = sum(len(name) + len(value) + 4 for name, value in shared.items())
        saved = (at - start) * length - len("<g></g>")
        if saved > best:
            best, end, common = saved, at + 1, shared
    return end, common
