"""A part that would replace the whole, a month as unpacked, and four sorts of no figure. All figures are made up."""

import pandas as pd
import pytest
import source_files as files
from typer.testing import CliRunner

from peelbook.catalogue import Catalogue
from peelbook.cli import app
from peelbook.errors import SourceFileError
from peelbook.sources.cells import applies, figure
from peelbook.sources.ingest import ingest
from peelbook.sources.loss import dimensions, lost_categories
from peelbook.sources.publications._sums import WholeSums, whole_sums

KENT, SURREY, MANCHESTER = "E23000032", "E23000031", "E23000005"
THEFT, ROBBERY = ["Theft offences", "Shoplifting"], ["Robbery", "Robbery of personal property"]


def crime(path, *rows):
    body = [
        ["2022/23", quarter, force, "made up", *group, code, n] for quarter, force, group, code, n in rows
    ]
    return files.write_ods(path, {"Data": [files.CRIME_HEADER, *body]})


class TestAPartForTheWhole:
    @pytest.fixture
    def whole(self, empty_data, tmp_path):
        rows = [
            (q, f, g, c, 10)
            for q in (1, 2)
            for f in ("Kent", "Surrey")
            for g, c in ((THEFT, "46"), (ROBBERY, "34"))
        ]
        ingest([crime(tmp_path / "whole.ods", *rows)], empty_data)
        return empty_data

    def test_a_table_cut_to_one_group_is_refused_and_nothing_changes(self, whole, tmp_path):
        cut = crime(
            tmp_path / "cut.ods", *((q, f, THEFT, "46", 9) for q in (1, 2) for f in ("Kent", "Surrey"))
        )
        before = files.snapshot(whole)
        with pytest.raises(SourceFileError) as caught:
            ingest([cut], whole)
        message = str(caught.value)
        assert "cut.ods: a part of the table 'recorded_crime', not the whole" in message
        assert "offence group 'Robbery' for 2 periods from 2022-06-30 to 2022-09-30" in message
        assert "--accept-loss" in message
        assert files.snapshot(whole) == before

    def test_who_accepts_the_loss_has_it(self, whole, tmp_path):
        cut = crime(tmp_path / "cut.ods", (1, "Kent", THEFT, "46", 9))
        run = CliRunner().invoke(app, ["data", "ingest", str(cut), "--data-dir", str(whole), "--accept-loss"])
        assert run.exit_code == 0
        assert "figures of a force and period that were here are gone" in run.stderr
        assert Catalogue(whole).table("recorded_crime")["offences_count"].tolist() == [9]

    def test_other_periods_and_rows_of_nothing_are_no_loss(self, whole, tmp_path):
        other = crime(tmp_path / "later.ods", (3, "Kent", THEFT, "46", 9))
        ingest([other], whole)
        old = pd.DataFrame(
            {
                "force_code": [KENT, KENT],
                "period_end": pd.to_datetime(["2023-03-31"] * 2),
                "offence_group": ["Theft offences", "Robbery"],
                "offence_subgroup": ["Shoplifting", "Robbery of personal property"],
                "offences_count": [10, 0],
            }
        )
        assert lost_categories(old, old.head(1), "recorded_crime") == ""
        assert "Robbery" in lost_categories(old.replace(0, 1), old.head(1), "recorded_crime")

    def test_every_dimension_is_looked_at(self):
        assert dimensions("workforce") == ["sex", "rank", "worker_type"]
        assert dimensions("charges") == ["basis", "offence_group"]
        assert dimensions("stop_search") == []


class TestNoFigure:
    @pytest.mark.parametrize(
        "cell",
        [
            "N/A",
            "NA",
            "--",
            "N/A - offence code expired",
            "N/A - Offence code expired",
            "N/A – data not provided",
            "Not provided",
            "data not supplied",
            "not yet available",
            "Not yet known",
            "[z]",
            "[x]",
            "Not applicable",
        ],
    )
    def test_each_is_read_as_no_figure_and_never_as_zero(self, cell):
        assert figure(cell) is None

    @pytest.mark.parametrize("cell", ["none recorded here", "N/A - see Kent", "not 12", "#N/A", "nil"])
    def test_other_words_are_not_guessed_at(self, cell):
        with pytest.raises(ValueError, match="not a number"):
            figure(cell)

    def test_only_what_cannot_have_a_figure_does_not_apply(self):
        assert not any(map(applies, ("N/A - offence code expired", "[z]", "Not applicable", " [Z] ")))
        assert all(map(applies, ("N/A", "N/A - data not provided", "--", "[x]", "", None, 0, 3.0, "0")))

    def test_a_sum_is_whole_without_what_does_not_apply_and_missing_without_what_is_unknown(self):
        frame = pd.DataFrame({"k": list("aabbcd"), "n": pd.array([1, None, 2, None, None, 0], dtype="Int64")})
        fits = {"n": [True, False, True, True, False, True]}
        total = whole_sums(frame, ["k"], fits).set_index("k")["n"]
        assert total["a"] == 1
        assert total[["b", "c"]].isna().all()
        assert total["d"] == 0

    def test_blocks_add_up_as_one_would(self):
        frame = pd.DataFrame({"k": list("abab"), "n": pd.array([1, 2, None, 5], dtype="Int64")})
        fits = [True, True, False, True]
        blocks = WholeSums(["k"])
        for start in range(0, 4, 2):
            blocks.add(frame.iloc[start : start + 2], {"n": fits[start : start + 2]})
        pd.testing.assert_frame_equal(blocks.result(), whole_sums(frame, ["k"], {"n": fits}))
        assert blocks.result()["n"].tolist() == [1, 7]

    def test_outcomes_with_a_retired_code_and_a_quarter_that_was_not_provided(self, empty_data, tmp_path):
        header = ["Financial Year", "Financial Quarter", "Force Name", "Offence Group", "Outcome Type"]
        header += ["Number of outcomes for offences that were recorded in the quarter"]
        header += ["Number of outcomes for investigations that were closed in the quarter"]
        rows = [
            [1, "Kent", "Theft offences", 10, 12],
            [1, "Kent", "Theft offences", "N/A - offence code expired", 2],
            [2, "Kent", "Theft offences", "N/A - Offence code expired", 1],
            [1, "Greater Manchester", "Theft offences", 7, 8],
            [2, "Greater Manchester", "Theft offences", "N/A - data not provided", "N/A - data not provided"],
            [1, "Surrey", "Theft offences", "--", 3],
            [1, "Surrey", "Fraud offences to 2012/13", "N/A - offence code expired", 1],
        ]
        body = [["2019/20", quarter, force, group, 1, *counts] for quarter, force, group, *counts in rows]
        (outcome,) = ingest([files.write_ods(tmp_path / "o.ods", {"Data": [header, *body]})], empty_data)
        catalogue = Catalogue(empty_data)
        found = catalogue.table("outcomes").set_index("force_code")
        assert (found.loc[KENT, "outcomes_count"], found.loc[KENT, "closed_count"]) == (10, 15)
        assert MANCHESTER not in found.index
        assert catalogue.gap("outcomes", MANCHESTER, pd.Timestamp("2020-03-31"))
        assert pd.isna(found.loc[SURREY, "outcomes_count"])
        assert found.loc[SURREY, "closed_count"] == 3
        assert outcome.left_out == (
            "o.ods: the group 'Fraud offences to 2012/13', which is not recorded any more",
        )


class TestAMonthAsUnpacked:
    def unpacked(self, folder):
        empty = files.write_csv(folder / "2023-03-surrey-stop-and-search.csv", [files.RECORD_HEADER])
        names = ("2023-03-kent-stop-and-search.csv", "2023-03-btp-stop-and-search.csv")
        return [*(files.records(folder / name) for name in names), empty]

    def test_the_others_go_in(self, empty_data, tmp_path):
        (outcome,) = ingest(self.unpacked(tmp_path), empty_data)
        catalogue = Catalogue(empty_data)
        records = catalogue.table("stop_search_records")
        assert set(records["force_code"]) == {KENT}
        assert "has a header and no record" in catalogue.gap(
            "stop_search_records", SURREY, pd.Timestamp("2023-03-31")
        )
        assert outcome.inputs == ("2023-03-kent-stop-and-search.csv",)
        assert len(outcome.left_out) == 2

    def test_a_file_without_a_record_takes_none_away(self, empty_data, tmp_path):
        ingest([files.records(tmp_path / "2023-03-surrey-stop-and-search.csv")], empty_data)
        before = Catalogue(empty_data).table("stop_search_records")
        ingest(self.unpacked(tmp_path), empty_data)
        after = Catalogue(empty_data)
        surrey = after.table("stop_search_records").query("force_code == @SURREY").reset_index(drop=True)
        pd.testing.assert_frame_equal(surrey, before)
        assert after.gap("stop_search_records", SURREY, pd.Timestamp("2023-03-31")) is None

    def test_transport_police_alone_is_told_to_be_left_out(self, empty_data, tmp_path):
        path = self.unpacked(tmp_path)[1]
        with pytest.raises(
            SourceFileError, match=r"btp\), not one of the 43 forces.*Fix: leave this file out"
        ):
            ingest([path], empty_data)
