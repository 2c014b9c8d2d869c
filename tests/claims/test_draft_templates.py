"""Each form of sentence that the draft knows is met by an example with made-up figures, and gives the right row."""

from __future__ import annotations

import re

import pytest

from peelbook import measures
from peelbook.claims._expression import calls, parse
from peelbook.claims.draft import MAPPED, Block, Document, draft_claims
from peelbook.claims.draft._templates import find_outcome, templates

YEAR = "In the year ending 31 March 2023, "

#: template: (text, {claim: value}); a value of `None` is a comparison in words. All figures are made up.
EXAMPLES = {
    "stop_search_rate": (
        YEAR
        + "the force did 7.1 stop and searches per 1,000 population. This is lower than expected against the "
        "average rate of stop and searches (average of 8.8 per 1,000 population).",
        {"police_powers.stop_search_rate.force": "7.1", "police_powers.stop_search_rate.average": "8.8"},
    ),
    "find_rate": (
        YEAR + "it had a find rate of 21.4 percent. This is below the average find rate of 25.1 percent.",
        {"police_powers.find_rate.force": "21.4", "police_powers.find_rate.average": "25.1"},
    ),
    "disparity_black": (
        "Black people were 3.3 times more likely to be stopped and searched than White people, against 4.4 times "
        "across England and Wales.",
        {"police_powers.disparity_black.force": "3.3", "police_powers.disparity_black.average": "4.4"},
    ),
    "disparity_asian": (
        YEAR + "Asian people were 1.2 times as likely to be searched as White people.",
        {"police_powers.disparity_asian.force": "1.2"},
    ),
    "grounds": (
        "From 1 January 2022 to 31 December 2022 we estimate that 91.2% (with a confidence interval of +/- 3.4%) of "
        "searches had reasonable grounds.",
        {"police_powers.reasonable_grounds": "91.2", "police_powers.reasonable_grounds_margin": "3.4"},
    ),
    "grounds_previous": (
        "In our previous review 71.1 percent (+/- 4.2 percentage points) had reasonable grounds.",
        {
            "police_powers.reasonable_grounds_previous": "71.1",
            "police_powers.reasonable_grounds_previous_margin": "4.2",
        },
    ),
    "search_sample": (
        "We reviewed a sample of 190 stop and search records.",
        {"police_powers.stop_search_sample": "190"},
    ),
    "use_of_force": (
        YEAR + "the force recorded 9,001 use of force incidents. This is a 4.5 percent decrease.",
        {"police_powers.use_of_force": "9001", "police_powers.use_of_force_change": "4.5"},
    ),
    "use_of_force_rise": (
        YEAR + "officers recorded use of force more often. This was a 6.5 percent increase.",
        {"police_powers.use_of_force_change": "6.5"},
    ),
    "use_of_force_under_recorded": (
        "In the year ending 31 March 2023 the force under-recorded use of force by around 2,000 incidents.",
        {"police_powers.use_of_force_under_recorded": "2000"},
    ),
    "ethnic_minority_population": (
        "People from ethnic minority backgrounds make up 12.3 percent of the local population.",
        {"police_powers.ethnic_minority_population": "12.3"},
    ),
    "ethnic_minority_force": (
        YEAR + "they account for 20.1 percent of use of force incidents and 17.2 percent of arrests.",
        {
            "police_powers.ethnic_minority_use_of_force": "20.1",
            "police_powers.ethnic_minority_arrests": "17.2",
        },
    ),
    "antisocial_behaviour_rate": (
        YEAR
        + "there were 18.2 antisocial behaviour incidents per 1,000 population. This is above the average across "
        "forces (16.1 antisocial behaviour incidents).",
        {
            "preventing_crime.antisocial_behaviour_rate.force": "18.2",
            "preventing_crime.antisocial_behaviour_rate.average": "16.1",
        },
    ),
    "antisocial_behaviour_orders": (
        YEAR
        + "the force issued 51 antisocial behaviour orders compared with a total of 9,400 antisocial behaviour "
        "incidents, a ratio of 0.5 percent. This is lower than expected; the average is 1.1 percent.",
        {
            "preventing_crime.antisocial_behaviour_orders": "51",
            "preventing_crime.antisocial_behaviour_incidents": "9400",
            "preventing_crime.antisocial_behaviour_order_ratio.force": "0.5",
            "preventing_crime.antisocial_behaviour_order_ratio.average": "1.1",
        },
    ),
    "calls_999_rate": (
        YEAR + "the force received 171 calls to 999 per 1,000 population.",
        {"responding_to_the_public.calls_999.force": "171"},
    ),
    "calls_999_answered": (
        YEAR
        + "it answered 88.8 percent of 999 calls within 10 seconds. This is below the expected standard of 90 percent.",
        {
            "responding_to_the_public.calls_999_answered.force": "88.8",
            "responding_to_the_public.calls_999_answered.seconds": "10",
            "responding_to_the_public.calls_999_answered.standard": "90",
            "responding_to_the_public.calls_999_answered.level": None,
        },
    ),
    "attrition_101": (
        "The attrition rate for 101 calls fell from 31 percent in 2021 to 11.2 percent in May 2023.",
        {
            "responding_to_the_public.attrition_101_before": "31",
            "responding_to_the_public.attrition_101": "11.2",
        },
    ),
    "attrition_101_short": (
        YEAR + "the abandonment rate for non-emergency calls was 9.9 percent.",
        {"responding_to_the_public.attrition_101": "9.9"},
    ),
    "victim_based_crimes": (
        YEAR + "it recorded 51,002 victim-based crimes.",
        {"investigating_crime.victim_based_crimes": "51002"},
    ),
    "brought_to_justice": (
        YEAR
        + "12.1 percent of crimes were assigned an outcome of 'offences brought to justice'. This is above the 10.4 "
        "percent average.",
        {
            "investigating_crime.brought_to_justice.force": "12.1",
            "investigating_crime.brought_to_justice.average": "10.4",
        },
    ),
    "charge_rate": (
        YEAR
        + "8.8 percent of victim-based crimes were assigned a 'charged/summonsed' outcome. This is higher than the "
        "average of 6.9 percent.",
        {"investigating_crime.charge_rate.force": "8.8", "investigating_crime.charge_rate.average": "6.9"},
    ),
    "charge_rate_assigned": (
        YEAR
        + "the force assigned 7.7 percent of victim-based crimes a 'charged/summonsed' outcome. This is an increase "
        "from 12.2 percent in the year ending 31 March 2016.",
        {"investigating_crime.charge_rate.force": "7.7", "investigating_crime.charge_rate_earlier": "12.2"},
    ),
    "case_files": (
        "In May 2023, 61 percent met the CPS's standard, compared with 55 percent for all forces.",
        {
            "investigating_crime.case_files_met_standard.force": "61",
            "investigating_crime.case_files_met_standard.average": "55",
        },
    ),
    "right_to_know_applications": (
        YEAR
        + "there were 402 'right to know' applications, or 31.2 applications per 100,000 population. This compares "
        "with an average of 40.2 applications.",
        {
            "protecting_vulnerable_people.right_to_know_applications": "402",
            "protecting_vulnerable_people.right_to_know_application_rate.force": "31.2",
            "protecting_vulnerable_people.right_to_know_application_rate.average": "40.2",
        },
    ),
    "right_to_know_disclosures": (
        YEAR
        + "it made 201 'right to know' disclosures, or 15.1 disclosures per 100,000 population. This compares with an "
        "average of 17.7 disclosures.",
        {
            "protecting_vulnerable_people.right_to_know_disclosures": "201",
            "protecting_vulnerable_people.right_to_know_disclosure_rate.force": "15.1",
            "protecting_vulnerable_people.right_to_know_disclosure_rate.average": "17.7",
        },
    ),
    "stalking_orders": (
        YEAR
        + "it had 21 full stalking protection orders, equal to 7.1 orders per 1,000 stalking offences. This compares "
        "with 18 stalking protection orders in the previous year, or 6.2 orders per 1,000.",
        {
            "protecting_vulnerable_people.stalking_orders": "21",
            "protecting_vulnerable_people.stalking_order_rate": "7.1",
            "protecting_vulnerable_people.stalking_orders_previous": "18",
            "protecting_vulnerable_people.stalking_order_rate_previous": "6.2",
        },
    ),
    "marac": (
        YEAR
        + "the force discussed 1,201 cases at MARAC. This compares with the year before, when it discussed 1,188 cases.",
        {
            "protecting_vulnerable_people.marac_cases": "1201",
            "protecting_vulnerable_people.marac_cases_previous": "1188",
        },
    ),
    "bail": (
        "In the year to 30 September 2023, per 1,000 arrests, it issued 301.5 pre-charge bail and 41.2 RUI.",
        {
            "offenders_and_suspects.pre_charge_bail": "301.5",
            "offenders_and_suspects.released_under_investigation": "41.2",
        },
    ),
    "leavers": (
        "In 2023/24 some 7.9 percent of its officers left, against an England and Wales average of 7.3 percent.",
        {"workforce.leavers.force": "7.9", "workforce.leavers.average": "7.3"},
    ),
    "uplift": (
        "It was allocated 224 officers, but it only managed to recruit 210 – a shortfall of 14.",
        {
            "workforce.uplift_allocated": "224",
            "workforce.uplift_recruited": "210",
            "workforce.uplift_shortfall": "14",
        },
    ),
    "officers_end": ("The force finished 2023/24 with 1,801 officers.", {"workforce.officers_end": "1801"}),
    "officers_rate": (
        "As of 31 March 2023, it had 2.1 officers per 1,000 population.",
        {"workforce.officers_rate.force": "2.1"},
    ),
    "female_officers": (
        "As of 31 March 2023, 35.4 percent of officers are women.",
        {"workforce.female_officers.force": "35.4"},
    ),
    "funding": (
        YEAR + "it received £199.4m in funding, equal to £215,432 per 1,000 population.",
        {
            "leadership_and_force_management.funding_total": "199.4",
            "leadership_and_force_management.funding_per_head": "215432",
        },
    ),
    "precept": (
        YEAR
        + "44.1 percent of its total funding (equal to £87,900,000) was through the council tax precept.",
        {
            "leadership_and_force_management.precept_share": "44.1",
            "leadership_and_force_management.precept": "87900000",
        },
    ),
    "precept_short": (
        YEAR + "39.1 percent of its funding came from the precept.",
        {"leadership_and_force_management.precept_share": "39.1"},
    ),
    "forces": (
        "We inspect all 43 police forces in England and Wales.",
        {"overall_summary.forces_in_england_and_wales": "43"},
    ),
    "areas": (
        "There is a look at it in nine areas of policing, as before. We make graded judgments in eight of these nine.",
        {"overall_summary.areas_inspected": "9", "overall_summary.areas_graded": "8"},
    ),
    "incidents_level": (
        "It has a lower level of recorded incidents per 100,000 population.",
        {"overall_summary.recorded_incidents_level": None},
    ),
    "calls_level": (
        "It gets a lower number of 999 calls per 1,000 population.",
        {"overall_summary.calls_999_level": None},
    ),
    "wanted_trend": (
        "The number of people wanted has fallen.",
        {"overall_summary.wanted_people_trend": None},
    ),
    "grounds_change": (
        "This is a statistically significant improvement compared with the findings from our previous review.",
        {"police_powers.reasonable_grounds_change": None},
    ),
    "search_level": (
        "The use of stop and search is significantly lower than other forces",
        {"police_powers.stop_search_level": None},
    ),
    "search_trend": ("The rate of stop and search is rising.", {"police_powers.stop_search_trend": None}),
    "orders_level": (
        "It applies for more antisocial behaviour orders than the England and Wales average",
        {"preventing_crime.antisocial_behaviour_orders_level": None},
    ),
    "no_more_likely": (
        "Those of other ethnic minority backgrounds are no more likely to be stopped and searched, it says.",
        {"police_powers.disparity_other_groups": "1"},
    ),
    "target_missed": ("The force often missed its target.", {"responding_to_the_public.target_missed": None}),
    "calls_below_standard": (
        YEAR
        + "it answered 71 percent of 999 calls within 10 seconds. This is below the expected standard of 90 percent.",
        {"responding_to_the_public.calls_999_answered.level": None},
    ),
    "charge_trend": (
        YEAR
        + "5.5 percent of victim-based crimes were assigned a 'charged/summonsed' outcome. This was an increase from "
        "5.1 percent in the year ending 31 March 2020.",
        {"investigating_crime.charge_rate_trend": None},
    ),
    "files_rank": (
        "It has the highest file quality standards of all forces.",
        {"investigating_crime.case_files_rank": None},
    ),
    "suspects_trend": (
        "The number decreased by 12 percent, but it has subsequently increased.",
        {"offenders_and_suspects.outstanding_suspects_rise": None},
    ),
    "released_trend": (
        "The proportion of suspects released under investigation is falling.",
        {"offenders_and_suspects.released_under_investigation_trend": None},
    ),
}


def drafted(text, forces, force="kent"):
    document = Document(
        "made up", tuple(Block(i, "paragraph", line) for i, line in enumerate(text.split("\n"), 1))
    )
    return {
        row.claim_id: row for row in draft_claims(document, forces[force], "2023-25") if row.status == MAPPED
    }


def test_every_template_has_an_example():
    assert {template.name for template in templates()} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_the_rows_of_its_template(catalogue, name):
    text, wanted = EXAMPLES[name]
    rows = drafted(text, catalogue.forces)
    for claim, value in wanted.items():
        assert claim in rows, f"{claim} not among {sorted(rows)}"
        assert (rows[claim].fields.get("value") or None) == value, claim


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_with_another_figure_gives_the_other_figure(catalogue, name):
    """No template holds a figure of its own: what is printed is what is drafted."""
    text, wanted = EXAMPLES[name]
    for claim, value in wanted.items():
        if (
            value is None
            or not re.search(rf"(?<![\d.,]){re.escape(value)}(?![\d.,]\d)", text)
            or value in ("10", "1")
        ):
            continue
        other = re.sub(rf"(?<![\d.,]){re.escape(value)}(?![\d.,]\d)", f"{value}7", text, count=1)
        assert drafted(other, catalogue.forces)[claim].fields["value"] == f"{value}7"


def evidences():
    for template in templates():
        for spec in template.rows.values():
            if "evidence" in spec:
                yield template.name, spec["evidence"]
            for text in spec.get("evidence_by_word", {}).values():
                yield template.name, text.replace("{year_before}", "2022-03-31")


def test_all_evidence_parses_and_a_comparator_is_a_row_of_the_same_template():
    assert len(list(evidences())) > 40
    for name, text in evidences():
        parse(text)
        assert name
    for template in templates():
        ids = {spec["id"] for spec in template.rows.values()}
        for spec in template.rows.values():
            assert spec.get("comparator") in (None, *ids), template.name


#: Measures whose table nobody publishes in a form the book reads yet.
_WITHOUT_TABLE = {
    "non_emergency_abandonment_share",
    "case_file_quality_share",
    "marac_cases_count",
    "pre_charge_bail_rate",
    "released_under_investigation_rate",
}


def test_the_measures_of_all_evidence_are_in_the_registry():
    named = set()
    for _, text in evidences():
        for call in calls(parse(text)):
            if call.name in ("measure", "beyond"):
                named.add(call.arguments[0].value)
    assert named - set(measures.registry()) - _WITHOUT_TABLE == set()


@pytest.mark.parametrize(
    ("row", "codes", "claim"),
    [
        ("1 – Charged/summonsed\t7.2%\t6.1", "1", "charged"),
        ("2 & 3 – Caution – youths & adults\t0.4%\t0.6%", "2 3", "cautions"),
        ("18 - Investigation complete - no suspect identified\t40.1%\t39.9%", "18", "no_suspect"),
    ],
)
def test_a_row_of_the_table_of_outcomes(catalogue, row, codes, claim):
    assert find_outcome(row)[1] == codes
    caption = "Figure 4: selected outcome types in the year ending 30 September 2023"
    document = Document("made up", (Block(1, "paragraph", caption), Block(2, "row", row)))
    rows = {row.claim_id: row for row in draft_claims(document, catalogue.forces["kent"], "2023-25")}
    force = rows[f"investigating_crime.figure_4.{claim}.force"]
    average = rows[f"investigating_crime.figure_4.{claim}.average"]
    assert [force.fields["value"], average.fields["value"]] == re.findall(r"\d+\.\d", row)
    assert force.fields["period_end"] == "2023-09-30" and average.fields["subject"] == "K04000001"
    assert "outcome_share" in force.fields["evidence"] or claim == "charged"


def test_a_figure_without_a_period_gets_no_evidence(catalogue):
    rows = drafted("The force had a find rate of 21.4 percent.", catalogue.forces)
    assert rows["police_powers.find_rate.force"].fields["evidence"] == ""
    assert "no period" in rows["police_powers.find_rate.force"].reason


def test_an_average_that_is_said_before_its_figure_is_no_figure_of_the_force(catalogue):
    """The words and figures are made up."""
    text = (
        YEAR
        + "the force did 6.1 stop and searches per 1,000 population. This is lower than the average across all "
        "forces in England and Wales of 8.4 stop and searches per 1,000 population."
    )
    rows = drafted(text, catalogue.forces)
    force, average = (rows[f"police_powers.stop_search_rate.{side}"].fields for side in ("force", "average"))
    assert (force["value"], force["subject"], force["label"]) == (
        "6.1",
        catalogue.forces["kent"].code,
        "lower",
    )
    assert (average["value"], average["subject"]) == ("8.4", "K04000001")
    assert average["period_end"] == force["period_end"]
    assert force["comparator"] == "police_powers.stop_search_rate.average"


def test_a_label_is_read_in_the_next_sentence(catalogue):
    text = (
        YEAR + "the force did 7.1 stop and searches per 1,000 population. This is in line with other forces."
    )
    assert (
        drafted(text, catalogue.forces)["police_powers.stop_search_rate.force"].fields["label"] == "similar"
    )
