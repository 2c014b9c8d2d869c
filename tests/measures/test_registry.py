"""The registry is data: these tests check the data, and that a broken entry is refused."""

from __future__ import annotations

import pytest

from peelbook import formats, measures
from peelbook.errors import TableContractError, UnknownMeasureError
from peelbook.measures._registry import FILE

CORE = [
    "stop_search_rate",
    "stop_search_count",
    "ethnicity_not_recorded_share",
    "stop_search_ethnicity_rate",
    "disparity_ratio",
    "use_of_force_rate",
    "use_of_force_count",
    "victim_based_crime_rate",
    "victim_based_crime_count",
    "recorded_crime_rate",
    "recorded_crime_count",
    "charge_rate",
    "officers_rate",
    "staff_rate",
    "pcso_rate",
    "specials_rate",
    "officers_headcount",
    "officers_fte",
    "rank_share",
    "supervisors_per_constable",
    "female_officers_share",
    "headcount_change",
    "population_count",
    "ethnic_minority_share",
    "antisocial_behaviour_rate",
    "grade",
]

NAMED_BY_THE_REPORT = [
    "linked_find_rate",
    "find_rate",
    "reasonable_grounds_share",
    "arrests_ethnic_minority_share",
    "use_of_force_change",
    "use_of_force_per_arrest",
    "incidents_rate",
    "emergency_calls_rate",
    "emergency_calls_in_10_seconds_share",
    "non_emergency_abandonment_share",
    "attended_in_time_share",
    "antisocial_behaviour_orders_per_incident",
    "outcome_share",
    "brought_to_justice_share",
    "case_file_quality_share",
    "audit_share",
    "right_to_know_applications_rate",
    "right_to_know_disclosures_rate",
    "stalking_protection_orders_count",
    "stalking_protection_orders_rate",
    "marac_cases_count",
    "pre_charge_bail_rate",
    "released_under_investigation_rate",
    "overdue_offender_visits_share",
    "offenders_per_manager",
    "outstanding_suspects_count",
    "leavers_share",
    "uplift_recruited_share",
    "adjusted_duties_share",
    "funding_rate",
    "precept_share",
    "general_reserve_share",
]


@pytest.mark.parametrize("measure_id", [*CORE, *NAMED_BY_THE_REPORT])
def test_every_measure_the_report_names_is_in_the_registry(measure_id):
    found = measures.registry()[measure_id]
    assert found.definition.endswith(".")
    assert found.publications


def test_every_measure_prints_a_value_with_its_unit():
    for found in measures.registry().values():
        text = found.with_unit(3.0 if found.kind in ("grade", "count") else 0.25)
        assert any(character.isalnum() for character in text), found.id
        assert found.period in formats.PERIODS


def test_rates_per_resident_leave_the_city_of_london_out_of_averages():
    for found in measures.registry().values():
        if found.kind == "rate" and found.resident_population:
            assert "E23000034" in found.excluded, found.id


def test_only_a_figure_per_resident_gives_residents_as_the_reason_to_leave_british_transport_police_out():
    for found in measures.registry().values():
        per_resident = found.resident_population or "per 1,000 population" in found.unit
        for text in found.exclusions:
            if text.startswith(("British Transport Police", "Figures are of the territorial")):
                assert ("no resident population" in text) == per_resident, found.id


def test_city_of_london_is_excluded_from_the_england_and_wales_outcome_rate():
    assert "E23000034" in measures.registry()["charge_rate"].excluded
    assert any("City of London" in text for text in measures.registry()["charge_rate"].exclusions)


def test_a_high_search_rate_is_neither_good_nor_bad():
    for found in measures.registry().values():
        if "search" in found.id or "force" in found.id or "crime" in found.id:
            assert found.polarity == "none", found.id


def test_staff_residents_and_money_are_complete_counts_that_chance_does_not_move():
    registry = measures.registry()
    for name in (
        "officers_rate",
        "headcount_change",
        "ethnic_minority_share",
        "funding_rate",
        "police_grant_count",
    ):
        assert not registry[name].has_sampling_error, name
    for name in ("stop_search_rate", "charge_rate", "disparity_ratio"):
        assert registry[name].has_sampling_error, name


def test_an_unknown_measure_names_the_nearest():
    with pytest.raises(UnknownMeasureError, match="stop_search_rate"):
        measures.registry()["stop_serch_rate"]
    with pytest.raises(UnknownMeasureError, match="no measure"):
        measures.registry()["zzzzzz"]


def test_the_registry_is_a_mapping():
    registry = measures.registry()
    assert "charge_rate" in registry
    assert "nonsense" not in registry
    assert len(list(registry)) == len(registry)


def test_subjects_name_the_breakdown():
    registry = measures.registry()
    assert registry["charge_rate"].subject_of({}) == "victim-based offences"
    assert registry["charge_rate"].subject_of({"offence_group": "Robbery"}) == "robbery offences"
    assert registry["disparity_ratio"].subject_of({"ethnicity": "Mixed"}) == "people with Mixed ethnicity"
    both = registry["officers_headcount"].subject_of({"sex": "Female", "rank": "Sergeant"}, 1)
    assert both == "police officer at the rank of sergeant who were women"
    two = registry["charge_rate"].subject_of({"offence_group": ["Robbery", "Sexual offences"]})
    assert two == "robbery offences and sexual offences"


GOOD = """
version = 1
[sets]
groups = ["a", "b"]
[phrases]
[notes]
note = "A note."
[publications]
table = "A publication"
[[measure]]
id = "one"
label = "One"
definition = "One thing."
kind = "share"
unit = "%"
decimals = 1
period = "year"
sentence = "{force} had {value} of {noun} and {subject}"
noun = ["thing", "things"]
subject = "all"
subject_by = { group = "{value}" }
breakdowns = { group = "@groups" }
caveats = ["note"]
numerator = { table = "table", column = "x_count", label = "X", by = ["group"] }
denominator = { table = "table", column = "y_count", label = "Y" }
"""


def test_a_well_formed_registry_is_read():
    assert measures.parse(GOOD, source="x")["one"].breakdowns["group"] == ("a", "b")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[notes]", "[nodes]", "the section is missing"),
        ("version = 1", "version = ", "not TOML"),
        ('id = "one"', 'id = "One!"', "not an id"),
        ('kind = "share"', 'kind = "sum"', "unknown kind"),
        ('kind = "share"', 'kind = "count"', "has no denominator"),
        ('label = "One"\n', "", "the key is missing"),
        ("decimals = 1", "decimals = 1\ncolour = 3", "unknown key"),
        ('period = "year"', 'period = "eon"', "unknown period"),
        ('period = "year"', 'period = "year"\npolarity = "good"', "unknown polarity"),
        ('caveats = ["note"]', 'caveats = ["other"]', "no such note"),
        ('caveats = ["note"]\n', "", "no measure uses this note"),
        ('"@groups"', '"@group"', "no such set"),
        (', by = ["group"]', "", "no part is filtered by it"),
        ('by = ["group"]', 'by = ["sex"]', "not a breakdown"),
        ("subject_by = { group", "subject_by = { sex", "not a breakdown"),
        ('label = "Y" }', 'label = "Y", match = "near" }', "unknown match"),
        ('label = "Y" }', 'label = "Y", every = "day" }', "unknown step"),
        ('label = "Y" }', 'label = "Y", where = { g = "@no" } }', "no such set"),
        ('label = "Y" }', 'label = "Y", sum = 1 }', "unknown key"),
        (', label = "Y" }', " }", "the key is missing"),
        ('{ table = "table", column = "y_count"', '{ table = "tables", column = "y_count"', "no publication"),
        ("{force} had", "{who} had", "unknown placeholder"),
        ("{force} had", "They had", "the sentence lacks it"),
        ('caveats = ["note"]', 'caveats = ["note"]\nover_time = ["other"]', "no such note"),
        ('noun = ["thing", "things"]\n', "", "the sentence needs it"),
        ('caveats = ["note"]', 'caveats = ["note"]\nexclusions = ["btp"]', "use btp_not_territorial"),
        ('unit = "%"', 'unit = "per 1,000 population"\nexclusions = ["btp_not_territorial"]', "use btp"),
    ],
)
def test_a_registry_that_breaks_its_schema_is_refused_with_the_fault(old, new, message):
    assert old in GOOD
    with pytest.raises(TableContractError, match=message):
        measures.parse(GOOD.replace(old, new), source="registry.toml")


def test_all_faults_are_listed_at_once_and_two_measures_may_not_share_an_id():
    body = GOOD[GOOD.index("[[measure]]") :]
    with pytest.raises(TableContractError) as caught:
        measures.parse(GOOD.replace('unit = "%"\n', "") + body, source="registry.toml")
    rules = {fault.rule for fault in caught.value.faults}
    assert "the key is missing" in rules
    with pytest.raises(TableContractError, match="two measures have this id"):
        measures.parse(GOOD + body, source="registry.toml")


def test_the_reference_page_documents_every_measure_and_is_deterministic():
    page = measures.reference_markdown()
    assert page == measures.reference_markdown()
    for found in measures.registry().values():
        assert f"`{found.id}`" in page
        assert f"## {found.label}\n" in page
        for text in (found.definition, *found.caveats, *found.over_time, *found.exclusions):
            assert text in page
    assert page.count("\n## ") == len(measures.registry())


def test_labels_are_unique_because_pages_link_by_them():
    labels = [found.label for found in measures.registry().values()]
    assert len(set(labels)) == len(labels)


def test_the_registry_file_holds_no_path_of_a_machine():
    text = FILE.read_text(encoding="utf-8")
    assert "/work" not in text
    assert "/tmp" not in text
