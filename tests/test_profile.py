"""A force at a glance: its place on every measure, what stands out, and what is not known; of every force alike."""

from __future__ import annotations

import json
import re

import pytest

from peelbook import compare, formats, measures, profile


@pytest.fixture(scope="module")
def found(catalogue):
    return profile.profiles(catalogue)


def test_every_force_has_a_profile_that_json_can_hold(found, catalogue):
    assert set(found) == set(catalogue.forces.codes)
    assert json.loads(json.dumps(found)) == found


def test_each_row_is_the_measure_s_own_figure_and_place(found, catalogue):
    code = catalogue.forces["kent"].code
    rows = {row["id"]: row for row in found[code]["rows"]}
    measure = measures.registry()["stop_search_rate"]
    frame = measures.compute(catalogue, measure.id)
    seen = compare.against_peers(frame, code, frame["period_end"].max())
    row = rows[measure.id]
    assert row["value"] == measure.format(seen.value)
    assert row["mean"] == measure.format(seen.averages.mean_of_forces)
    assert row["pooled"] == measure.format(seen.averages.pooled)
    assert row["place"] == f"{formats.ordinal(seen.rank)} highest of {seen.n}" and seen.rank < 22
    own = frame[frame["force_code"] == code].sort_values("period_end")["value"]
    assert row["change"] == f"{own.iloc[-1] / own.iloc[-2] - 1:+.0%}"


def test_a_measure_of_one_category_only_is_in_no_profile(found):
    ids = {row["id"] for own in found.values() for row in own["rows"]}
    assert "stop_search_rate" in ids
    assert not [name for name in ids if not measures.registry()[name].whole]


def test_neighbours_and_similar_forces_have_the_mean_of_their_figures(found, catalogue):
    code = catalogue.forces["kent"].code
    measure = measures.registry()["stop_search_rate"]
    frame = measures.compute(catalogue, measure.id)
    newest = frame[frame["period_end"] == frame["period_end"].max()].set_index("force_code")["value"]
    row = next(item for item in found[code]["rows"] if item["id"] == measure.id)
    for name, group in zip(("neighbours", "similar"), found[code]["peers"], strict=True):
        codes = [catalogue.forces[slug].code for slug, _ in group["forces"]]
        assert codes and not group["reason"]
        assert row[name] == measure.format(newest[codes].mean())
    # The City of London is in no mean, and like no other force.
    met = found[catalogue.forces["metropolitan"].code]
    slugs = [slug for slug, _ in met["peers"][0]["forces"]]
    others = [catalogue.forces[slug].code for slug in slugs if slug != "city-of-london"]
    assert "city-of-london" in slugs
    row = next(item for item in met["rows"] if item["id"] == measure.id)
    assert row["neighbours"] == measure.format(newest[others].mean())
    city = found[catalogue.forces["city-of-london"].code]["peers"][1]
    assert not city["forces"] and city["reason"]


def test_what_is_not_known_is_said_with_its_reason(found, catalogue):
    own = found[catalogue.forces["greater-manchester"].code]["unknown"]
    gone = {item["label"]: item["reason"] for item in own}
    assert "Charge rate of victim-based crime, year ending 31 March 2020" in gone
    for force in found.values():
        assert all(len(item["reason"]) > 20 for item in force["unknown"])
    missing = [item for force in found.values() for item in force["unknown"]]
    assert missing


def test_what_lies_furthest_inside_the_limits_fills_the_list_and_repeats_nothing(found):
    for own in found.values():
        assert len(own["findings"]) + len(own["within"]) == profile.FINDINGS
        told = {text.split(":")[0] for text in own["findings"]}
        assert not [text for text in own["within"] if text.split(":")[0] in told]


def test_at_most_five_findings_and_never_a_judgement(found):
    words = re.compile(r"\b(good|bad|better|worse|poor|well|improv\w+|fail\w*)\b", re.IGNORECASE)
    for own in found.values():
        assert len(own["findings"]) <= profile.FINDINGS
        assert len(set(own["findings"])) == len(own["findings"])
        assert not [text for text in own["findings"] if words.search(text)]


def test_findings_are_of_both_directions_where_there_are_both():
    def item(kind, up, far, about):
        return {"kind": kind, "up": up, "far": far, "about": about, "text": f"{kind} {up} {far} {about}"}

    levels = [item("level", True, far, f"t{far}") for far in (9, 8, 7, 6)] + [item("level", False, 2, "low")]
    changes = [item("change", False, 5, "c1"), item("change", True, 1, "c2")]
    chosen = profile._chosen([*levels, *changes])
    assert chosen == [
        "level True 9 t9",
        "level False 2 low",
        "level True 8 t8",
        "change True 1 c2",
        "change False 5 c1",
    ]


def test_one_thing_counted_makes_one_finding_of_a_kind():
    same = [{"kind": "level", "up": True, "far": far, "about": "x", "text": f"x {far}"} for far in (3, 2)]
    assert profile._chosen(same) == ["x 3"]


def test_two_publications_of_one_thing_make_one_finding(found):
    labels = [measure.label for measure in measures.registry().values()]
    again = [label for label in labels if "," in label and label.partition(", ")[0] in labels]
    assert "Antisocial behaviour incidents per 1,000 population, calendar year" in again
    for one in found.values():
        for texts in (one["findings"], one["within"]):
            said = [text.partition(":")[0].partition(", ")[0] for text in texts if ":" in text]
            assert len(said) == len(set(said)), texts
            assert not [text for text in texts if "calendar year" in text], "2019 is newer than 2016"


def test_a_value_far_above_all_others_does_not_squash_the_strip(found, catalogue):
    city = next(
        r for r in found[catalogue.forces["city-of-london"].code]["rows"] if r["id"] == "stop_search_rate"
    )
    kent = next(r for r in found[catalogue.forces["kent"].code]["rows"] if r["id"] == "stop_search_rate")
    assert city["strip"][1] == 100
    assert len(kent["strip"][0]) > 15
    assert 0 < kent["strip"][1] < 50


def test_the_city_is_never_said_to_lie_outside_limits_that_leave_it_out(found, catalogue):
    texts = found[catalogue.forces["city-of-london"].code]["findings"]
    assert not [text for text in texts if text.startswith("Stop and searches per 1,000 population:")]
