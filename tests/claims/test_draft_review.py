"""From a saved report to a ledger: the draft, a person's decisions, the page on this machine. Figures are made up."""

from __future__ import annotations

import csv
import http.client
import re
import threading
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from peelbook.catalogue import Catalogue
from peelbook.claims import evaluate
from peelbook.claims.draft import read_review, review_file, save_review
from peelbook.cli.claims import app
from peelbook.errors import ReportFileError, TableContractError
from peelbook.runner.review_server import DraftVerdicts, make_server

REPORT = """PEEL 2023–25: an inspection of Kent Police, with enough words in it to be read as a report and not a page
Police powers and treating the public fairly and respectfully
In the year ending 31 March 2023, Kent Police carried out 12.1 stop and searches per 1,000 population.
=We found that 57 of 62 records were good in the eyes of Kent Police, which is a police force in England and Wales.
"""


def run(*arguments):
    return CliRunner().invoke(app, [str(item) for item in arguments])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "report.txt").write_text(REPORT, encoding="utf-8")
    done = run("read", tmp_path / "report.txt", "--force", "kent", "--folder", tmp_path / "kent")
    assert done.exit_code == 0, done.output
    return tmp_path / "kent"


def decide(folder, **decisions):
    rows = read_review(folder)
    for row in rows:
        for key, fields in decisions.items():
            if row["value"] == key.strip("_").replace("_", "."):
                row.update(fields)
    save_review(folder, rows)


def test_read_writes_a_draft_and_no_ledger(folder):
    assert review_file(folder).is_file() and not (folder / "claims.csv").exists()
    rows = {row["value"]: row for row in read_review(folder) if row["decision"] == ""}
    assert set(rows) == {"12.1", "57"}
    assert rows["12.1"]["status"] == "mapped" and rows["57"]["status"] == "found, not mapped"
    assert rows["57"]["sentence"].startswith("=We found")
    assert "'=We found" in review_file(folder).read_text(encoding="utf-8")


def test_an_accepted_row_becomes_a_claim_with_a_verdict(folder):
    decide(folder, _12_1={"decision": "accept"})
    done = run("review", "--force", "kent", "--folder", folder, "--apply")
    assert done.exit_code == 0, done.output
    [claim] = csv.DictReader((folder / "claims.csv").read_text(encoding="utf-8").splitlines())
    assert claim["claim_id"] == "police_powers.stop_search_rate.force" and claim["value"] == "12.1"
    assert "Kent Police carried out" not in (folder / "claims.csv").read_text(encoding="utf-8")
    [verdict] = evaluate(Catalogue(overlay=folder), "E23000032")
    assert verdict.computed_text


def test_a_second_reading_keeps_decisions_and_corrections(folder, tmp_path):
    decide(folder, _12_1={"decision": "accept", "statement": "Ours."}, _57={"heading": "Good records"})
    again = tmp_path / "again.txt"
    again.write_text(REPORT + "\nA last line says that 7 officers left.\n", encoding="utf-8")
    done = run("read", again, "--force", "kent", "--folder", folder)
    assert "2 rows that a person decided on or corrected before" in done.output
    rows = {row["value"]: row for row in read_review(folder)}
    assert (rows["12.1"]["decision"], rows["12.1"]["statement"]) == ("accept", "Ours.")
    assert rows["57"]["heading"] == "Good records" and rows["57"]["decision"] == ""
    assert rows["7"]["decision"] == ""


def test_a_decided_row_that_the_next_reading_lacks_is_kept_and_marked(folder, tmp_path):
    decide(folder, _57={"decision": "accept", "heading": "Good records"})
    short = tmp_path / "short.txt"
    short.write_text(
        "\n".join(REPORT.split("\n")[:3]) + "\nKent Police " * 3 + "words " * 30, encoding="utf-8"
    )
    run("read", short, "--force", "kent", "--folder", folder)
    [row] = [row for row in read_review(folder) if row["value"] == "57"]
    assert row["decision"] == "accept" and row["reason"] == "not in the latest reading"


def test_an_accepted_row_without_a_name_is_one_error_and_writes_nothing(folder):
    decide(folder, _57={"decision": "accept"})
    done = run("review", "--force", "kent", "--folder", folder, "--apply")
    assert isinstance(done.exception, TableContractError)
    assert "heading" in str(done.exception) and "Fix:" in str(done.exception)
    assert not (folder / "claims.csv").exists()


@pytest.mark.parametrize("decision", ["yes", "accepted"])
def test_an_unknown_decision_is_named_with_its_row(folder, decision):
    decide(folder, _57={"decision": decision})
    with pytest.raises(TableContractError, match="decision"):
        read_review(folder)


def test_a_review_file_of_another_kind_is_refused(folder):
    review_file(folder).write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ReportFileError, match="is missing"):
        read_review(folder)
    with pytest.raises(ReportFileError, match="there is no draft"):
        read_review(folder / "nowhere")


def test_the_report_of_another_force_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "r.txt").write_text(REPORT * 3, encoding="utf-8")
    done = run("read", tmp_path / "r.txt", "--force", "norfolk", "--folder", tmp_path / "out")
    assert isinstance(done.exception, ReportFileError) and not (tmp_path / "out").exists()


def test_a_report_without_a_cycle_asks_for_one(tmp_path):
    (tmp_path / "r.txt").write_text(REPORT.replace("PEEL 2023–25", "PEEL"), encoding="utf-8")
    done = run("read", tmp_path / "r.txt", "--force", "kent", "--folder", tmp_path / "out")
    assert isinstance(done.exception, ReportFileError) and "--cycle" in str(done.exception)


# --- the page ------------------------------------------------------------------------------------


@pytest.fixture
def served(folder):
    server = make_server(folder, Catalogue().forces["kent"], "", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def ask(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, urlencode(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def token(page):
    return re.search(r'name="token" value="([^"]+)"', page).group(1)


def test_the_page_shows_sentence_fields_and_verdict_and_saves_a_decision(served, folder):
    answer, page = ask(served, "GET", "/")
    assert answer.status == 200 and "Kent Police carried out" in page and "<script" not in page
    assert re.search(r"<strong>(reproduced|consistent|differs)[^<]*</strong>", page)
    number = next(i for i, row in enumerate(read_review(folder)) if row["value"] == "12.1")
    form = {"token": token(page), "number": number, "decision": "accept", "statement": "In our words."}
    answer, _ = ask(served, "POST", "/row", form)
    assert answer.status == 303 and answer.headers["Location"].startswith("/?show=open")
    assert read_review(folder)[number]["decision"] == "accept"
    ask(served, "GET", "/?show=accepted")
    assert "In our words." in (folder / "claims.csv").read_text(encoding="utf-8")


def test_a_form_from_elsewhere_changes_nothing(served, folder):
    before = review_file(folder).read_bytes()
    for headers, form in (({}, {"token": "x"}), ({"Host": "evil.example"}, {"token": "x"}), ({}, {})):
        answer, _ = ask(served, "POST", "/row", {"number": 0, "decision": "accept", **form}, **headers)
        assert answer.status == 403
    answer, _ = ask(served, "GET", "/", Host="evil.example")
    assert answer.status == 403
    assert review_file(folder).read_bytes() == before


def test_a_value_that_is_markup_stays_text(served, folder):
    rows = read_review(folder)
    rows[0]["heading"], rows[0]["decision"] = "<script>alert(1)</script>", ""
    save_review(folder, rows)
    _, page = ask(served, "GET", "/?show=all")
    assert "<script" not in page and "&lt;script&gt;" in page


def test_a_row_that_makes_no_ledger_is_said_on_the_page(served, folder):
    decide(folder, _57={"unit": "furlongs"})
    _, page = ask(served, "GET", "/")
    assert 'role="alert"' in page and "furlongs" in page


def test_to_accept_a_row_works_nothing_out_again(folder, monkeypatch):
    from peelbook import claims

    asked = []
    real = claims.evaluate_ledger
    monkeypatch.setattr(claims, "evaluate_ledger", lambda *given: (asked.append(1), real(*given))[1])
    verdicts = DraftVerdicts()
    rows = read_review(folder)
    before = verdicts.of(rows)
    accepted = [row | {"decision": "accept"} if row["decision"] == "" else row for row in rows]
    assert verdicts.of(accepted) == before
    assert len(asked) == 1
    dropped = [row | {"decision": "drop"} for row in rows]
    assert verdicts.of(dropped) == {}
    first = next(place for place, row in enumerate(rows) if row["decision"] == "")
    dropped[first] = rows[first] | {"decision": "accept"}
    assert len(verdicts.of(dropped)) == 1
    assert len(asked) == 2


def test_verdicts_are_those_of_the_ledger(folder):
    found = DraftVerdicts().of(read_review(folder))
    assert set(found) == {"police_powers.stop_search_rate.force", "police_powers.line_4_57"}
