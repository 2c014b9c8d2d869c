"""Small files in the published layouts, written by the tests themselves; the figures are ours."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape


def write_csv(path: Path, rows: list[list[object]], *, encoding: str = "utf-8", bom: bool = False) -> Path:
    """Write rows as a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode(encoding))
    return path


class Xml(str):
    """A cell of an OpenDocument sheet as it stands in the file."""


def _ods_cell(value: object) -> str:
    if isinstance(value, Xml):
        return str(value)
    if value == "" or value is None:
        return "<table:table-cell/>"
    if isinstance(value, (int, float)):
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
    text = escape(str(value))
    return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'


def write_ods(
    path: Path,
    sheets: dict[str, list[list[object]]],
    *,
    hidden: str = "",
    hidden_rows: tuple[int, ...] = (),
    hidden_column: int | None = None,
    visibility: str = "collapse",
) -> Path:
    """Write sheets as the smallest OpenDocument spreadsheet a reader accepts.

    `hidden` names a sheet that is not shown; of the others, rows and a column (from 0) may not be.
    """
    unseen = f' table:visibility="{visibility}"'
    tables = "".join(
        f'<table:table table:name="{escape(name)}"'
        + (' table:style-name="hid">' if name == hidden else ">")
        + (
            f'<table:table-column table:number-columns-repeated="{hidden_column}"/><table:table-column{unseen}/>'
            if hidden_column
            else ""
        )
        + "".join(
            f"<table:table-row{unseen if place in hidden_rows else ''}>{''.join(map(_ods_cell, row))}</table:table-row>"
            for place, row in enumerate(rows)
        )
        + "</table:table>"
        for name, rows in sheets.items()
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
        'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" '
        'office:version="1.2"><office:automatic-styles><style:style style:name="hid" style:family="table">'
        '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": content,
        "META-INF/manifest.xml": manifest,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            # A fixed date, so that the same rows are the same bytes.
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return path


def write_xlsx(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """Write sheets as an Excel workbook."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, for saying that nothing changed."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


FORCE_NAMES = [
    "Avon & Somerset",
    "Bedfordshire",
    "Cambridgeshire",
    "Cheshire",
    "Cleveland",
    "Cumbria",
    "Derbyshire",
    "Devon & Cornwall",
    "Dorset",
    "Durham",
    "Dyfed-Powys",
    "Essex",
    "Gloucestershire",
    "Greater Manchester",
    "Gwent",
    "Hampshire",
    "Hertfordshire",
    "Humberside",
    "Kent",
    "Lancashire",
    "Leicestershire",
    "Lincolnshire",
    "London, City of",
    "Merseyside",
    "Metropolitan Police",
    "Norfolk",
    "North Wales",
    "North Yorkshire",
    "Northamptonshire",
    "Northumbria",
    "Nottinghamshire",
    "South Wales",
    "South Yorkshire",
    "Staffordshire",
    "Suffolk",
    "Surrey",
    "Sussex",
    "Thames Valley",
    "Warwickshire",
    "West Mercia",
    "West Midlands",
    "West Yorkshire",
    "Wiltshire",
]


def stop_search(path: Path, *, years: tuple[str, ...] = ("2021/22", "2022/23"), off_by: int = 0) -> Path:
    """Ethnicity facts and figures: 43 forces, British Transport Police and the national row."""
    header = ["geography", "time", "ethnicity", "legislation_type", "number_of_stop_and_searches"]
    header += ["total_excluding_unreported_ethnicity", "population_census", "rate_per_1000"]
    rows: list[list[object]] = [header]
    for year in years:
        counts = [100 + place for place in range(43)]
        rows.append(["All - excluding BTP", year, "All", "All", sum(counts) + off_by, sum(counts) - 43, 1, 1])
        for name, count in zip(FORCE_NAMES, counts, strict=True):
            people: object = "N/A" if name == "London, City of" else 100_000
            rows.append([name, year, "All", "All", count, count - 1, people, count / 100])
        rows.append(["British Transport Police", year, "All", "All", "N/A", "N/A", "N/A", "N/A"])
    return write_csv(path, rows)


def stop_search_ethnicity(path: Path, rows: list[list[object]] | None = None) -> Path:
    """Home Office stop and search counts by ethnic group."""
    body = (
        rows
        if rows is not None
        else [["2022/23", "Kent", "Asian", 12], ["2022/23", "Kent", "White", "1,204"]]
    )
    return write_csv(path, [["financial_year", "police_force", "ethnicity", "total_searches"], *body])


def stop_search_rates(path: Path) -> Path:
    """Ethnicity facts and figures: rates by group, under two header rows."""
    return write_csv(
        path,
        [
            ["", "All", "Asian", "Black", "Mixed", "White", "Other"],
            ["Police force area", *["Rate per 1,000"] * 6],
            ["All - excluding BTP", 8.7, 8.3, 23.7, 9.5, 5.8, 7.3],
            ["All - including BTP", 8.9, 8.5, 24.5, 9.9, 5.9, 7.5],
            ["British Transport Police", *["N/A"] * 6],
            ["Kent", 6.9, 3.7, 13.1, 9.1, 5.3, 10.0],
            ["London, City of", *["N/A"] * 6],
        ],
    )


TACTIC_COUNTS = {
    "Handcuffing, of which": 50,
    "Limb / Body restraints": 0,
    "Ground restraint": 19,
    "*Total Unarmed skills": 23,
    "Baton, of which": 0,
    "Irritant spray, of which": 0,
    "Spit and bite guard": 0,
    "Shield": 0,
    "CED": 8,
    "AEP, of which": 0,
    "*Total Firearms": 0,
    "Dog use, of which": 0,
    "Other / improvised": 0,
    "*Total Not reported": 4,
    "Tactical communication": 30,
}


def use_of_force(
    path: Path,
    *,
    year: int = 2019,
    by_force: bool = True,
    total: object = 90,
    met: object = 60,
    tactics: dict[str, object] | None = None,
    black: str = "Black (or Black British)",
    chinese: object = 1,
    city: str = "City of London",
    all_tactics: object = 100,
) -> Path:
    """A use of force workbook; `by_force` adds the table that came with 2018/19, of 100 `tactics`."""
    groups = ["White", black, "Asian (or Asian British)", "Chinese", "Mixed", "Other"]
    groups += ["Don't know", "Not reported"]
    sheets: dict[str, list[list[object]]] = {
        "Cover_sheet": [["Police use of force statistics"]],
        "Contents": [
            ["Table", "Title", "Period covered"],
            [12, "Incidents by police force", f"Year ending 31 March {year}"],
        ],
        "Table_4": [
            ["Table 4. Number of times tactics were used, by officer perceived ethnicity of subject"],
            ["", "", "Perceived ethnicity"],
            ["", "", *groups, "", "" if year < 2020 else "Total number of incidents"],
            ["Total number of incidents involving group", "", 50, 10, 8, 2, 5, 5, 6, 4],
        ],
        "Table_12": [
            ["Table 12. Incidents by police force"],
            ["Region", "Police force", "Total"],
            ["England and Wales", "Total England and Wales", total],
            ["London", "Total London ", 90],
            ["London", city, 30],
            ["London", "Metropolitan", met],
            ["", "", ""],
            ["Notes", "", ""],
            ["These figures do not represent all use of force.", "", ""],
        ],
    }
    if by_force:
        head = ["Police force", "Type of force", "Tactic", *groups, "Number of times tactic reported"]
        body = []
        for name in ("Total England and Wales", "Metropolitan"):
            body += [
                [name, "Total", "*Total Tactics", 60, 12, 9, chinese, 6, 5, 4, 3, all_tactics],
                [name, "Restraint", "*Total Restraint", 40, 8, 6, 1, 4, 3, 4, 3, 69],
                [name, "Restraint", "Compliant handcuffing", ":", ":", ":", ":", ":", ":", ":", ":", ":"],
            ]
            counts = TACTIC_COUNTS if tactics is None else tactics
            body += [[name, "x", label, *[0] * 8, count] for label, count in counts.items()]
        sheets["Table_16"] = [
            ["Table 16. Number of times tactics were used, by police force and officer perceived ethnicity"],
            ["", "", "", "Perceived ethnicity"],
            head,
            *body,
            ["", "", ""],
            ["Notes"],
        ]
    return write_ods(path, sheets)


CITY, VOLUNTEER = "E23000034", "Police Support Volunteer"

WORKFORCE_HEADER: list[object] = ["As at 31 March...", "Geo code", "Force Name", "Region", "Sex"]
WORKFORCE_HEADER += ["Rank description", "Worker type", "Total (headcount)", "Total (FTE)"]


def workforce(path: Path, rows: list[list[object]] | None = None, header: list[object] | None = None) -> Path:
    """The workforce open data table: a sheet of notes and the data."""
    body = rows or [
        [2022, "E23000032", "Kent", "South East", "Female", "Constable", "Police Officer", 1200, 1150.25],
        [
            2022,
            "E23000032",
            "Kent",
            "South East",
            "Male",
            "Special Constable",
            "Special constable",
            90,
            "N/A",
        ],
        [2022, "N/A", "British Transport Police", "N/A", "Male", "Constable", "Police Officer", 5, 5.0],
        [2022, CITY, "London, City of", "London", "Male", VOLUNTEER.lower(), VOLUNTEER, 3, "N/A"],
    ]
    sheets = {"Notes": [["", "Police workforce"]], "Data": [header or WORKFORCE_HEADER, *body]}
    return write_ods(path, sheets)


def lookup(path: Path, *, kent: str = "E23000032") -> Path:
    """The district lookup: four districts, one of them split between two partnerships, with a BOM."""
    header = ["LAD23CD", "LAD23NM", "CSP23CD", "CSP23NM", "PFA23CD", "PFA23NM", "ObjectId"]
    rows: list[list[object]] = [
        header,
        ["E07000105", "Ashford", "E22000182", "Ashford", kent, "Kent", 1],
        ["E07000106", "Canterbury", "E22000183", "Canterbury", "E23000032", "Kent", 2],
        ["E06000063", "Cumberland", "E22000031", "Allerdale", "E23000002", "Cumbria", 3],
        ["E06000063", "Cumberland", "E22000033", "Carlisle", "E23000002", "Cumbria", 4],
        ["W06000001", "Isle of Anglesey", "W22000001", "Anglesey", "W15000001", "North Wales", 5],
    ]
    return write_csv(path, rows, bom=True)


def population(path: Path, *, national: int = 1000, without: str = "", unknown: str = "") -> Path:
    """Mid-year estimates: sheet MYE4, headings below the notes."""
    body: list[list[object]] = [
        ["K04000001", "ENGLAND AND WALES", "Country", national, 990],
        ["E07000105", "Ashford", "Non-metropolitan District", 400, 395],
        ["E07000106", "Canterbury", "Non-metropolitan District", 300, 300],
        ["E06000063", "Cumberland", "Unitary Authority", 200, 197],
        ["W06000001", "Isle of Anglesey", "Unitary Authority", 100, 98],
        ["S12000033", "Aberdeen City", "Council Area", 50, 49],
    ]
    rows: list[list[object]] = [
        ["MYE4: Population estimates: Summary"],
        ["This worksheet contains one table."],
        ["Code", "Name", "Geography", "Mid-2022", "Mid-2021"],
        *[[*row[:3], "[x]", row[4]] if row[0] == unknown else row for row in body if row[0] != without],
    ]
    return write_xlsx(path, {"Cover sheet": [["Mid-year estimates"]], "MYE4": rows})


CENSUS_DISTRICTS = {
    "E07000105": "Ashford",
    "E07000106": "Canterbury",
    "E07000026": "Allerdale",
    "E07000028": "Carlisle",
    "E07000029": "Copeland",
    "W06000001": "Isle of Anglesey",
}


def census_rows(**cells: object) -> list[list[object]]:
    """Every district by each of the 19 groups: nobody lives there, but where `cells` says otherwise.

    A cell is named by the district and the last word of the group: `Ashford_Irish=10`.
    """
    from peelbook.sources.publications.population_ethnicity import GROUPS

    rows: list[list[object]] = []
    for code, name in CENSUS_DISTRICTS.items():
        for group in GROUPS:
            rows.append([code, name, group, cells.get(f"{name}_{group.split()[-1]}", 0)])
    return rows


def census(path: Path, rows: list[list[object]] | None = None) -> Path:
    """Census 2021 ethnic groups by district; Allerdale, Carlisle and Copeland no longer exist."""
    body = rows or census_rows(Ashford_Irish=10, Canterbury_Irish=7, Canterbury_Arab=3, Allerdale_Irish=4)
    return write_csv(path, [["ltla21_code", "ltla21_name", "ethnic_group", "value"], *body])


CRIME_HEADER: list[object] = ["Financial Year", "Financial Quarter", "Force Name", "Offence Description"]
CRIME_HEADER += ["Offence Group", "Offence Subgroup", "Offence Code", "Number of Offences"]


def recorded_crime(
    path: Path, rows: list[list[object]] | None = None, *, last: list[object] | None = None
) -> Path:
    """The force area tables: a sheet of notes and a sheet a year; `last` is the last one's header."""
    robbery, theft = ["Robbery", "Robbery of personal property"], ["Theft offences", "Shoplifting"]
    first = [
        ["2021/22", 1, "Kent", "Robbery of personal property", *robbery, "34B", 120],
        ["2021/22", 1, "Kent", "Robbery, other", *robbery, "34C", -3],
        ["2021/22", 1, "Action Fraud", "Fraud", "Fraud offences", "Fraud: Action Fraud", "AF", 9999],
        ["2021/22", 1, "London, City of", "Shoplifting", *theft, "46", 14],
    ]
    second = [["2022/23", 4, "Kent", "Shoplifting", *theft, "46", 81]]
    return write_ods(
        path,
        {
            "Notes": [["Police recorded crime open data"]],
            "2021-22": [["Table title"], CRIME_HEADER, *(rows if rows is not None else first)],
            "2022-23": [["Table title"], last or CRIME_HEADER, *second],
        },
    )


CHARGES_HEADER: list[object] = ["force", "fy", "basis", "offence_group", "charged_summonsed"]


def charges(path: Path) -> Path:
    """Charges: a force that supplied nothing, one that supplied a quarter, and two ordinary ones."""
    return write_csv(
        path,
        [
            CHARGES_HEADER,
            ["Cumbria", "2014/15", "recorded", "Robbery", 0],
            ["Cumbria", "2014/15", "recorded", "Theft offences", 0],
            ["Cumbria", "2014/15", "closed", "Robbery", 20],
            ["Metropolitan Police", "2014/15", "recorded", "Robbery", 70],
            ["Metropolitan Police", "2015/16", "recorded", "Robbery", 280],
            ["Kent", "2014/15", "recorded", "Robbery", 0],
            ["Kent", "2014/15", "recorded", "Theft offences", 31],
            ["British Transport Police", "2014/15", "recorded", "Robbery", 5],
        ],
    )


def charges_quarterly(path: Path) -> Path:
    """Charges and assigned outcomes by quarter."""
    header = ["area", "fy", "q", "closed_charged", "closed_assigned", "recorded_charged", "recorded_oocd"]
    header += ["recorded_assigned"]
    return write_csv(
        path,
        [
            header,
            ["Metropolitan Police", "2014/15", 3, 40, 90, 0, 0, 0],
            ["Metropolitan Police", "2014/15", 4, 44, 95, 30, 0, 80],
            ["England and Wales incl. BTP (44 forces)", "2014/15", 4, 400, 900, 300, 90, 800],
        ],
    )


RECORD_HEADER: list[object] = [
    "Type",
    "Date",
    "Part of a policing operation",
    "Policing operation",
    "Latitude",
]
RECORD_HEADER += ["Longitude", "Gender", "Age range", "Self-defined ethnicity", "Officer-defined ethnicity"]
RECORD_HEADER += ["Legislation", "Object of search", "Outcome", "Outcome linked to object of search"]
RECORD_HEADER += ["Removal of more than just outer clothing"]


def record(minute: int, **changes: str) -> list[object]:
    """One stop and search record of March 2023."""
    cells = dict.fromkeys(map(str, RECORD_HEADER), "")
    cells |= {
        "Type": "Person search",
        "Date": f"2023-03-05T10:{minute:02d}:00+00:00",
        "Self-defined ethnicity": "White - Irish",
        "Object of search": "Controlled drugs",
        "Outcome": "Arrest",
    }
    return list((cells | changes).values())


def records(path: Path, rows: list[list[object]] | None = None) -> Path:
    """A monthly file of data.police.uk."""
    body = rows or [
        record(0),
        record(1, Outcome="Suspect arrested"),
        record(2, **{"Self-defined ethnicity": "Black/African/Caribbean/Black British - African"}),
        record(3, **{"Self-defined ethnicity": "Other ethnic group - Not stated", "Outcome": ""}),
        record(4, Type="Vehicle search"),
    ]
    return write_csv(path, [RECORD_HEADER, *body])


def judgments(path: Path, rows: list[list[object]] | None = None) -> Path:
    """Grades with their sources."""
    page = "https://example.org/kent"
    body = rows or [
        ["Kent", "2023-25", "inv", "Investigating crime", "Good", "stated", page],
        ["Kent", "2023-25", "resp", "Responding to the public", "Adequate", "inferred", page],
    ]
    return write_csv(path, [["force", "cycle", "area_code", "area", "grade", "basis", "url"], *body])
