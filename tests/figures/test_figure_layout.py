"""Every chart is clean in both layouts: no label leaves the picture, overlaps another or is too small."""

from __future__ import annotations

import pytest
from figure_cases import CASES, chart
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from peelbook.figures import _png
from peelbook.figures._layout import compact, wide

BOTH = [pytest.param(wide, 0, id="wide"), pytest.param(compact, 1, id="compact")]


def _labels(figure: Figure) -> list[tuple[Text, tuple[float, float, float, float]]]:
    """Every label with its box as matplotlib draws it, in pixels: left, bottom, right, top."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    return [(text, text.get_window_extent(renderer).extents) for text in texts]


def _faults(figure: Figure) -> list[str]:
    """What a reader would call broken about the labels of a figure."""
    faults = []
    labels = _labels(figure)
    for text, (left, bottom, right, top) in labels:
        if left < 0 or bottom < 0 or right > figure.bbox.width or top > figure.bbox.height:
            faults.append(f"{text.get_text()!r} leaves the picture")
        if text.get_fontsize() < 7.5:
            faults.append(f"{text.get_text()!r} is too small")
    for index, (text, (left, bottom, right, top)) in enumerate(labels):
        for other, (other_left, other_bottom, other_right, other_top) in labels[index + 1 :]:
            # The outer pixel of a box is the air around its letters.
            across = left < other_right - 1 and other_left < right - 1
            if across and bottom < other_top - 1 and other_bottom < top - 1:
                faults.append(f"{text.get_text()!r} overlaps {other.get_text()!r}")
    return faults


def _leaves_the_png(figure: Figure) -> list[str]:
    """Labels that would leave the image with letters on whole pixels, as the PNG has them."""
    gone = []
    for text in figure.findobj(Text):
        if text.get_gid() == _png.TEXT_MARK:
            x, _ = text.get_transform().transform(text.get_position())
            font = _png.font(text.get_fontweight() == "bold", text.get_fontsize() * figure.dpi / 72)
            length = font.getlength(text.get_text())
            left = x - {"left": 0, "center": length / 2, "right": length}[text.get_horizontalalignment()]
            if left < -1 or left + length > figure.bbox.width + 1:
                gone.append(text.get_text())
    return gone


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("layout", "height"), BOTH)
def test_labels_stay_in_the_picture_apart_from_each_other_and_readable(name, layout, height):
    figure = chart(name).figure(layout(chart(name).heights[height]))
    assert _labels(figure)
    assert _faults(figure) == []
    assert _leaves_the_png(figure) == []


def test_the_check_itself_finds_overlapping_clipped_and_small_labels():
    figure = Figure(figsize=(3, 2))
    figure.text(0.1, 0.5, "one label", fontsize=9)
    figure.text(0.15, 0.5, "another", fontsize=9)
    figure.text(0.9, 0.1, "too long for the page", fontsize=9)
    figure.text(0.1, 0.9, "tiny", fontsize=6)
    assert _faults(figure) == [
        "'too long for the page' leaves the picture",
        "'tiny' is too small",
        "'one label' overlaps 'another'",
    ]


def test_a_ski_slope_names_the_force_and_the_ends_and_nobody_else():
    labels = " ".join(text.get_text() for text, _ in _labels(chart("ski slope, long name").figure(wide())))
    data = chart("ski slope, long name").data
    forces = data[data["series"] == "force"]["force"]
    assert {name for name in forces if name in labels} == {"Hampshire", forces.iloc[0], forces.iloc[42]}


def test_the_layouts_have_the_widths_the_pages_are_built_for():
    drawing = chart("ski slope, extreme")
    assert drawing.figure(wide()).get_size_inches()[0] == 7.0
    assert drawing.figure(compact()).get_size_inches()[0] == 3.6


def test_a_long_source_line_makes_the_picture_taller_and_does_not_squeeze_the_chart():
    from dataclasses import replace

    drawing = chart("ski slope, extreme")
    publisher = "A department with a long name, " * 6
    long = replace(drawing, provenance=[replace(drawing.provenance[0], publisher=publisher)])
    before, after = drawing.figure(compact(3.7)), long.figure(compact(3.7))
    assert after.get_figheight() > before.get_figheight() + 0.2
    below_top, below_new_top = (
        {text.get_text(): figure.bbox.height - box[3] for text, box in _labels(figure)}
        for figure in (before, after)
    )
    shared = below_top.keys() & below_new_top.keys()
    assert len(shared) > 10
    assert {text: below_new_top[text] for text in shared} == pytest.approx(
        {text: below_top[text] for text in shared}, abs=0.6
    )
    assert _faults(after) == []


@pytest.mark.parametrize("apart", [0.18, 0.24, 0.3])
def test_a_label_is_nearest_to_its_own_mark_and_its_line_passes_no_other(apart):
    """Figure 5 of the report: two printed values of one year, one just above the other, at the chart's edge."""
    from peelbook.figures import _page as pg

    figure = Figure(figsize=(7.0, 4.4))
    page = pg.Page(figure, pg.Layout("wide", 7.0, 4.2, 10.5))
    points = [(5.0, 1.0), (5.0, 1.0 + apart)]
    labels = [
        (*points[0], "3.1% as printed", False),
        (*points[1], "England and Wales 5.5% as printed", False),
    ]
    curve = [pg.Box.around(2 + step * 0.06, 1.4, 0.03) for step in range(50)]
    obstacles = [pg.Box.around(x, y, 0.03) for x, y in points] + curve
    found = pg.place_labels(page, labels, pg.Box(0.4, 0.4, 5.1, 4.0), obstacles, size=9.0, must=2)
    for own, (x, y) in enumerate(points):
        spot = found[own]
        assert spot is not None
        other = points[1 - own]
        assert spot.box.gap(x, y) < spot.box.gap(*other), "the label stands at its own mark"
        assert not pg._misleads((x, y), spot.box, other)
