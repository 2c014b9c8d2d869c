"""Charts of every kind for forces and data that are hard to draw: built once, tested for many things.

The numbers are made up (a fixed pattern, no random source) so that no test depends on a release of data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from peelbook.catalogue import Provenance
from peelbook.figures._chart import Chart
from peelbook.figures.disparity import disparity
from peelbook.figures.funnel import funnel
from peelbook.figures.interval_dot_plot import interval_dot_plot
from peelbook.figures.judgments_grid import GRADES, judgments_grid
from peelbook.figures.process_chart import process_chart
from peelbook.figures.ski_slope import ski_slope
from peelbook.figures.small_multiples import small_multiples
from peelbook.figures.stacked_outcomes import stacked_outcomes
from peelbook.figures.structure import structure
from peelbook.figures.tile_grid_map import tile_grid_map
from peelbook.figures.trend import trend
from peelbook.forces import Force, Forces
from peelbook.stats import ratio_interval, wilson
from peelbook.xmr import behaviour

ROOT = Path(__file__).resolve().parents[2]
FORCES = Forces.read(ROOT / "data" / "forces.csv")
CITY = FORCES["city-of-london"].code
PROVENANCE = [
    Provenance(
        table="stop_search",
        title="Stop and search",
        publisher=publisher,
        page_url="https://example.org/",
        licence="Open Government Licence v3.0",
        licence_url="https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        period="",
        kind="as published",
        caveat="",
        input_files=(("a.csv", "ab" * 32),),
        table_sha256="cd" * 32,
        adapter="stop_search",
    )
    for publisher in ("Home Office", "Office for National Statistics")
]
BASE = {"title": "A chart", "provenance": PROVENANCE, "period": "year ending 31 March 2023"}
RATE = {"label": "Stop and searches", "unit": "per 1,000 population", "decimals": 1}
HOSTILE = "$x^2$ <script>&amp; \u202eecilop\u202c\n=cmd|' /C calc'!A0 \x00\ufffe"

AREAS = (
    "Police powers and treating the public fairly and respectfully",
    "Preventing and deterring crime and antisocial behaviour, and reducing vulnerability",
    "Responding to the public",
    "Investigating crime",
    "Protecting vulnerable people",
    "Managing offenders and suspects",
    "Building, supporting and protecting the workforce",
    "Leadership and force management",
)


def many_areas(count: int = 300) -> Forces:
    """Police areas of another country, far more than 43."""
    return Forces(
        [
            Force(f"X{i:05d}", f"area-{i}", f"Area {i} Police", f"Area {i}", "", (), "North", i // 15, i % 15)
            for i in range(count)
        ]
    )


def hostile_forces() -> Forces:
    """The 43 forces, one of them with a name that is an attack."""
    return Forces(
        [
            replace(force, name=HOSTILE, short_name=HOSTILE) if force.slug == "kent" else force
            for force in FORCES
        ]
    )


def wave(n: int, phase: float = 0.0) -> np.ndarray:
    """Numbers between 0 and 1 that look irregular and are the same everywhere."""
    return (np.sin(np.arange(n) * 12.9898 + phase) + 1) / 2


@cache
def rates(areas: int = 43, outlier: bool = True) -> pd.DataFrame:
    """One period of rates: City of London far above all others, as in life."""
    forces = FORCES if areas == 43 else many_areas(areas)
    population = np.round(400_000 + 2_500_000 * wave(areas, 1.0) ** 3)
    value = 2 + 18 * wave(areas) ** 2
    frame = pd.DataFrame({"force_code": forces.codes, "value": value, "denominator": population})
    frame.loc[frame["force_code"] == FORCES["met"].code, ["value", "denominator"]] = [19.8, 8_855_333]
    if outlier:
        frame.loc[frame["force_code"] == CITY, ["value", "denominator"]] = [197.0, 10_900]
    frame["numerator"] = (frame["value"] * frame["denominator"] / 1000).round()
    half = 1.96 * np.sqrt(frame["numerator"].clip(lower=1)) / frame["denominator"] * 1000
    return frame.assign(lower=(frame["value"] - half).clip(lower=0), upper=frame["value"] + half)


@cache
def series(areas: int = 43, first: int = 2012, last: int = 2023) -> pd.DataFrame:
    """Twelve years of rates, with Greater Manchester missing in two of them."""
    forces = FORCES if areas == 43 else many_areas(areas)
    rows = [
        (force.code, f"{year}-03-31", 5 + 10 * wave(areas)[i] + 3 * np.sin(i + year / 3))
        for i, force in enumerate(forces)
        for year in range(first, last + 1)
        if not (force.slug == "greater-manchester" and year in (2019, 2020))
    ]
    return pd.DataFrame(rows, columns=["force_code", "period_end", "value"])


def limits(target: float = 8.6) -> pd.DataFrame:
    """Funnel limits by the normal approximation, over-dispersed; only their shape matters here."""
    size = np.geomspace(5_000, 2e7, 30)
    spread = np.sqrt(target * 1000 / size + (0.3 * target) ** 2)
    return pd.DataFrame(
        {
            "denominator": size,
            "lower_95": (target - 1.96 * spread).clip(0),
            "upper_95": target + 1.96 * spread,
            "lower_998": (target - 3.09 * spread).clip(0),
            "upper_998": target + 3.09 * spread,
        }
    )


AVERAGES = {"pooled": 8.6, "mean_of_forces": 7.9}


def averages_by_year(frame: pd.DataFrame) -> pd.DataFrame:
    mean = frame.groupby("period_end")["value"].mean().reset_index(name="mean_of_forces")
    return mean.assign(pooled=mean["mean_of_forces"] * 1.08)


def ski(force: str, frame: pd.DataFrame | None = None, forces: Forces = FORCES, **more) -> Chart:
    frame = rates() if frame is None else frame
    settings = {**BASE, **RATE, "averages": AVERAGES, "numerator": "Searches", "denominator": "Population"}
    return ski_slope(
        frame, id="police_powers.rate", force=forces[force], forces=forces, **{**settings, **more}
    )


def fun(force: str, frame: pd.DataFrame | None = None, forces: Forces = FORCES, **more) -> Chart:
    frame = rates() if frame is None else frame
    settings = {**BASE, **RATE, "size_label": "Population, mid-year estimate", "target": 8.6}
    return funnel(
        frame, limits(), id="police_powers.funnel", force=forces[force], forces=forces, **{**settings, **more}
    )


def line(force: str, frame: pd.DataFrame | None = None, forces: Forces = FORCES, **more) -> Chart:
    frame = series() if frame is None else frame
    settings = {**BASE, **RATE, "averages": averages_by_year(frame) if len(frame) else None}
    return trend(frame, id="police_powers.trend", force=forces[force], forces=forces, **{**settings, **more})


def tiles(force: str | None, frame: pd.DataFrame | None = None, forces: Forces = FORCES, **more) -> Chart:
    frame = rates() if frame is None else frame
    return tile_grid_map(
        frame,
        id="police_powers.map",
        force=forces[force] if force else None,
        forces=forces,
        **{**BASE, **RATE, "averages": AVERAGES, **more},
    )


def panels(force: str, **more) -> Chart:
    groups = (
        ("Violence against the person", 30.0),
        ("Sexual offences", 2.1),
        ("Robbery", 0.9),
        ("Theft offences", 41.0),
        ("Criminal damage and arson", 8.0),
        ("Drug offences", 4.0),
        ("Possession of weapons offences", 0.8),
        ("Public order offences", 7.0),
        ("Miscellaneous crimes against society", 1.5),
    )
    rows = [
        (group, f"{year}-03-31", level * (0.8 + 0.5 * wave(40)[year - 2000]), level)
        for group, level in groups
        for year in range(2013, 2024)
    ]
    frame = more.pop("frame", pd.DataFrame(rows, columns=["panel", "period_end", "value", "average"]))
    return small_multiples(frame, id="victim_service.groups", force=FORCES[force], **{**BASE, **RATE, **more})


def counts(rows: list[tuple]) -> pd.DataFrame:
    names = ["label", "numerator", "denominator", "series"][: len(rows[0])]
    frame = pd.DataFrame(rows, columns=names)
    low, high = wilson(frame["numerator"].to_numpy(float), frame["denominator"].to_numpy(float))
    return frame.assign(lower=low, upper=high)


AUDIT = [
    ("Reasonable grounds recorded", 265, 280),
    (
        "How crimes were closed was supervised as it should be, and the record of the supervision says why",
        132,
        180,
    ),
    ("Community resolutions wrongly applied", 6, 20),
    ("Never done", 0, 40),
    ("Always done", 40, 40),
    ("No case was read", 0, 0),
]


def dots(rows: list[tuple], **more) -> Chart:
    return interval_dot_plot(counts(rows), id="victim_service.audit", **{**BASE, **more})


def ratios(force: str, groups: list[tuple] | None = None, **more) -> Chart:
    rows = []
    for group, own, comparator in groups or [
        ("Asian or Asian British", (9_000, 1_000_000), 1.5),
        ("Black, Black British, Caribbean or African", (39_000, 1_190_000), 4.1),
        ("Mixed or multiple ethnic groups", (7_000, 500_000), 1.6),
        ("Other ethnic group", (4_000, 600_000), 0.8),
    ]:
        low, high = ratio_interval(*own, 52_000, 4_700_000)
        value = own[0] / own[1] / (52_000 / 4_700_000)
        rows.append((group, value, low, high, comparator, comparator * 0.98, comparator * 1.02))
    names = ["group", "value", "lower", "upper", *(f"comparator_{n}" for n in ("value", "lower", "upper"))]
    frame = pd.DataFrame(rows, columns=names)
    return disparity(frame, id="police_powers.disparity", force=FORCES[force], **{**BASE, **more})


def quarters(force: str, values: list[float], **more) -> Chart:
    days = pd.date_range("2017-09-30", periods=len(values), freq=pd.offsets.MonthEnd(3))
    frame = pd.DataFrame({"period_end": days, "value": values})
    settings = {**BASE, "label": "Recorded crimes", "unit": "", "decimals": 0}
    found = behaviour(values, slice(0, max(len(values) - 4, 12)), low=0)
    return process_chart(frame, found, id="responding.process", force=FORCES[force], **{**settings, **more})


STEADY = [100.0 + 10 * ((7 * place) % 5 - 2) for place in range(24)]


OUTCOMES = [
    ("1 – Charged or summonsed", 0.031, 0.055),
    ("2 and 3 – Caution, youths and adults", 0.003, 0.007),
    ("9 – Prosecution not in the public interest (Crown Prosecution Service decision)", 0.0, 0.0),
    (
        "14 – Evidential difficulties: suspect not identified and the victim cannot support action",
        0.066,
        0.058,
    ),
    ("16 – Evidential difficulties: suspect identified, victim does not support", 0.135, 0.218),
    ("18 – Investigation complete, no suspect identified", 0.598, 0.436),
]


def outcomes(force: str, rows=OUTCOMES, **more) -> Chart:
    frame = pd.DataFrame(rows, columns=["outcome", "value", "comparator_value"])
    return stacked_outcomes(frame, id="investigating_crime.figure_4", force=FORCES[force], **{**BASE, **more})


def ranks(force: str, **more) -> Chart:
    shares = {"Constable": 0.79, "Sergeant": 0.15, "Inspector": 0.045, "Chief Superintendent": 0.015}
    frame = more.pop(
        "frame",
        pd.DataFrame(
            [
                (rank, side, share * part, share * (part + 0.02), round(35_000 * share * part))
                for rank, share in shares.items()
                for side, part in (("Women", 0.31), ("Men", 0.69))
            ],
            columns=["category", "side", "value", "comparator_value", "count"],
        ),
    )
    settings = {**BASE, "label": "Share of all officers", "sides": ("Women", "Men"), **more}
    return structure(frame, id="workforce.ranks", force=FORCES[force], **settings)


def grades(force: str, *, national: bool = False, **more) -> Chart:
    rows = [
        (item.code, area, GRADES[int(5 * wave(400)[8 * i + j]) % 5])
        for i, item in enumerate(FORCES)
        if item.slug != "kent"
        for j, area in enumerate(AREAS)
        if (i + j) % 9
    ]
    frame = pd.DataFrame(rows, columns=["force_code", "area", "grade"])
    return judgments_grid(
        frame,
        id="overall_summary.judgments",
        force=FORCES[force],
        forces=FORCES if national else None,
        areas=AREAS,
        **{**BASE, "period": "PEEL 2023–25", **more},
    )


def without(frame: pd.DataFrame, slug: str) -> pd.DataFrame:
    return frame[frame["force_code"] != FORCES[slug].code]


def _only_met() -> pd.DataFrame:
    return rates()[rates()["force_code"] == FORCES["met"].code]


CASES: dict[str, Callable[[], Chart]] = {
    "ski slope, extreme": lambda: ski("met", printed=19.6),
    "ski slope, small force": lambda: ski("dyfed-powys"),
    "ski slope, outlier": lambda: ski("city-of-london"),
    "ski slope, no value": lambda: ski("gmp", without(rates(), "greater-manchester")),
    "ski slope, long name": lambda: ski("hampshire", rates(outlier=False), printed=40.0),
    "ski slope, all equal": lambda: ski("kent", rates().assign(value=5.0, lower=5.0, upper=5.0)),
    "ski slope, zeros": lambda: ski("kent", rates(outlier=False).assign(value=0.0, lower=0.0, upper=3.0)),
    "ski slope, one force": lambda: ski("met", _only_met()),
    "ski slope, no force": lambda: ski("met", _only_met().iloc[:0]),
    "ski slope, changes": lambda: ski(
        "devon-and-cornwall",
        rates(outlier=False)[["force_code", "value"]].assign(value=lambda f: (f["value"] - 9) / 50),
        label="Change in officers over five years",
        unit="%",
        averages={"pooled": 0.021, "mean_of_forces": 0.019},
    ),
    "ski slope, 300 areas": lambda: ski("area-17", rates(300), many_areas()),
    "ski slope, hostile names": lambda: ski("kent", forces=hostile_forces(), label=HOSTILE),
    "ski slope, money": lambda: ski(
        "met",
        rates(outlier=False).assign(value=lambda f: f["value"] * 25_000).drop(columns=["lower", "upper"]),
        label="Funding",
        unit="£ per 1,000 population",
        decimals=0,
        averages={"pooled": 250_000.0, "mean_of_forces": 249_000.0},
    ),
    "funnel, extreme": lambda: fun("met"),
    "funnel, not by size": lambda: fun("met", by_size=False),
    "funnel, not by size, one force": lambda: fun("met", _only_met(), by_size=False),
    "funnel, not by size, no force": lambda: fun("met", _only_met().iloc[:0], by_size=False),
    "funnel, outlier": lambda: fun("city-of-london"),
    "funnel, small force": lambda: fun("dyfed-powys", without(rates(), "city-of-london")),
    "funnel, no value": lambda: fun("gmp", without(rates(), "greater-manchester")),
    "funnel, all equal": lambda: fun("kent", rates().assign(value=5.0)),
    "funnel, zeros": lambda: fun("kent", rates().assign(value=0.0), target=0.0),
    "funnel, one force": lambda: fun("met", _only_met()),
    "funnel, no force": lambda: fun("met", _only_met().iloc[:0]),
    "funnel, 300 areas": lambda: fun("area-17", rates(300), many_areas()),
    "funnel, hostile names": lambda: fun("kent", forces=hostile_forces(), size_label=HOSTILE),
    "trend, plain": lambda: line("met"),
    "trend, printed and a break": lambda: line(
        "met",
        printed=[("2015-03-31", 12.0), ("2023-09-30", 7.0), ("2023-09-30", 9.0, "England and Wales")],
        breaks=[("2017-03-31", "Vehicle-only searches are no longer counted from April 2016")],
    ),
    "trend, gaps": lambda: line(
        "gmp",
        gaps=[("2019-03-31", "2020-03-31", "the force could not supply data after a change of system")],
        breaks=[("2014-03-31", "New system"), ("2016-03-31", "New rules")],
    ),
    "trend, outlier": lambda: line(
        "dyfed-powys",
        series().assign(value=lambda f: f["value"].where(f["force_code"] != CITY, f["value"] * 20)),
    ),
    "trend, ends early": lambda: line(
        "kent",
        series()[(series()["force_code"] != FORCES["kent"].code) | (series()["period_end"] < "2018")],
    ),
    "trend, long name": lambda: line("hampshire"),
    "trend, all equal": lambda: line("kent", series().assign(value=5.0)),
    "trend, zeros": lambda: line("kent", series().assign(value=0.0)),
    "trend, one force": lambda: line(
        "met", series()[series()["force_code"] == FORCES["met"].code], averages=None
    ),
    "trend, one period": lambda: line("met", series(last=2012)),
    "trend, no value": lambda: line("met", series().iloc[:0]),
    "trend, 300 areas": lambda: line("area-17", series(300), many_areas()),
    "trend, hostile names": lambda: line("kent", forces=hostile_forces(), breaks=[("2016-03-31", HOSTILE)]),
    "trend, quarters": lambda: line(
        "met",
        pd.concat(
            [
                series().assign(period_end=[day.replace("03-31", end) for day in series()["period_end"]])
                for end in ("03-31", "06-30", "09-30", "12-31")
            ]
        ),
        time="quarter",
    ),
    "small multiples, nine": lambda: panels("met"),
    "small multiples, one scale": lambda: panels("hampshire", same_scale=True),
    "small multiples, gaps": lambda: panels(
        "city-of-london",
        frame=pd.DataFrame(
            [
                ("Robbery", "2020-03-31", 1.0, 2.0),
                ("Robbery", "2021-03-31", None, 2.1),
                ("Drug offences", "2022-03-31", None, None),
            ],
            columns=["panel", "period_end", "value", "average"],
        ),
    ),
    "small multiples, hostile": lambda: panels(
        "kent",
        frame=pd.DataFrame(
            {"panel": [HOSTILE], "period_end": ["2020-03-31"], "value": [0.0], "average": [0.0]}
        ),
    ),
    "tile map, extreme": lambda: tiles("met"),
    "tile map, national": lambda: tiles(None),
    "tile map, no value": lambda: tiles("gmp", without(rates(), "greater-manchester")),
    "tile map, all equal": lambda: tiles("kent", rates().assign(value=5.0)),
    "tile map, one force": lambda: tiles("met", _only_met()),
    "tile map, 300 areas": lambda: tiles("area-17", rates(300), many_areas()),
    "tile map, hostile names": lambda: tiles("kent", forces=hostile_forces()),
    "tile map, money": lambda: tiles(
        "met", rates().assign(value=lambda f: f["value"] * 25_000), unit="£ per 1,000 population", decimals=0
    ),
    "dot plot, audit": lambda: dots(AUDIT),
    "dot plot, two series": lambda: dots(
        [(*row, name) for row in AUDIT[:3] for name in ("Met", "All forces")], series=("Met", "All forces")
    ),
    "dot plot, many rows": lambda: dots([(f"Question {i} of the audit", i, 40) for i in range(30)]),
    "dot plot, hostile": lambda: dots([(HOSTILE, 3, 7)]),
    "process chart, a step": lambda: quarters("hampshire", [*STEADY[:20], 190.0, 200.0, 180.0, 195.0]),
    "process chart, no signal": lambda: quarters("kent", STEADY, adjusted=True),
    "process chart, a gap": lambda: quarters("met", [*STEADY[:8], float("nan"), *STEADY[9:]]),
    "process chart, all equal": lambda: quarters("kent", [5.0] * 24),
    "process chart, zeros": lambda: quarters("kent", [0.0] * 24),
    "process chart, shares by month": lambda: quarters(
        "dyfed-powys", [value / 200 for value in STEADY], unit="%", decimals=1, time="month", label=HOSTILE
    ),
    "disparity, plain": lambda: ratios("met", printed={"Black, Black British, Caribbean or African": 2.9}),
    "disparity, few cases": lambda: ratios(
        "dyfed-powys", [("Asian", (1, 9_000), 1.5), ("Black", (0, 3_000), 4.1), ("Mixed", (40, 900), 1.6)]
    ),
    "disparity, hostile": lambda: ratios("kent", [(HOSTILE, (10, 900), 1.5)]),
    "outcomes, plain": lambda: outcomes("met"),
    "outcomes, missing": lambda: outcomes("hampshire", [*OUTCOMES[:2], ("17 – Time limit", None, 0.003)]),
    "outcomes, zeros": lambda: outcomes("kent", [(name, 0.0, 0.0) for name, *_ in OUTCOMES]),
    "outcomes, hostile": lambda: outcomes("kent", [(HOSTILE, 0.2, 0.3)]),
    "structure, pyramid": lambda: ranks("hampshire"),
    "structure, one side": lambda: ranks(
        "met",
        sides=(),
        frame=pd.DataFrame(
            {
                "category": ["Asian", "Black, Black British, Caribbean or African", "White"],
                "value": [0.06, 0.0, None],
                "comparator_value": [0.2, 0.13, 0.55],
            }
        ),
        comparator="Population",
    ),
    "grades, one force": lambda: grades("met"),
    "grades, none stated": lambda: grades("kent"),
    "grades, national": lambda: grades("met", national=True),
}

CASES_OF_43 = [
    name
    for name in CASES
    if name.split(",")[0] in ("ski slope", "funnel") and "300" not in name and "hostile" not in name
]


@cache
def chart(name: str) -> Chart:
    """One of the cases, built once."""
    return CASES[name]()
