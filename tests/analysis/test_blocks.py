"""A block is JSON for the site, HTML for other front ends and text for nbval; hostile text stays text."""

from __future__ import annotations

import json
import re

import pytest

from peelbook import blocks

HOSTILE = "<script>alert(1)</script>\u202e\x07"

ROW = (
    "icon", "verdict", "statement", "printed", "computed", "summary", "weak", "of", "source", "source_url", "reason",
)  # fmt: skip


@pytest.mark.parametrize(
    "block",
    [
        blocks.sentences([HOSTILE]),
        blocks.note(HOSTILE, [HOSTILE]),
        blocks.table(
            HOSTILE, [HOSTILE, "b"], [[HOSTILE, "1"]], numeric=[False, True], notes=[HOSTILE], source=HOSTILE
        ),
        blocks.headlines(
            [{"value": HOSTILE, "label": HOSTILE, "comparison": HOSTILE, "definition": HOSTILE}]
        ),
        blocks.claims(
            HOSTILE, [dict.fromkeys(("icon", "verdict", "meaning"), HOSTILE)], [dict.fromkeys(ROW, HOSTILE)]
        ),
        blocks.failure(HOSTILE, [HOSTILE], [(HOSTILE, HOSTILE)]),
    ],
    ids=lambda block: block.kind,
)
def test_a_block_carries_three_forms_and_no_markup_of_others(block):
    bundle = block._repr_mimebundle_()
    assert set(bundle) == {blocks.MIME, "text/html", "text/plain"}
    assert json.loads(json.dumps(bundle[blocks.MIME])) == bundle[blocks.MIME]
    assert "<script" not in bundle["text/html"] and "&lt;script&gt;" in bundle["text/html"]
    assert "\u202e" not in json.dumps(bundle, ensure_ascii=False) and "\x07" not in bundle["text/plain"]


def test_a_table_says_what_its_cells_are():
    html = blocks.table("Searches", ["Force", "Rate"], [["Kent", "6.8"]], numeric=[False, True]).html
    assert (
        '<th scope="row" style="text-align: left">Kent</th>' in html
        and '<td class="pb-number">6.8</td>' in html
    )
    assert "<caption>Searches</caption>" in html and 'tabindex="0"' in html


def test_a_note_says_its_reasons_and_others_have_none():
    assert blocks.reasons(blocks.note("Gone", ["Why."]).payload) == [
        "<p><strong>Gone</strong></p><p>Why.</p>"
    ]
    assert blocks.reasons(blocks.sentences(["Here."]).payload) == []


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="unknown kind of block"):
        blocks.Block("poem", {})


def test_the_row_of_the_pages_force_is_marked_among_others_and_not_where_all_rows_are_its_own():
    def marked(names):
        made = blocks.table("Places", ["Force", "Rank"], [[n, "3"] for n in names], numeric=[False, True])
        html = blocks.render(made.payload, own="Kent")
        return re.findall(r'<tr class="pb-focus"><th>(\w+)', html)

    assert marked(["Kent", "Met", "Essex"]) == ["Kent"]
    assert marked(["Kent", "Kent"]) == marked(["Met", "Essex"]) == []


def test_a_notebook_shows_text_on_the_left_and_a_page_leaves_that_to_its_stylesheet():
    shown = blocks.table(
        "Places", ["Force", "Verdict", "Rank"], [["Kent", "higher", "3"]], numeric=[False, False, True]
    )
    assert '<td style="text-align: left">higher</td><td class="pb-number">3</td>' in shown.html
    assert "style=" not in blocks.render(shown.payload)
    lead = blocks.headlines(
        [{"value": "6.6", "label": "Searches", "comparison": "Mean 8.0.", "definition": ""}]
    )
    assert "<strong>6.6</strong>" in lead.html and '<br><span class="pb-compare">Mean 8.0.' in lead.html
    assert "<br>" not in blocks.render(lead.payload)
