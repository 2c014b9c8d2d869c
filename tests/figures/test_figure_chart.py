"""A chart's files: decodable, small, the same twice, safe to open, and silent about how they were made."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import threading
import xml.etree.ElementTree as ET
import zlib
from dataclasses import replace
from html import escape

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from figure_cases import CASES, CASES_OF_43, FORCES, HOSTILE, PROVENANCE, chart, ski
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from peelbook.catalogue import OVERLAY_NOTE
from peelbook.figures import _svg
from peelbook.figures._chart import MIME, Chart, Column
from peelbook.figures._label import label
from peelbook.figures._layout import compact
from peelbook.util.spreadsheets import to_csv

SVG = "{http://www.w3.org/2000/svg}"
ONE_OF_EACH_KIND = sorted({name.split(",")[0]: name for name in reversed(CASES)}.values())


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_the_same_chart_gives_the_same_bytes_twice(name):
    first, second = chart(name), CASES[name]()
    assert first.png() == second.png()
    assert first.svg() == second.svg()
    assert json.dumps(first.payload()) == json.dumps(second.payload())


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_a_png_decodes_to_half_as_many_pixels_again_as_a_phone_shows_and_is_not_blank(name):
    image = Image.open(io.BytesIO(chart(name).png()))
    pixels = np.asarray(image.convert("L"))
    assert image.width == 518
    assert pixels.max() == 255  # white stays white: the page is white too
    assert 0.005 < (pixels < 200).mean() < 0.8
    image.load()
    assert image.text["Source"] == chart(name).source_line
    assert image.text["Description"] == chart(name).alt


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_an_svg_is_valid_has_its_labels_as_text_and_carries_title_alt_source_and_licence(name):
    root = ET.fromstring(chart(name).svg())
    assert root.get("viewBox", "").startswith("0 0 504 ")
    assert root.find(f"{SVG}title").text == "A chart"
    assert root.find(f"{SVG}desc").text == chart(name).alt
    words = "".join(root.itertext())
    assert "Source: Home Office; Office for National Statistics." in words
    assert "Open Government Licence v3.0." in words
    assert len(root.findall(f".//{SVG}text")) >= 3


def test_neighbours_that_look_alike_say_it_once_and_what_is_drawn_keeps_its_order():
    marks = "".join(
        f'<use xlink:href="#m" x="{at}" y="1" style="fill: #ff0000; stroke: #000000"/>' for at in range(3)
    )
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
        '<defs><clipPath id="c"><rect width="9" height="9"/></clipPath><clipPath id="d"><rect/></clipPath></defs>'
        f'<g clip-path="url(#c)"><defs><path id="m" d="M 0 0 L 1 1"/></defs>{marks}</g>'
        '<path d="M 0 0 L 2 2" style="fill: #00ff00"/></svg>'
    )
    root = ET.fromstring(_svg.slim(drawing))
    (clipped,) = root.findall(f"{SVG}g")
    (group,) = clipped
    assert clipped.get("clip-path") and (group.get("fill"), group.get("stroke")) == ("#f00", "#000")
    assert [mark.get("x") for mark in group] == ["0", "1", "2"] and not any(
        mark.get("fill") for mark in group
    )
    assert [child.tag.removeprefix(SVG) for child in root] == ["defs", "g", "path"]
    (definitions,) = root.findall(f"{SVG}defs")
    assert len(definitions.findall(f"{SVG}clipPath")) == 1 and len(definitions) == 2


def test_dots_of_one_look_are_one_line_of_round_ends_and_others_stay_marks():
    figure = Figure(figsize=(3, 2), dpi=72)
    axes = figure.subplots()
    axes.axis("off")
    axes.scatter([1, 2, 3, 4], [1, 4, 2, 2], s=36, c="#bfbfbf", linewidths=0)
    axes.scatter([1, 2, 3], [2, 1, 3], s=36, c="#12436d", linewidths=0, alpha=0.5)
    axes.scatter([1, 2, 3], [3, 3, 1], s=36, c="#12436d", edgecolors="#ffffff")
    axes.scatter([2, 3, 4], [3, 4, 1], s=36, c="#12436d", marker="D", linewidths=0)
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    before = [float(x) for x in re.findall(r'<use [^>]*x="([\d.]+)"', buffer.getvalue())]
    root = ET.fromstring(_svg.slim(buffer.getvalue()))
    (dots,) = (path for path in root.iter(f"{SVG}path") if path.get("stroke-linecap") == "round")
    assert (dots.get("stroke"), dots.get("stroke-width"), dots.get("fill")) == ("#bfbfbf", "6", "none")
    steps = re.findall(r"m(-?[\d.]+)[ -][\d.]+h\.1", dots.get("d", ""))
    starts = np.cumsum([float(step) + (0.1 if at else 0) for at, step in enumerate(steps)])
    assert np.allclose(starts, before[:4], atol=0.06)
    # A dot that lets others through, has an edge, or is none.
    assert len(list(root.iter(f"{SVG}use"))) == len(before) - 4 == 9


def test_columns_of_an_interval_that_no_row_has_are_no_part_of_the_table():
    data = pd.DataFrame({"force": ["Kent", "Met"], "value": [1.0, 2.0], "lower": [0.5, None], "upper": None})
    made = Chart(
        id="police_powers.own",
        title="Own",
        alt="Two values.",
        data=data,
        columns={name: Column(name, numeric=name != "force") for name in data},
        draw=lambda figure, layout: figure.subplots(),
        provenance=PROVENANCE,
        period="2023",
    )
    assert made.table()["columns"] == ["force", "value", "lower"]
    assert made.table()["numeric"] == [False, True, True]
    assert made.table()["rows"] == [["Kent", "1.0", "0.5"], ["Met", "2.0", ""]]


def test_a_png_has_no_filtered_row_and_its_words_are_packed():
    data = chart("trend, plain").png()
    at, rows, kinds = 8, b"", []
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kinds.append(data[at + 4 : at + 8])
        rows += data[at + 8 : at + 8 + size] if kinds[-1] == b"IDAT" else b""
        at += size + 12
    with Image.open(io.BytesIO(data)) as image:
        step = (image.width + 1) // 2 + 1
        assert len(zlib.decompress(rows)) == step * image.height and set(zlib.decompress(rows)[::step]) == {0}
    assert kinds[:3] == [b"IHDR", b"PLTE", b"pHYs"] and kinds[-1] == b"IEND"


@pytest.mark.parametrize("name", CASES_OF_43)
def test_charts_of_43_forces_are_small(name):
    """The edition of 43 forces holds some 1,700 of them and must stay under 80 MB."""
    assert len(chart(name).svg().encode()) <= 15_000
    # A funnel has a key of three lines, and letters are most of a PNG.
    assert len(chart(name).png()) <= (18_000 if name.startswith("ski") else 20_000)


def test_the_line_chart_of_43_forces_is_small():
    assert len(chart("trend, plain").svg().encode()) <= 15_000
    assert len(chart("trend, plain").png()) <= 30_000


@pytest.mark.parametrize("name", [name for name in CASES if "hostile" in name])
def test_hostile_labels_are_shown_as_plain_text_and_nothing_else(name):
    svg = chart(name).svg()
    root = ET.fromstring(svg)
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert not tags & {"script", "a", "foreignObject", "image", "style"}
    assert "<script" not in svg
    words = "".join(root.itertext()) + chart(name).text() + chart(name).csv()
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\ufffe\uffff]", words)
    json.dumps(chart(name).payload(), ensure_ascii=False).encode("utf-8")


def test_dollar_signs_and_angle_brackets_reach_the_picture_as_they_are():
    labels = [
        element.text or "" for element in ET.fromstring(chart("dot plot, hostile").svg()).iter(f"{SVG}text")
    ]
    assert any("$x^2$ <script>&amp; ecilop" in label for label in labels)


def test_no_cell_of_a_download_is_run_by_a_spreadsheet():
    frame = pd.DataFrame({"=1+1": ["=cmd()", "+1", "-1", "@x", "\tx", "\rx", "plain"], "value": [-1.5] * 7})
    rows = list(csv.reader(io.StringIO(to_csv(frame))))
    assert rows[0] == ["'=1+1", "value"]
    assert [row[0] for row in rows[1:]] == ["'=cmd()", "'+1", "'-1", "'@x", "'\tx", "' x", "plain"]
    assert {row[1] for row in rows[1:]} == {"-1.5"}  # a negative number stays a number


@pytest.mark.parametrize("name", CASES)
def test_no_text_cell_of_any_chart_starts_a_formula(name):
    rows = list(csv.reader(io.StringIO(chart(name).csv())))
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "@", "\t", "\r"))
        assert not cell.startswith("-") or re.fullmatch(r"-\d+(\.\d+)?(e-?\d+)?", cell)


def test_a_download_keeps_unrounded_figures_dates_and_missing_values():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2023-03-31", None]),
            "share": [1 / 3, float("nan")],
            "count": pd.array([3, None], dtype="Int64"),
            "flag": [True, False],
        }
    )
    assert to_csv(frame) == "day,share,count,flag\n2023-03-31,0.333333333,3,true\n,,,false\n"


def test_a_download_keeps_every_digit_of_a_sum_of_money():
    frame = pd.DataFrame({"grant_gbp": [12_345_678_901.0, 0.0], "share": [2 / 3, 1.0]})
    assert to_csv(frame) == "grant_gbp,share\n12345678901,0.666666667\n0,1\n"


def test_the_download_holds_every_value_that_is_drawn():
    drawing = chart("ski slope, small force")
    rows = list(csv.DictReader(io.StringIO(drawing.csv())))
    assert len(rows) == 45  # 43 forces and two averages
    by_code = {row["force_code"]: row for row in rows}
    for record in drawing.data.to_dict("records"):
        if record["series"] == "force":
            assert float(by_code[record["force_code"]]["value"]) == pytest.approx(record["value"], rel=1e-8)


def test_the_bundle_of_a_notebook_holds_payload_text_png_and_svg():
    data, metadata = chart("ski slope, extreme")._repr_mimebundle_()
    assert set(data) == {MIME, "text/plain", "image/png"}
    assert metadata["peelbook"]["svg"].startswith("<svg")
    assert metadata["image/png"]["alt"] == data[MIME]["alt"]
    assert set(data[MIME]) == {
        "id", "kind", "title", "alt", "basis", "period", "notes", "table", "csv", "sources",
    }  # fmt: skip
    assert "Met | 19.8 |" in data["text/plain"]


def test_a_notebook_shows_title_force_and_basis_above_the_picture_and_sources_and_notes_below(monkeypatch):
    shown = replace(
        ski("met", provenance=[*PROVENANCE, replace(PROVENANCE[0], title="<b>Bold</b>")]), notes=("A < B.",)
    )
    outputs = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, raw, metadata: outputs.append((data, metadata))
    )
    shown._ipython_display_()
    (above, mark), bundle, (below, same) = outputs
    assert bundle == shown._repr_mimebundle_()
    assert mark == same == {"peelbook": {"around": shown.id}}
    facts = f"Metropolitan Police Service · {shown.period} · Computed from open data"
    assert above["text/plain"] == f"{shown.title}\n{facts}"
    assert above["text/html"] == f"<p><strong>{escape(shown.title)}</strong><br>{facts}</p>"
    html = below["text/html"]
    assert f'<a href="{PROVENANCE[0].page_url}">' in html and "A &lt; B." in html
    assert "&lt;b&gt;Bold&lt;/b&gt;" in html and "<b>" not in html


def test_a_chart_of_the_users_own_data_says_so():
    mine = replace(PROVENANCE[0], caveat=OVERLAY_NOTE)
    notes = ski("met", provenance=[mine]).payload()["notes"]
    assert f"This chart {OVERLAY_NOTE}." in notes


def test_drawing_leaves_matplotlibs_settings_alone_and_takes_none_from_the_caller():
    plain = chart("ski slope, extreme").png()
    before = dict(mpl.rcParams)
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "text.parse_math": True}):
        inside = dict(mpl.rcParams)
        assert chart("ski slope, extreme").png() == plain
        assert dict(mpl.rcParams) == inside
    assert dict(mpl.rcParams) == before


def test_no_chart_needs_pyplot_or_seaborn():
    import subprocess
    import sys

    code = (
        "import sys; from figure_cases import chart; c = chart('ski slope, extreme'); c.png(); c.svg(); "
        "print([name for name in ('matplotlib.pyplot', 'seaborn') if name in sys.modules])"
    )
    from figure_cases import ROOT

    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests' / 'figures'}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


def test_charts_drawn_by_two_threads_are_the_same_as_alone():
    names = ["ski slope, extreme", "trend, plain"]
    alone = [chart(name).svg() for name in names]
    together: dict[int, list[str]] = {0: [], 1: []}

    def draw(index: int) -> None:
        for _ in range(3):
            together[index].append(chart(names[index]).svg())

    threads = [threading.Thread(target=draw, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == {0: [alone[0]] * 3, 1: [alone[1]] * 3}


def test_a_drawing_that_leaves_its_layout_to_matplotlib_keeps_clear_of_the_source_line():
    def draw(figure, layout):
        axes = figure.subplots()
        axes.plot([1, 2, 3])
        axes.set_xlabel("An axis label")

    own = Chart(
        id="police_powers.own",
        title="Own",
        alt="A line that goes up.",
        data=pd.DataFrame({"x": [1]}),
        columns={"x": Column("X")},
        draw=draw,
        provenance=PROVENANCE,
        period="2023",
    )
    figure = own.figure(compact())
    figure.draw_without_rendering()
    source = max(text.get_window_extent().y1 for text in figure.artists)
    assert figure.axes[0].xaxis.label.get_window_extent().y0 > source
    assert own.png()[:4] == b"\x89PNG"


@pytest.mark.parametrize("alignment", ["left", "center", "right"])
def test_a_label_stands_where_matplotlib_would_put_it(alignment):
    def drawn(make) -> str:
        buffer = io.StringIO()
        with mpl.rc_context({"svg.fonttype": "none", "text.parse_math": False}):
            figure = Figure(figsize=(3, 2), dpi=72)
            figure.add_artist(make(0.4, 0.6, "5 < 7 & $x$", ha=alignment, fontsize=9, color="#205493"))
            FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
        return re.search(r"<text.*</text>", buffer.getvalue())[0]

    assert "5 &lt; 7 &amp; $x$" in drawn(label)
    assert drawn(label) == drawn(lambda x, y, text, **style: Text(x, y, text, va="baseline", **style))


def test_a_label_is_drawn_on_any_other_canvas_too():
    figure = Figure(figsize=(2, 1), dpi=100)
    figure.add_artist(label(0.1, 0.5, "seen", fontsize=12))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert np.asarray(canvas.buffer_rgba()).min() == 0
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path"}):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    assert "<!-- seen -->" in buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "no section"}, "is not <section>.<name>"),
        ({"basis": "guessed"}, "unknown basis"),
        ({"alt": " "}, "no alt text"),
        ({"columns": {"nothing": Column("Nothing")}}, "no such data columns: nothing"),
    ],
)
def test_a_chart_that_could_not_be_published_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(chart("ski slope, extreme"), **change)


def test_titles_and_notes_are_plain_text():
    drawing = ski("met", title=HOSTILE, notes=[HOSTILE, ""])
    assert "\u202e" not in drawing.title
    assert "" not in drawing.notes
    assert "\n" not in drawing.payload()["notes"][0]


def test_a_force_of_the_list_is_drawn_under_its_short_name():
    assert FORCES["hampshire"].short_name in ski("hampshire").alt
