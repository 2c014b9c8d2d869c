"""The parts that charts are drawn with: measured text, scales, label places, and the cutting of an SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from peelbook.figures import _page as pg
from peelbook.figures import _png, _svg
from peelbook.figures import _words as words

# --- text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [7.5, 9.0, 10.5])
@pytest.mark.parametrize("bold", [False, True])
def test_measured_text_is_at_least_as_wide_as_matplotlib_draws_it(size, bold):
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    text = "Hampshire and Isle of Wight 1,234.5%"
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    drawn = TextPath((0, 0), text, size=size, prop=font).get_extents().width / 72
    assert drawn - 0.02 <= pg.text_width(text, size, bold) <= drawn * 1.06 + 0.03


@given(st.text(max_size=80), st.floats(0.3, 3.0))
@settings(deadline=None, max_examples=60)
def test_wrapped_text_fits_its_width_and_loses_no_letter(text, width):
    lines = pg.wrap(text, width, 9.0)
    assert all(pg.text_width(line, 9.0) <= width + 0.01 or len(line) <= 2 for line in lines)
    kept = re.sub(r"[\s-]", "", "".join(lines))
    assert kept == re.sub(r"[\s-]", "", words.plain(text))


def test_wrapped_text_of_limited_lines_ends_in_an_ellipsis():
    lines = pg.wrap("one two three four five six seven eight", 0.7, 9.0, False, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")


def test_characters_the_font_lacks_are_replaced_instead_of_warned_about():
    assert pg.text_width("東京", 9.0) == pg.text_width("\ufffd\ufffd", 9.0)


# --- scales --------------------------------------------------------------------------------------


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(3, 6))
def test_ticks_are_few_round_and_on_the_scale(low, span, about):
    marks = pg.ticks(low, low + span, about)
    assert 1 <= len(marks) <= about + 1
    tolerance = 1e-6 * (abs(low) + span)
    assert all(low - tolerance <= mark <= low + span + tolerance for mark in marks)


def test_tick_labels_have_as_few_decimals_as_tell_them_apart():
    write = pg.tick_writer([0.0, 0.025, 0.05], "%")
    assert [write(value) for value in (0.0, 0.025, 0.05)] == ["0.0%", "2.5%", "5.0%"]
    assert pg.tick_writer([0, 50_000], "£ per 1,000 population")(50_000) == "£50,000"
    assert pg.tick_writer([-10, 0], "")(-10) == "\u221210"


def test_a_log_scale_puts_doubling_and_halving_at_equal_distance():
    scale = pg.Scale(0.25, 4.0, 0.0, 8.0, log=True)
    assert scale(2.0) - scale(1.0) == pytest.approx(scale(1.0) - scale(0.5))
    assert scale.clipped(100.0) == pytest.approx(8.0)


# --- places of labels ----------------------------------------------------------------------------


@given(st.lists(st.floats(0, 10), min_size=1, max_size=8))
def test_spread_labels_never_overlap_and_stay_inside_where_they_can(wanted):
    heights = [0.8] * len(wanted)
    placed = sorted(pg.spread(wanted, heights, 0.0, 10.0))
    assert all(b - a >= 0.8 - 1e-9 for a, b in pairwise(placed))
    assert placed[-1] <= 10.0 - 0.4 + 1e-9
    assert placed[0] >= 0.4 - 1e-9


def test_the_part_of_a_line_inside_an_area_ends_on_its_edge():
    area = pg.Box(0, 0, 10, 10)
    assert pg.within([(0, 5), (1, 15), (2, 5)], area) == [[(0, 5), (0.5, 10)], [(1.5, 10), (2, 5)]]
    assert pg.within([(0, 20), (1, 30)], area) == []


# --- words ---------------------------------------------------------------------------------------


def test_alt_text_leaves_out_the_least_first_and_is_cut_at_a_word_last():
    parts = ((1, "Important " * 4), (3, "Trifling " * 4), (2, "Useful " * 4))
    text = words.alt_text("Always here", *parts, limit=100)
    assert text.startswith("Always here. Important")
    assert "Useful" in text
    assert "Trifling" not in text
    cut = words.alt_text("word " * 100, limit=50)
    assert len(cut) <= 50
    assert cut.endswith("word…")


@pytest.mark.parametrize(
    ("label", "unit", "heading"),
    [
        ("Stop and searches", "per 1,000 population", "Stop and searches, per 1,000 population"),
        ("Searches per 1,000 population", "per 1,000 population", "Searches per 1,000 population"),
        ("Recorded crimes per officer", "offences per officer", "Recorded crimes per officer"),
        ("Charge rate", "%", "Charge rate"),
        ("Police officers", "officers", "Police officers"),
        ("Funding", "£ per 1,000 population", "Funding, £ per 1,000 population"),
    ],
)
def test_an_axis_names_its_unit_once(label, unit, heading):
    assert words.axis_label(label, unit) == heading


def test_a_scale_is_cut_for_one_or_two_giants_and_not_for_a_steady_rise():
    assert words.cut_above([45, 20, 19, 18, 17, 16, 15]) is None
    assert words.cut_above([200, 20, 15, 10, 9, 8]) == pytest.approx(25.0)
    assert words.cut_above([200, 190, 15, 10, 9, 8, 7]) == pytest.approx(18.75)
    assert words.cut_above([20, 15, 12, 10, 9, 8]) is None
    assert words.cut_above([200, 0, 0, 0, 0, 0]) is None
    assert words.cut_above([200, 2]) is None
    assert words.cut_above([float("nan")] * 9) is None


# --- SVG -----------------------------------------------------------------------------------------


def _absolute(path: str) -> list[tuple[float, float]]:
    """Independent reader of relative path data: the points it visits."""
    points, x, y, start = [], 0.0, 0.0, (0.0, 0.0)
    for command, body in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", path):
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", body)]
        if command == "z":
            x, y = start
        elif command in "hv":
            for number in numbers:
                x, y = (x + number, y) if command == "h" else (x, y + number)
                points.append((x, y))
        else:
            size = {"m": 2, "l": 2, "q": 4, "c": 6}[command]
            for k in range(0, len(numbers), size):
                group = numbers[k : k + size]
                points += [(x + group[j], y + group[j + 1]) for j in range(0, size, 2)]
                x, y = points[-1]
                if command == "m" and k == 0:
                    start = (x, y)
    return points


coordinate = st.floats(-500, 500).map(lambda number: round(number, 4))
point = st.tuples(coordinate, coordinate)


@given(st.lists(st.lists(point, min_size=2, max_size=12), min_size=1, max_size=4), st.booleans())
@settings(deadline=None)
def test_a_shortened_path_visits_the_same_points(lines, closed):
    path = ""
    for line in lines:
        path += "M " + " \nL ".join(f"{x:f} {y:f}" for x, y in line) + (" \nz " if closed else " \n")
    short = _svg.shorten_path(path)
    found = np.array(_absolute(short))
    wanted = np.array([p for line in lines for p in line])
    assert len(short) < len(path)
    assert found.shape == wanted.shape
    # Rounding at one decimal, without adding up along a line.
    assert np.abs(found - wanted).max() <= 0.05 + 1e-6


def test_curves_are_shortened_too():
    path = "M 0 0 \nC 10.12 0 20.26 10 20 20 \nQ 25 25 30 20 \nz \nM 5 5 \nL 6 6 \n"
    visited = [(0, 0), (10.1, 0), (20.3, 10), (20, 20), (25, 25), (30, 20), (5, 5), (6, 6)]
    assert np.allclose(_absolute(_svg.shorten_path(path)), visited)


def test_slimming_keeps_text_attributes_patterns_and_what_they_refer_to():
    from figure_cases import chart

    svg = chart("structure, pyramid").svg()
    root = ET.fromstring(svg)
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    referenced = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
    assert referenced
    assert referenced == ids
    assert 'font-family="Arial' in svg
    assert svg.count("font-family") == 1


# --- PNG -----------------------------------------------------------------------------------------


def test_an_indexed_image_keeps_its_main_colours_exactly():
    pixels = np.full((40, 40, 4), 255, dtype=np.uint8)
    pixels[:10, :, :3] = (18, 67, 109)
    pixels[10:20, :, :3] = (191, 191, 191)
    pixels[20, :, 0] = np.arange(40) * 6  # the soft edges
    image = _png.indexed(Image.fromarray(pixels, "RGBA"), 6).convert("RGB")
    assert image.getpixel((5, 5)) == (18, 67, 109)
    assert image.getpixel((5, 15)) == (191, 191, 191)
    assert image.getpixel((5, 35)) == (255, 255, 255)
    assert len(image.getcolors()) <= 6


def test_a_shade_of_an_indexed_image_is_the_mean_of_the_pixels_that_it_stands_for():
    pixels = np.full((40, 40, 4), 255, dtype=np.uint8)
    pixels[20, ::2, :3] = 100
    pixels[22, ::2, :3] = 110  # next to no colour is left for it
    image = _png.indexed(Image.fromarray(pixels, "RGBA"), 2).convert("RGB")
    assert {colour for _, colour in image.getcolors()} == {(255, 255, 255), (105, 105, 105)}
