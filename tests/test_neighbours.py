"""Neighbours and similar forces: the rule as documented, and how firmly it stands."""

from __future__ import annotations

import pandas as pd
import pytest

from peelbook import areas
from peelbook.catalogue import Catalogue
from peelbook.errors import UndeclaredReadError

MET, KENT, CITY = "E23000001", "E23000032", "E23000034"


@pytest.fixture(scope="module")
def every(catalogue):
    """The similar forces of every force."""
    return {force.code: areas.similar(catalogue, force.code) for force in catalogue.forces}


def test_kent_borders_essex_across_the_thames(catalogue):
    found = areas.neighbours(catalogue, "kent")
    assert {catalogue.forces[code].short_name for code in found.codes} == {"Essex", "Met", "Surrey", "Sussex"}
    assert found.basis == "neighbours"


def test_who_borders_whom_is_mutual(catalogue):
    for force in catalogue.forces:
        for other in areas.neighbours(catalogue, force.code).codes:
            assert force.code in areas.neighbours(catalogue, other).codes


def test_every_force_but_the_city_of_london_has_five_similar_forces(every):
    for code, found in every.items():
        if code == CITY:
            assert not found and "missing" in found.reason
        else:
            assert len(found.codes) == len(set(found.codes)) == areas.SIMILAR_COUNT
            assert code not in found.codes and CITY not in found.codes


def test_our_own_rule_never_goes_by_the_official_name(every):
    assert {found.basis for found in every.values()} == {areas.OWN_RULE}
    assert "most similar" not in areas.OWN_RULE


def test_the_rule_is_the_distance_in_standard_deviations():
    measured = pd.DataFrame({"a": [0.0, 1.0, 3.0], "b": [5.0, 5.0, 8.0]}, index=["x", "y", "z"])
    found = areas.distances(measured, "x")
    spread = measured.std(ddof=0)
    assert found.index.tolist() == ["y", "z"]
    assert found["y"] == pytest.approx(1 / spread["a"])
    assert found["z"] == pytest.approx(((3 / spread["a"]) ** 2 + (3 / spread["b"]) ** 2) ** 0.5)


def test_leaving_one_measure_out_keeps_most_of_the_similar_forces(catalogue):
    kept = areas.stability(catalogue)
    assert kept.shape == (42, len(areas.MEASURES))
    # More than three of five stay, on average; fewer would make the rule one of a single measure.
    assert kept.to_numpy().mean() > 3
    assert kept.mean().min() > 2.5


def test_forces_that_stay_whatever_is_left_out_are_named(every, catalogue):
    measured = areas.profile(catalogue)
    for code, found in every.items():
        for other in found.stable:
            for left_out in measured.columns:
                nearest = areas.distances(measured.drop(columns=left_out), code).index[: areas.SIMILAR_COUNT]
                assert other in nearest


def test_the_official_group_takes_the_place_of_our_rule(catalogue, root, tmp_path):
    (tmp_path / "most_similar_groups.csv").write_text(f"force_code,similar_code\n{KENT},E23000028\n")
    over = Catalogue(root / "data", overlay=tmp_path)
    found = areas.similar(over, KENT)
    assert (found.basis, found.codes) == (areas.OFFICIAL, ("E23000028",))
    assert areas.similar(over, "essex").reason


def test_a_section_that_does_not_declare_the_tables_is_told(root):
    with pytest.raises(UndeclaredReadError, match="neighbours"):
        areas.neighbours(Catalogue(root / "data", declared=["population"]), KENT)


def test_every_pair_is_in_one_table_with_its_distance_and_how_firm_it_is(catalogue, every):
    table = areas.pairs(catalogue)
    assert tuple(table.columns) == areas.PAIR_COLUMNS
    assert set(table["force_code"]) == set(catalogue.forces.codes), "the City of London has neighbours"
    near = table[table["relation"] == "neighbour"]
    assert len(near) == len(catalogue.table("neighbours"))
    alike = table[table["relation"] == "similar"]
    assert len(alike) == 42 * areas.SIMILAR_COUNT
    kent = alike[alike["force_code"] == KENT]
    assert tuple(kent["other_code"]) == every[KENT].codes
    assert kent["place"].tolist() == [1, 2, 3, 4, 5]
    assert kent["distance"].is_monotonic_increasing
    assert tuple(kent.loc[kent["stable"] == "yes", "other_code"]) == every[KENT].stable


def test_the_page_has_a_row_for_each_of_the_43_forces(catalogue):
    page = areas.markdown(catalogue)
    assert page.count('<tr><th scope="row">') == 43 + len(areas.MEASURES)
    assert "<td>Essex, Met, Surrey, Sussex</td>" in page
    assert "Similar forces by our own open rule, nearest first" in page
    assert "One of the measures that forces are compared by is missing for this area." in page


def test_without_boundaries_and_measures_the_page_says_what_is_missing(tmp_path, catalogue):
    import json
    import shutil

    shutil.copy(catalogue.data_dir / "forces.csv", tmp_path / "forces.csv")
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": []}))
    empty = Catalogue(tmp_path)
    assert areas.pairs(empty).empty
    assert areas.markdown(empty).count("The boundaries of police force areas are not in this book.") == 43
