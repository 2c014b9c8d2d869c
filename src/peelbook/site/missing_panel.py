"""Say once what a page has no figure for, and fold it into one panel at its end where that is all there is.

Ten of the report's charts can only be filled from a report that someone has entered, which one force of 43 has.
A page of the others would be boxes that say so, one below the other, each under words about a chart that is not
there. The reasons stay on the page, each with its heading, and the headings' addresses still lead to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from peelbook.display import escape

ANCHOR = "not-available"


class SayReasonsOnce(SphinxPostTransform):
    """Drop a note that says what another under the same heading has said: a chart's, and its sentence's.

    A notebook says it in each cell that has nothing to show. Code that shows nothing then goes with the cell after it.
    """

    default_priority = 199  # before the code of cells that show nothing is put elsewhere
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Go through the cells that stand directly under each heading."""
        for section in self.document.findall(nodes.section):
            said: set[str] = set()
            cells = [child for child in section.children if isinstance(child, nodes.container)]
            for output in [output for cell in cells for output in _outputs(cell)]:
                reasons = _reasons_of(output)
                if reasons and said.issuperset(reasons):
                    _remove(output)
                said.update(reasons)


def _remove(output: nodes.Node) -> None:
    """Take an output out of its cell, and what held it, where that is empty then."""
    box = output.parent
    box.remove(output)
    if not box.children:
        box.parent.remove(box)


class FoldAbsent(SphinxPostTransform):
    """Move headings under which there is nothing but notes to one closed panel at the end of the page."""

    default_priority = 201  # after each cell's code has gone behind what it made
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Fold, from the innermost headings outwards."""
        tops = [node for node in self.document.children if isinstance(node, nodes.section)]
        found: list[tuple[list[str], str, list[str]]] = []
        for top in tops:
            for section in [child for child in top.children if isinstance(child, nodes.section)]:
                found += list(_fold(section))
        if found:
            tops[-1].append(nodes.raw("", _panel(found), format="html"))


def _fold(section: nodes.section) -> Iterator[tuple[list[str], str, list[str]]]:
    """Take what is absent out of a section: anchors, heading and reasons of each part."""
    inner = [child for child in section.children if isinstance(child, nodes.section)]
    only_reasons = _only_reasons(section)
    title = next(child for child in section.children if isinstance(child, nodes.title)).astext()
    below = [part for child in inner for part in _fold(child)]
    kept = any(isinstance(child, nodes.section) for child in section.children)
    if only_reasons and not kept:
        section.parent.remove(section)
        yield list(section["ids"]), title, only_reasons
    elif only_reasons:
        # Something stands further down under this heading: it stays, and says where the rest is.
        for child in [
            child for child in section.children if not isinstance(child, nodes.section | nodes.title)
        ]:
            section.remove(child)
        pointer = nodes.paragraph("", "", classes=["pb-opening"])
        pointer.append(
            nodes.reference("", "Part of this is not available here.", refuri=f"#{ANCHOR}", internal=True)
        )
        section.insert(1, pointer)
        yield [], title, only_reasons
    yield from below


def _only_reasons(section: nodes.section) -> list[str]:
    """The reasons under a heading whose every cell is a note and whose words only lead up to them."""
    only_reasons: list[str] = []
    for child in section.children:
        if isinstance(child, nodes.container) and child.get("nb_element") == "cell_code":
            for output in _outputs(child):
                found = _reasons_of(output)
                if not found:
                    return []
                only_reasons += found
        elif not isinstance(
            child, nodes.section | nodes.title | nodes.paragraph | nodes.target | nodes.comment
        ):
            return []
    return list(dict.fromkeys(only_reasons))


def _reasons_of(output: nodes.Node) -> list[str]:
    """What an output says in place of something (`peelbook.blocks.reasons`); empty for any that is not a note."""
    return list(output.get("reasons", ())) if isinstance(output, nodes.raw) else []


def _outputs(cell: nodes.container) -> Iterator[nodes.Node]:
    for child in cell.children:
        if isinstance(child, nodes.container) and child.get("nb_element") == "cell_code_output":
            yield from list(child.children)


def _panel(found: list[tuple[list[str], str, list[str]]]) -> str:
    """The panel. The notes' text is this package's own HTML, escaped where it was made."""
    entries = []
    for anchors, title, only_reasons in found:
        first, *others = [f' id="{escape(anchor)}"' for anchor in anchors] or [""]
        spare = "".join(f"<span{other}></span>" for other in others)
        entries.append(f"<dt{first}>{spare}{escape(title)}</dt><dd>{''.join(only_reasons)}</dd>")
    return (
        f'<details class="pb-unavailable" id="{ANCHOR}" data-pagefind-ignore>'
        f"<summary>Not available for this force ({len(found)})</summary><dl>{''.join(entries)}</dl></details>\n"
    )
