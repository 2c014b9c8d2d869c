"""A saved report as it really comes: web page, PDF, copied text, and what is none of these. Figures are made up."""

from __future__ import annotations

import io
import re

import pytest

from peelbook.claims.draft import (
    FOUND,
    MAPPED,
    NO_CLAIM,
    check_force,
    cycle_of,
    draft_claims,
    read_report,
)
from peelbook.claims.draft._numbers import find_numbers
from peelbook.claims.draft._sections import section_of_heading
from peelbook.errors import ReportFileError
from peelbook.sections import all_sections, of_known_cycle

TEXT = """PEEL 2023–25
An inspection of Kent Police
Police powers and treating the public fairly and respectfully
Kent Police is good at using police powers.
In the year ending 31 March 2023, Kent Police carried out 12.1 stop and searches per 1,000 population. Kent Police \
also reviewed 57 of 62 records in the same period, and two-thirds of its twenty-five teams did so within 15 minutes.
Responding to the public
Kent Police answered between 12 and 20 calls for £2m–£3.5m.
"""


def saved(tmp_path, content, name="report.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def values(document, forces, force="kent"):
    rows = draft_claims(document, forces[force], "2023-25")
    return {
        row.place.partition(":")[2]: row
        for row in rows
        if row.status in (MAPPED, FOUND) and row.fields.get("value")
    }


def html(body):
    return f"<!doctype html><html><head><title>x</title></head><body><main>{body}</main></body></html>"


def as_html(text):
    lines = text.strip().split("\n")
    titles = {section.title for section in all_sections()}
    return html("".join(f"<h2>{line}</h2>" if line in titles else f"<p>{line}</p>" for line in lines))


def as_pdf(lines, size=9):
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    out = io.BytesIO()
    with rc_context({"pdf.fonttype": 42}):
        figure = Figure(figsize=(12, 8))
        for number, line in enumerate(lines):
            figure.text(0.02, 0.95 - 0.05 * number, line, fontsize=size)
        figure.savefig(out, format="pdf")
    return out.getvalue()


WANTED = {"12.1", "57", "two-thirds", "twenty-five", "15", "12", "20", "2", "3.5"}


@pytest.mark.parametrize("form", ["text", "html", "pdf"])
def test_the_same_numbers_are_found_in_text_web_page_and_pdf(tmp_path, catalogue, form):
    if form == "pdf":
        wide = TEXT.strip().split("\n")
        wide = [part for line in wide for part in re.split(r"(?<=population\.) ", line)]
        path = saved(tmp_path, as_pdf(wide), "report.pdf")
    else:
        path = saved(tmp_path, TEXT if form == "text" else as_html(TEXT), "report.bin")
    document = read_report(path)
    found = values(document, catalogue.forces)
    assert set(found) == WANTED
    assert cycle_of(document) == "2023-25"
    assert {row.section for row in found.values()} == {"police_powers", "responding_to_the_public"}
    rate = found["12.1"].fields
    assert (rate["evidence"], rate["period_end"]) == ('measure("stop_search_rate")', "2023-03-31")
    assert found["57"].fields["denominator"] == "62"
    assert found["twenty-five"].fields["value"] == "25"
    assert (found["two-thirds"].fields["value"], found["two-thirds"].fields["unit"]) == ("67", "percent")
    assert found["15"].fields["unit"] == "minutes"
    assert found["2"].fields["unit"] == found["3.5"].fields["unit"] == "gbp_million"


def test_every_number_is_a_claim_or_listed_with_its_kind(tmp_path, catalogue):
    document = read_report(saved(tmp_path, TEXT))
    rows = draft_claims(document, catalogue.forces["kent"], "2023-25")
    places = {place for row in rows for place in (row.fields.get("location") or row.place).split()}
    numbers = {number.place for block in document.blocks for number in find_numbers(block)}
    assert numbers <= places
    assert all(row.reason for row in rows if row.status == NO_CLAIM)


def test_marks_of_layout_change_no_number(tmp_path, catalogue):
    odd = TEXT.replace("per 1,000 population", "per\u00a01,000 popu\u00adlation").replace(
        "stop and searches", "stop and sear\u00adches"
    )
    # A ligature in a word of the text and one in a number word.
    odd = odd.replace("twenty-five", "twenty-\ufb01ve").replace("inspection", "in\u200bspection")
    odd = odd.replace("62 records", "62 records\u00b2").replace("teams did", "teams14 did")
    document = read_report(saved(tmp_path, odd))
    assert set(values(document, catalogue.forces)) == WANTED
    assert len(document.note_marks) == 2
    rows = draft_claims(document, catalogue.forces["kent"], "2023-25")
    assert sum(row.reason == "note mark" for row in rows) == 2


def test_a_raised_note_number_of_a_web_page_is_no_number(tmp_path, catalogue):
    page = (
        as_html(TEXT)
        .replace("62 records", "62 records<sup>3</sup>")
        .replace("15 minutes", "15 minutes<sup>[12]</sup>")
    )
    document = read_report(saved(tmp_path, page, "r.html"))
    assert set(values(document, catalogue.forces)) == WANTED
    assert len(document.note_marks) == 2


def test_a_table_of_a_web_page_and_one_of_tabs_give_the_same_rows(tmp_path, catalogue):
    caption = "Figure 4: outcome types in the year ending 30 September 2023 for Kent Police, as recorded by police forces "
    caption += "in England and Wales, with a long enough text to be a report and more words than a sign-in page would have"
    text = f"{caption}, of course, and so on and so forth.\n1 – Charged/summonsed\t7.2%\t6.1%\n"
    page = html(
        f"<p>{caption}, of course, and so on and so forth.</p><table><tr><td>1 – Charged/summonsed</td>"
        "<td>7.2%</td><td>6.1%</td></tr></table>"
    )
    found = [
        values(read_report(saved(tmp_path, one, name)), catalogue.forces)
        for one, name in ((text, "a"), (page, "b"))
    ]
    assert [set(item) for item in found] == [{"7.2", "6.1"}] * 2
    assert found[0]["7.2"].fields["evidence"] == 'measure("charge_rate")'


def test_a_web_page_is_untrusted(tmp_path, catalogue):
    page = as_html(TEXT).replace(
        "</main>",
        "<script>var x = 99;</script><style>p{margin:77px}</style><!-- 66 --><iframe>55</iframe></main>",
    )
    assert set(values(read_report(saved(tmp_path, page)), catalogue.forces)) == WANTED


def many(text, times=12):
    return "\n".join([text] * times)


LEFT = """Police powers and treating the public
In the year ending 31 March 2023, Kent
Police carried out 12.1 stop and searches
per 1,000 population. Its teams are made
up of officers who know their area well.
Kent Police reviewed 57 of 62 records in
the same period, as it does every year."""
RIGHT = """Two-thirds of its twenty-five teams did so
within 15 minutes of the first call, which
is a good result by any standard of work.
Kent Police answered between 12 and 20
calls of that kind on most of the days we
looked at, and it spent £2m to £3.5m on a
new system that its officers like to use."""


def test_a_pdf_in_two_columns_is_read_one_column_after_the_other(tmp_path, catalogue):
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    out = io.BytesIO()
    with rc_context({"pdf.fonttype": 42}):
        figure = Figure(figsize=(12, 8))
        figure.text(
            0.02,
            0.95,
            "PEEL 2023–25: an inspection of Kent Police and how it serves its public in the county",
        )
        for number, sides in enumerate(zip(LEFT.split("\n"), RIGHT.split("\n"), strict=True)):
            for x, line in zip((0.02, 0.52), sides, strict=True):  # read across, as such a file is written
                figure.text(x, 0.9 - 0.05 * number, line, fontsize=9)
        figure.savefig(out, format="pdf")
    document = read_report(saved(tmp_path, out.getvalue(), "columns.pdf"))
    assert "Kent Police carried out 12.1 stop and searches per 1,000 population." in document.text
    assert "within 15 minutes of the first call, which is a good result" in document.text
    found = values(document, catalogue.forces)
    assert set(found) >= {"12.1", "57", "two-thirds", "twenty-five", "15", "12", "20"}
    assert found["12.1"].fields["evidence"] == 'measure("stop_search_rate")'


def test_a_text_that_runs_across_two_columns_is_refused(tmp_path):
    across = "\n".join(
        f"{left:<44}    {right}" for left, right in zip(LEFT.split("\n"), RIGHT.split("\n"), strict=True)
    )
    with pytest.raises(ReportFileError, match="runs across two columns"):
        read_report(saved(tmp_path, across))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"%PDF-1.4\nnonsense", "the PDF cannot be read"),
        (b"\x00\x01\x02" * 500, "not a text, HTML or PDF file"),
        ("Too short.", "only 2 words"),
        (
            html(
                "<p>Please sign in to continue reading this page with your account name and password.</p>" * 4
            ),
            "sign-in page",
        ),
        (html(""), "only 0 words"),
    ],
)
def test_what_is_no_report_is_one_message(tmp_path, content, says):
    with pytest.raises(ReportFileError, match=re.escape(says)) as error:
        read_report(saved(tmp_path, content))
    assert "Fix:" in str(error.value)


def test_a_scan_is_named(tmp_path):
    with pytest.raises(ReportFileError, match="pictures of pages"):
        read_report(saved(tmp_path, as_pdf([]), "scan.pdf"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ReportFileError, match="no such file"):
        read_report(tmp_path / "nowhere.html")


def test_the_report_of_another_force_is_refused_by_name(tmp_path, catalogue):
    document = read_report(saved(tmp_path, many("Kent Police is a police force in this report.")))
    check_force(document, catalogue.forces["kent"], catalogue.forces)
    with pytest.raises(ReportFileError, match="about Kent Police, not Norfolk Constabulary") as error:
        check_force(document, catalogue.forces["norfolk"], catalogue.forces)
    assert "--force kent" in str(error.value)


def test_the_report_of_another_inspectorate_is_refused(tmp_path, catalogue):
    school = read_report(
        saved(tmp_path, many("The school was inspected and its pupils behave well in lessons."))
    )
    with pytest.raises(ReportFileError, match="never names a police force"):
        check_force(school, catalogue.forces["kent"], catalogue.forces)
    fire = read_report(
        saved(tmp_path, many("Kent fire and rescue service is good; it works with the police."))
    )
    with pytest.raises(ReportFileError, match="fire and rescue"):
        check_force(fire, catalogue.forces["kent"], catalogue.forces)


@pytest.mark.parametrize("cycle", ["2018-19", "2021-22", "2023-25", "2025-27"])
def test_each_cycle_names_known_sections_and_each_title_finds_its_own(cycle):
    stems = {section.stem for section in all_sections()}
    for name in of_known_cycle(cycle):
        assert name.stem in stems
        for title in name.titles:
            assert section_of_heading(title, cycle) == name.stem, title
            assert section_of_heading(f"  {title.upper()}", cycle) == name.stem


def test_a_heading_is_matched_by_its_words_and_prose_is_none():
    assert section_of_heading(
        "Preventing and deterring crime and anti-social behaviour and reducing vulnerability"
    ) == ("preventing_crime")
    assert (
        section_of_heading("The force responds to the public in most cases within the time it sets itself")
        == ""
    )
    assert section_of_heading("Investigating crime\t28") == ""
    assert section_of_heading("") == ""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("calls to 999 rose", "telephone number"),
        ("Figure 3 shows", "figure number"),
        ("on 31 March it", "date"),
        ("per 100,000 people", "scale of a rate"),
        ("for the first time", "order, not a count"),
        ("one of the reasons", "pronoun or example, not a count"),
        ("both teams", "refers back to two things already named"),
        ("under section 34 of", "section of an act"),
        ("our PEEL 2021/22 inspection", "name of an earlier inspection"),
    ],
)
def test_what_is_no_claim_is_named(text, kind):
    from peelbook.claims.draft import Block

    assert [number.no_claim for number in find_numbers(Block(1, "paragraph", text))] == [kind]
