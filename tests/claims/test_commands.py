"""The verbs of the ledger: list, check, new."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from claims_helpers import MET, claim_row
from typer.testing import CliRunner

from peelbook import claims, own_data
from peelbook.cli.claims import app
from peelbook.errors import (
    OutputError,
    ParameterError,
    PeelbookError,
    TableContractError,
    UnknownForceError,
    UnknownSectionError,
)

YEAR = {"period_end": "2023-03-31"}


def run(*words: object, fails: int = 0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == fails, result.output
    return result.output


@pytest.fixture
def folder(make_catalogue, stop_search, population):
    rows = [
        claim_row("grade", unit="grade", label="adequate", evidence='grade("pp")'),
        claim_row(
            "rate.force",
            value="20.0",
            unit="per_1000",
            label="higher than expected",
            comparator="police_powers.rate.average",
            evidence='measure("stop_search_rate")',
            figure=1,
            **YEAR,
        ),
        claim_row(
            "rate.average",
            value="17.5",
            unit="per_1000",
            subject="K04000001",
            evidence='measure("stop_search_rate")',
            **YEAR,
        ),
        claim_row("told", value=5),
        claim_row(
            "per_head",
            value="1.0",
            unit="per_1000",
            evidence='measure("stop_search_rate"); rate(claim("police_powers.told"), measure("population_count", period="2022-06-30"), 1000)',
            **YEAR,
        ),
    ]
    return make_catalogue({"stop_search": stop_search, "population": population}, *rows).data_dir


def test_list_shows_printed_and_computed_figures(folder):
    lines = run("list", "--data-dir", folder).splitlines()
    assert len(lines) == 5
    assert "✓ police_powers.rate.force | 20.0 per 1,000 | computed 20.00 per 1,000" in lines


def test_list_can_be_narrowed_to_a_verdict_and_a_section(folder):
    assert run("list", "--data-dir", folder, "--verdict", "differs").splitlines() == [
        "≠ police_powers.per_head | 1.0 per 1,000 | computed 20.00 per 1,000"
    ]
    assert run("list", "--data-dir", folder, "--section", "workforce") == ""


def test_list_refuses_what_it_does_not_know(folder):
    with pytest.raises(ParameterError, match="no verdict 'wrong'"):
        run("list", "--data-dir", folder, "--verdict", "wrong")
    with pytest.raises(UnknownSectionError):
        run("list", "--data-dir", folder, "--section", "nowhere")
    with pytest.raises(UnknownForceError):
        run("list", "--data-dir", folder, "--force", "atlantis")


def test_check_prints_totals_differences_and_broken_ties(folder):
    output = run("check", "--data-dir", folder)
    assert output.startswith(
        "5 claims: 2 reproduced, 0 reproduced: own data, 0 consistent, 0 restated elsewhere, 1 differs, "
        "2 waiting for a table, 0 cannot be tested from outside"
    )
    assert "≠ police_powers.per_head" in output
    assert "Tested without a fit" in output


def test_check_is_strict_when_asked(folder):
    run("check", "--data-dir", folder, "--strict", fails=1)


def test_check_writes_json(folder, tmp_path):
    run("check", "--data-dir", folder, "--out", tmp_path / "claims.json")
    assert len(json.loads((tmp_path / "claims.json").read_text(encoding="utf-8"))["claims"]) == 5


def test_where_the_verdicts_go_is_checked_before_anything_is_computed(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "evaluate", lambda *_: pytest.fail("computed before the file was looked at"))
    (tmp_path / "note.txt").write_text("")
    for wrong in (tmp_path, tmp_path / "note.txt" / "verdicts.json"):
        with pytest.raises(OutputError, match="Fix: name a file"):
            run("check", "--data-dir", folder, "--out", wrong)


def test_check_of_a_force_without_a_report_says_how_to_start(folder):
    with pytest.raises(PeelbookError, match="Fix: start one: peelbook claims new --force kent"):
        run("check", "--data-dir", folder, "--force", "kent")


def test_check_beside_a_ledger_that_it_was_not_given_says_how_to_give_it(folder, tmp_path, monkeypatch):
    run("new", "--force", "kent", "--folder", tmp_path, "--data-dir", folder)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PeelbookError, match=r"peelbook claims check --force kent --data \."):
        run("check", "--data-dir", folder, "--force", "kent")


def test_a_broken_tie_is_printed(make_catalogue):
    rows = [
        claim_row(name, value=value, quantity="rate", unit="percent", **YEAR)
        for name, value in (("a", "6.3"), ("b", "5.5"))
    ]
    output = run("check", "--data-dir", make_catalogue({}, *rows).data_dir)
    assert "A figure: 6.3%" in output
    assert "A figure: 5.5%" in output


def test_new_makes_a_ledger_that_can_be_filled_in_and_checked(folder, tmp_path):
    mine = tmp_path / "mine"
    output = run("new", "--force", "kent", "--folder", mine, "--data-dir", folder)
    assert "4 claims to fill in for Kent Police" in output
    columns = [line.split()[0] for line in output.splitlines() if line.startswith("  ")]
    assert columns == ["value", "decimals", "sense", "period_end", "label"]
    rows = pd.read_csv(mine / "claims.csv", dtype=str, keep_default_na=False)
    assert set(rows["force_code"]) == {"E23000032"}
    assert set(rows["report"]) == {"peel-2023-25-kent"}
    assert set(rows["value"]) == {""}
    assert rows["claim_id"].tolist() == [
        "police_powers.grade",
        "police_powers.rate.force",
        "police_powers.rate.average",
        "police_powers.per_head",
    ]
    # The subject of a national average stays England and Wales; what rests on a claim left out is cut.
    assert rows["subject"].tolist() == ["E23000032", "E23000032", "K04000001", "E23000032"]
    assert rows["evidence"].tolist()[-1] == 'measure("stop_search_rate")'
    assert rows["comparator"].tolist()[1] == "police_powers.rate.average"

    words = ("check", "--data-dir", folder, "--data", mine, "--force", "kent")
    with pytest.raises(PeelbookError, match="None of the 4 rows of the report on Kent Police is filled in"):
        run(*words)

    filled = rows["claim_id"] == "police_powers.rate.force"
    rows.loc[filled, ["value", "decimals", "period_end"]] = ["4.0", "1", "2023-03-31"]
    rows.to_csv(mine / "claims.csv", index=False)
    output = run(*words)
    assert output.startswith("1 claim: 1 reproduced") and "; 3 not filled in" in output
    # The reference report is untouched by the overlay.
    assert run("check", "--data-dir", folder, "--data", mine).startswith("5 claims: 2 reproduced")


def test_a_fault_in_a_users_ledger_names_the_file_row_and_column(folder, tmp_path):
    mine = tmp_path / "mine"
    run("new", "--force", "kent", "--folder", mine, "--data-dir", folder)
    rows = pd.read_csv(mine / "claims.csv", dtype=str, keep_default_na=False)
    rows.loc[0, "unit"] = "furlongs"
    rows.to_csv(mine / "claims.csv", index=False)
    with pytest.raises(TableContractError, match=r"claims\.csv.*\n.*row 2, column 'unit'"):
        run("check", "--data-dir", folder, "--data", mine, "--force", "kent")


@pytest.fixture
def kent(folder, tmp_path):
    """A new ledger of Kent: a function that fills cells of its rows, and one that checks it."""
    mine = tmp_path / "mine"
    run("new", "--force", "kent", "--folder", mine, "--data-dir", folder)
    rows = pd.read_csv(mine / "claims.csv", dtype=str, keep_default_na=False)

    def fill(topic: str, **cells: str) -> None:
        rows.loc[rows["claim_id"] == f"police_powers.{topic}", list(cells)] = list(cells.values())
        rows.to_csv(mine / "claims.csv", index=False)

    def check(*words: object, fails: int = 0) -> str:
        return run("check", "--data-dir", folder, "--data", mine, "--force", "kent", *words, fails=fails)

    return fill, check


def test_a_fault_between_cells_names_the_row_of_the_users_own_file(kent, tmp_path):
    fill, check = kent
    fill("rate.average", value="17.5")
    with pytest.raises(TableContractError, match="row 4, column 'decimals'") as caught:
        check()
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [
        (4, "decimals"),
        (4, "period_end"),
    ]
    assert caught.value.file == str(tmp_path / "mine" / "claims.csv")


def test_faults_of_cells_and_between_cells_are_told_in_one_round(kent, tmp_path, catalogue):
    fill, check = kent
    fill("grade", unit="furlongs")
    fill("rate.force", value="20.0", period_end="31/03/2023")
    fill("rate.average", evidence='measure("stop_search_rate", period="2022-02-31")')
    fill("per_head", value="1,0", decimals="1", evidence='claim("police_powers.grade")')
    # Of a row without a value no period is asked.
    expected = [(2, "unit"), (3, "decimals"), (3, "period_end"), (4, "evidence"), (5, "value")]
    with pytest.raises(TableContractError) as caught:
        check()
    assert [(fault.row, fault.column) for fault in caught.value.faults] == expected
    found = own_data.check(tmp_path / "mine", catalogue)
    assert [(fault.row, fault.column) for file, fault in found.faults if file == "claims.csv"] == expected


def test_a_grade_in_the_column_of_values_is_told_where_it_goes(kent):
    fill, check = kent
    fill("grade", value="Good")
    with pytest.raises(
        TableContractError, match=r"'Good': a word and not a number. Fix: put a grade .* label"
    ):
        check()
    fill("grade", value="", label="good")
    assert check().startswith("1 claim: ")


def test_new_writes_over_nothing_unless_told(folder, tmp_path):
    run("new", "--force", "kent", "--folder", tmp_path, "--data-dir", folder)
    with pytest.raises(PeelbookError, match="there is one already"):
        run("new", "--force", "essex", "--folder", tmp_path, "--data-dir", folder)
    run("new", "--force", "essex", "--folder", tmp_path, "--data-dir", folder, "--replace")
    assert "peel-2023-25-essex" in (tmp_path / "claims.csv").read_text(encoding="utf-8")


def test_new_never_writes_over_the_books_own_ledger(folder):
    with pytest.raises(PeelbookError, match="own ledger"):
        run("new", "--force", "kent", "--folder", folder, "--data-dir", folder, "--replace")


def test_the_force_of_the_ledger_needs_no_skeleton(folder, tmp_path):
    with pytest.raises(ParameterError, match="in the ledger already"):
        run("new", "--force", "metropolitan", "--folder", tmp_path, "--data-dir", folder)


def test_a_skeleton_needs_a_filled_ledger(catalogue):
    with pytest.raises(ParameterError, match="no filled ledger"):
        claims.skeleton(claims.Ledger(()), catalogue.forces["kent"])
    assert catalogue.forces["metropolitan"].code == MET
