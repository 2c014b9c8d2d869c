"""The site's verbs on the command line: they find what they are told to, or say what is missing."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import peelbook
from peelbook.cli import app
from peelbook.errors import UnknownForceError
from peelbook.site import archive, pdf


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_a_force_is_printed_under_its_slug_whatever_name_it_was_given(edition_site, tmp_path, monkeypatch):
    printed = []
    monkeypatch.setattr(pdf, "_print", lambda page, target, scratch: printed.append(page.read_text()))
    made = run("pdf", "--force", "Kent Police", "--site", str(edition_site), "--out", str(tmp_path))
    assert made.exit_code == 0, made.output
    assert str(tmp_path / "kent.pdf") in made.output
    (document,) = printed
    assert "Police powers" in document and "workforce" in document

    made = run("pdf", "-f", "kent", "-s", "workforce", "--site", str(edition_site), "--out", str(tmp_path))
    assert str(tmp_path / "kent-workforce.pdf") in made.output
    assert printed[-1].count("<article") < document.count("<article")


def test_what_cannot_be_printed_is_told_with_the_fix(edition_site, tmp_path):
    unknown = run("pdf", "--force", "nowhere", "--site", str(edition_site))
    assert isinstance(unknown.exception, UnknownForceError)
    absent = run("pdf", "--force", "surrey", "--site", str(edition_site))
    assert isinstance(absent.exception, pdf.PdfError)
    assert "peelbook build --force surrey" in str(absent.exception)


@pytest.mark.parametrize("jobs", [[], ["--jobs", "1"]])
def test_an_edition_of_another_year_is_refused_before_anything_runs(tmp_path, jobs):
    refused = run("edition", "--year", "2001", "--out", str(tmp_path / "out"), *jobs)
    assert isinstance(refused.exception, archive.EditionError)
    assert peelbook.__version__ in str(refused.exception)
    assert not (tmp_path / "out").exists()
