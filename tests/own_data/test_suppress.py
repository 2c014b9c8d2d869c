"""Small counts stay hidden from whoever has everything else: rows, columns, totals and differences."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelbook import contracts
from peelbook.errors import ParameterError
from peelbook.overlay.hide import hide, rules
from peelbook.overlay.suppress import TOTAL, extended, protect, suppress

BELOW = 5


def frame(counts: dict[str, int | None]) -> pd.DataFrame:
    return pd.DataFrame({"group": list(counts), "n": pd.array(list(counts.values()), dtype="Int64")})


def shown(counts, **options):
    found = suppress(frame(counts), BELOW, count="n", by=["group"], within=(), **options)
    return [None if pd.isna(value) else int(value) for value in found.frame["n"]]


def test_a_small_count_takes_the_smallest_partner_that_hides_it():
    assert shown({"a": 3, "b": 90, "c": 12, "d": 40}) == [None, 90, None, 40]


def test_two_small_counts_that_add_up_to_less_than_the_threshold_need_a_third():
    assert shown({"a": 1, "b": 2, "c": 50, "d": 60}) == [None, None, None, 60]


def test_two_small_counts_that_hide_each_other_take_no_other_with_them():
    assert shown({"a": 4, "b": 3, "c": 50, "d": 60}) == [None, None, 50, 60]


def test_a_table_without_small_counts_is_left_as_it_is():
    assert shown({"a": 5, "b": 0, "c": 50, "d": None}) == [5, 0, 50, None]


def test_zeros_are_shown_and_hide_nothing():
    assert shown({"a": 3, "b": 0, "c": 12, "d": 0}) == [None, 0, None, 0]


def test_a_lone_small_count_goes_with_its_total():
    found = suppress(frame({"a": 3, "b": 0}), BELOW, count="n", by=["group"], within=())
    assert found.frame["n"].isna().tolist() == [True, False]
    assert found.withheld == {((), (TOTAL,))}


def test_a_small_difference_between_a_whole_and_its_part_is_hidden():
    table = pd.DataFrame(
        {"whole": pd.array([100, 100], "Int64"), "part": pd.array([97, 90], "Int64"), "id": [1, 2]}
    )
    found = suppress(table, BELOW, count="whole", parts=["part"], within=["id"]).frame
    assert found["part"].isna().tolist() == [True, False]
    assert found["whole"].tolist() == [100, 100]


def test_a_part_above_its_whole_is_an_error_and_so_is_a_threshold_that_hides_nothing():
    table = pd.DataFrame({"whole": [1], "part": [2]})
    with pytest.raises(ParameterError, match="more than whole"):
        suppress(table, BELOW, count="whole", parts=["part"], within=())
    for wrong in (1, 0, -5, True, 5.0):
        with pytest.raises(ParameterError, match="Fix"):
            suppress(table, wrong, count="whole", within=())


def test_groups_do_not_mix():
    table = pd.DataFrame({"force": ["A", "A", "B", "B"], "group": list("xyxy"), "n": [3, 20, 30, 40]})
    found = suppress(table.astype({"n": "Int64"}), BELOW, count="n", by=["group"], within=["force"]).frame
    assert found["n"].isna().tolist() == [True, True, False, False]


def test_a_nested_breakdown_hides_within_its_group_where_it_can():
    rows = [("A", "a", 3), ("A", "b", 70), ("B", "c", 6), ("B", "d", 90)]
    table = pd.DataFrame(rows, columns=["outer", "inner", "n"]).astype({"n": "Int64"})
    found = suppress(table, BELOW, count="n", by=[("outer", "inner")], within=())
    assert found.frame["n"].isna().tolist() == [True, True, False, False]
    assert not found.withheld
    alone = suppress(table.iloc[[0, 2, 3]], BELOW, count="n", by=[("outer", "inner")], within=())
    assert alone.frame["n"].isna().tolist() == [True, True, False]
    assert {cell[0] for _, cell in alone.withheld} == {("A", TOTAL), ("B", TOTAL)}


# --- the attacker ----------------------------------------------------------------------------------


def equations(table, hidden):
    """The attacker's linear system: hidden cells as unknowns, one equation for each line that adds up."""
    unknown = sorted(hidden, key=str)
    place = {cell: number for number, cell in enumerate(unknown)}
    dims = len(next(iter(table)))
    rows, right = [], []
    for d in range(dims):
        for line in {cell[:d] + cell[d + 1 :] for cell in table}:
            row, constant = np.zeros(len(unknown)), 0.0
            for cell in [cell for cell in table if cell[:d] + cell[d + 1 :] == line]:
                sign = -1.0 if cell[d] is TOTAL else 1.0
                if cell in place:
                    row[place[cell]] = sign
                else:
                    constant += sign * table[cell]
            if row.any():
                rows.append(row)
                right.append(-constant)
    return unknown, np.array(rows), np.array(right)


def recovered_exactly(unknown, system):
    """The unknowns that linear algebra determines: their unit vector lies in the row space."""
    if not len(system):
        return []
    _, sizes, basis = np.linalg.svd(system)
    basis = basis[: int((sizes > 1e-9).sum())]
    return [cell for number, cell in enumerate(unknown) if (basis[:, number] ** 2).sum() > 1 - 1e-9]


def interval(unknown, system, right, cell):
    """The least and most a hidden cell can be, for one who knows that no count is below zero."""
    from scipy.optimize import linprog

    aim = np.zeros(len(unknown))
    aim[unknown.index(cell)] = 1.0
    ends = []
    for sign in (1, -1):
        found = linprog(sign * aim, A_eq=system if len(system) else None, b_eq=right if len(system) else None)
        ends.append(np.inf if found.status == 3 else sign * found.fun)
    return ends[0], ends[1]


def assert_safe(cells, below=BELOW):
    hidden = protect(cells, below).cells
    table = extended(cells)
    assert all(cell in hidden for cell, value in table.items() if 0 < value < below)
    if not hidden:
        return
    unknown, system, right = equations(table, hidden)
    assert recovered_exactly(unknown, system) == []
    for cell in unknown:
        low, high = interval(unknown, system, right, cell)
        assert high - low >= below - 1e-6, (cell, table[cell], low, high)
        assert low - 1e-6 <= table[cell] <= high + 1e-6


small_and_large = st.one_of(st.integers(0, 8), st.integers(0, 200))


def tables(*sizes, sparse=True):
    places = list(itertools.product(*(range(size) for size in sizes)))
    one = st.one_of(st.none(), small_and_large) if sparse else small_and_large
    return st.lists(one, min_size=len(places), max_size=len(places)).map(
        lambda values: {
            tuple(f"{d}{i}" for d, i in enumerate(place)): float(value)
            for place, value in zip(places, values, strict=True)
            if value is not None
        }
    )


@settings(max_examples=60, deadline=None)
@given(tables(6))
def test_no_cell_of_a_row_can_be_found_or_narrowed_down(cells):
    assert_safe(cells)


@settings(max_examples=40, deadline=None)
@given(tables(3, 4))
def test_no_cell_of_a_two_way_table_can_be_found_or_narrowed_down(cells):
    assert_safe(cells)


@settings(max_examples=15, deadline=None)
@given(tables(2, 3, 2))
def test_no_cell_of_a_three_way_table_can_be_found_or_narrowed_down(cells):
    assert_safe(cells)


@settings(max_examples=15, deadline=None)
@given(tables(3, 3), st.integers(2, 12))
def test_it_holds_at_every_threshold(cells, below):
    assert_safe(cells, below)


@settings(max_examples=20, deadline=None)
@given(tables(3, 4), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(cells, random):
    shuffled = list(cells.items())
    random.shuffle(shuffled)
    assert protect(dict(shuffled), BELOW) == protect(cells, BELOW)


nested = st.dictionaries(
    st.tuples(st.sampled_from("AB"), st.sampled_from("pqr")), small_and_large, min_size=1, max_size=6
)


@settings(max_examples=60, deadline=None)
@given(nested)
def test_outer_totals_that_are_not_withheld_tell_nothing(counts):
    """An attacker who also has each outer category's total, where it is not withheld, finds no hidden count."""
    table = pd.DataFrame([(*label, n) for label, n in counts.items()], columns=["outer", "inner", "n"])
    found = suppress(table.astype({"n": "Int64"}), BELOW, count="n", by=[("outer", "inner")], within=())
    hidden = [label for label, gone in zip(counts, found.frame["n"].isna(), strict=True) if gone]
    if not hidden:
        return
    withheld = {cell[0] for _, cell in found.withheld}
    lines = [
        [label for label in hidden if label[0] == outer] for outer in "AB" if (outer, TOTAL) not in withheld
    ]
    if TOTAL not in withheld:
        lines.append(hidden)
    system = np.array([[float(label in line) for label in hidden] for line in lines if line])
    right = np.array([float(sum(counts[label] for label in line)) for line in lines if line])
    assert recovered_exactly(hidden, system) == []
    for label in hidden:
        low, high = interval(hidden, system, right, label)
        assert high - low >= BELOW - 1e-6


def test_the_attack_of_these_tests_finds_what_primary_suppression_alone_leaves_open():
    table = extended({("a",): 3.0, ("b",): 90.0, ("c",): 40.0})
    unknown, system, right = equations(table, {("a",)})
    assert recovered_exactly(unknown, system) == [("a",)]
    assert interval(unknown, system, right, ("a",)) == (pytest.approx(3), pytest.approx(3))


def test_counts_below_zero_never_leave_a_small_count_shown():
    cells = {("a",): 3.0, ("b",): -40.0, ("c",): 0.0}
    assert protect(cells, BELOW).cells >= {("a",), ("b",), (TOTAL,)}


# --- the rules of the tables -----------------------------------------------------------------------


def test_every_table_says_how_its_counts_add_up_or_why_none_is_hidden():
    ruled = {rule["name"] for rule in rules()["table"]}
    assert ruled | set(rules()["never"]) == set(contracts.tables())
    assert not ruled & set(rules()["never"])
    for rule in rules()["table"]:
        names = {field["name"] for field in contracts.load(rule["name"])["fields"]}
        flat = [n for by in rule.get("by", []) for n in ([by] if isinstance(by, str) else by)]
        used = {*flat, *rule.get("parts", []), *rule.get("blank", []), *rule.get("whole", [])}
        assert used | ({rule["count"]} if "count" in rule else set()) <= names


def test_every_count_of_a_ruled_table_is_covered():
    for table in {rule["name"] for rule in rules()["table"]}:
        covered = {
            column
            for rule in rules()["table"]
            if rule["name"] == table
            for column in [rule.get("count"), *rule.get("parts", []), *rule.get("whole", [])]
        }
        for field in contracts.load(table)["fields"]:
            if field["name"].endswith("_count") and field["name"] != "census_population_count":
                assert field["name"] in covered, (table, field["name"])


def test_columns_within_columns_go_together():
    rows = [
        ("E23000032", "2023-03-31", reason, 900, 150, 400, 300, 200, known)
        for reason, known in (("Drugs", 197), ("Arms", 90))
    ]
    names = [field["name"] for field in contracts.load("stop_search_outcomes")["fields"]]
    table = contracts.validate(pd.DataFrame(rows, columns=names), "stop_search_outcomes", source="own")
    hidden = hide(table, "stop_search_outcomes", BELOW)
    found, places = hidden.frame, hidden.places
    assert found[[n for n in names if n.endswith("_count")]].isna().all(axis=None)
    assert places == {("E23000032", pd.Timestamp("2023-03-31"))}


def test_time_worked_goes_with_the_people_who_worked_it():
    rows = [
        ("E23000032", "2023-03-31", sex, rank, "Police Officer", n, n * 0.9)
        for sex, rank, n in (
            ("Female", "Constable", 400),
            ("Male", "Constable", 900),
            ("Female", "Chief Officer", 1),
            ("Male", "Chief Officer", 8),
        )
    ]
    names = [field["name"] for field in contracts.load("workforce")["fields"]]
    table = contracts.validate(pd.DataFrame(rows, columns=names), "workforce", source="own")
    found = hide(table, "workforce", BELOW).frame
    assert found["headcount"].isna().any()
    assert (found["headcount"].isna() == found["fte"].isna()).all()
