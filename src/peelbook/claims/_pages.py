"""Verdicts on pages: the box of a section, the reproduction report, the machine-readable file.

Everything is built from verdicts, so a page cannot say what the evaluator did not.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files as package_files
from typing import TYPE_CHECKING, Any

from peelbook import blocks, contracts, display, formats, paths
from peelbook.claims import _wording
from peelbook.claims._check import SIGNATURES
from peelbook.claims._cross_checks import KINDS, CrossCheck, cross_checks
from peelbook.claims._evaluate import evaluate
from peelbook.claims._labels import LabelCheck, label_agreement, two_averages
from peelbook.claims._ledger import TABLE, Claim, not_filled, reported
from peelbook.claims._read import claim_of
from peelbook.claims._verdict import VERDICTS, Alternative, Verdict
from peelbook.sections import SectionName, of_cycle
from peelbook.util.spreadsheets import to_csv

if TYPE_CHECKING:
    from peelbook.catalogue import Catalogue

#: Version of the layout of claims.json: a change that could break a reader raises it.
FORMAT = 2

#: What is said beside an agreement that could hardly have come out otherwise.
WEAK = "A weak test: one unit more or less in the last printed place would have agreed as well."


def printed(claim: Claim | Mapping[str, Any]) -> str:
    """Return a claim's value as the report prints it: `£4.33 billion`, `78.9%`, `more than 50`, `2 of 26`.

    Takes a `Claim`, or a row of the table `claims`. A grade or a comparison gives its words.
    """
    return _wording.printed(claim if isinstance(claim, Claim) else claim_of(claim))


def summary(verdicts: Sequence[Verdict]) -> dict[str, dict[str, int]]:
    """Return how many claims have each verdict, by section in the order of the report, then in all.

    The keys are section stems and `"all"`; the values have every verdict, zero included.
    """
    counts: dict[str, dict[str, int]] = {}
    for section in _sections(verdicts):
        own = [item for item in verdicts if item.claim.section == section.stem]
        if own:
            counts[section.stem] = _counts(own)
    return {**counts, "all": _counts(verdicts)}


def _sections(verdicts: Sequence[Verdict]) -> tuple[SectionName, ...]:
    """The sections as the cycle of these claims' report orders and names them; the book's own for several cycles."""
    cycles = {item.claim.cycle for item in verdicts}
    return of_cycle(cycles.pop() if len(cycles) == 1 else "")


def _by_report(verdicts: Sequence[Verdict], catalogue: Catalogue | None) -> list[dict[str, Any]]:
    """The reports of these claims, each with its force and how many of its claims have each verdict.

    With a catalogue, how many rows of each wait to be filled in stands beside them: they are no claims.
    """
    found: dict[tuple[str, str], list[Verdict]] = {}
    for item in verdicts:
        found.setdefault((item.claim.report, item.claim.force_code), []).append(item)
    return [
        {
            "report": report,
            "force_code": code,
            "totals": _counts(own),
            "not_filled": None if catalogue is None else not_filled(catalogue, code),
        }
        for (report, code), own in found.items()
    ]


def _counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    return {name: sum(item.verdict == name for item in verdicts) for name in VERDICTS}


def rows(catalogue: Catalogue, verdicts: Sequence[Verdict]) -> list[dict[str, str]]:
    """Return one record a claim for a page, all of text.

    Keys: claim_id, section, heading, statement, printed, computed, computed_note, gap, verdict, icon,
    summary, reason, cause, source, source_url, publisher. `summary` is the reason in short. `source` names the table
    that the computed figure rests on, or the publication that would settle the claim.
    """
    return [_row(catalogue, item) for item in verdicts]


def _row(catalogue: Catalogue, verdict: Verdict) -> dict[str, str]:
    claim = verdict.claim
    source, url, publisher = _source(catalogue, verdict)
    return {
        "claim_id": claim.claim_id,
        "section": claim.section,
        "heading": claim.heading,
        "statement": claim.statement,
        "printed": _wording.printed(claim),
        "computed": verdict.computed_text,
        "gap": "" if verdict.gap is None or not verdict.gap else _wording.gap(claim, verdict.gap),
        "verdict": verdict.verdict,
        "icon": _wording.ICONS[verdict.verdict],
        "basis": claim.basis,
        "computed_note": verdict.computed_note,
        "summary": verdict.summary,
        "weak": WEAK if verdict.weak else "",
        "reason": verdict.reason,
        "cause": verdict.cause,
        "source": source,
        "source_url": url,
        "publisher": publisher,
    }


def _source(catalogue: Catalogue, verdict: Verdict) -> tuple[str, str, str]:
    """The title, page and publisher of the first open table behind a verdict, else of the report, else a publication."""
    names = [name for name in verdict.tables if name != TABLE and catalogue.has(name)]
    names += [TABLE] if TABLE in verdict.tables and catalogue.has(TABLE) else []
    if not names:
        return _wording.publication(verdict.claim), "", ""
    provenance = catalogue.provenance(names[0])
    url = provenance.page_url if provenance.page_url.startswith(("https://", "http://")) else ""
    return provenance.title, url, provenance.publisher


def box(catalogue: Catalogue, force_code: str, section: str) -> blocks.Block:
    """Return the box of a section: its printed numbers with their verdicts, folded under one line.

    Raises what `evaluate` raises.
    """
    verdicts = evaluate(catalogue, force_code, section=section)
    records = rows(catalogue, verdicts)
    counts = _counts(verdicts)
    totals = formats.joined(_wording.tally(name, count) for name, count in counts.items() if count)
    noun = formats.counted(len(verdicts), "printed number", "printed numbers")
    line = f"{noun} on this page, checked: {totals or 'none'}"
    legend = [
        {"icon": _wording.ICONS[name], "verdict": name, "meaning": _wording.MEANINGS[name]}
        for name in VERDICTS
        if counts[name]
    ]
    return blocks.claims(line, legend, [_shown(record) for record in records])


def _shown(record: Mapping[str, str]) -> dict[str, Any]:
    """What a row of the ledger shows of a claim's record: nothing twice."""
    note, source = record["computed_note"], record["source"]
    said = source in record["reason"]
    return {
        **{name: record[name] for name in ("icon", "verdict", "statement", "printed", "summary", "weak")},
        "computed": record["computed"] or "–",
        "of": note,
        "source": "" if said else source,
        "source_url": "" if said else record["source_url"],
        "reason": "" if record["reason"] == record["summary"] else record["reason"],
    }


#: Ways to cite a claim, from its title, its publishers and its anchor on the page: the name and the text of each.
Cite = Callable[[str, Sequence[str], str], Sequence[tuple[str, str]]]


def _ledger_table(
    caption: str, records: Sequence[Mapping[str, str]], whose: str, cite: Cite | None = None
) -> str:
    """The table of claims on the report's page: each row can be linked to and is marked for the filter.

    With `cite`, each row also has its citation, which names whose report it is.
    """
    rows = [
        {
            **_shown(record),
            "id": f"claim-{record['claim_id']}",
            "css": f"pb-is-{_slug(record['verdict'])} pb-in-{record['section']} pb-on-{_slug(record['basis'])}",
            "claim": record["claim_id"],
            "share": _share(record, whose, cite) if cite else [],
        }
        for record in records
    ]
    return blocks.ledger(caption, rows)


def _share(record: Mapping[str, str], whose: str, cite: Cite) -> list[dict[str, Any]]:
    """The ways to cite a claim, each with its name and its lines, in parts: two spaces stand between them."""
    title = f"{record['statement'].rstrip('.')} (claim {record['claim_id']} of the report on {whose})"
    found = cite(title, [record["publisher"]] if record["publisher"] else [], f"claim-{record['claim_id']}")
    return [{"name": name, "lines": [line.split("  ") for line in text.split("\n")]} for name, text in found]


def _slug(words: str) -> str:
    """A verdict or basis as a class of the style sheet: `reproduced-own-data`."""
    return words.lower().replace(":", "").replace(" ", "-")


def _cards(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()
) -> str:
    """A table of text, each row of which is a card on a phone."""
    kinds = [' class="pb-number"' if place in numeric else "" for place in range(len(heads))]
    body = []
    for row in rows:
        cells = "".join(
            f'<td role="cell" data-label="{display.escape(head)}"{kind}>{display.escape(cell)}</td>'
            for head, kind, cell in zip(heads[1:], kinds[1:], row[1:], strict=True)
        )
        body.append(
            f'<tr role="row"><th role="rowheader" scope="row">{display.escape(row[0])}</th>{cells}</tr>'
        )
    return blocks.ledger_frame(caption, heads, numeric, "".join(body))


def _note_html(record: Mapping[str, str]) -> str:
    """What a computed figure is of, unless the reason has said so."""
    note = record["computed_note"]
    return f"Computed: {display.escape(note)}." if note and note not in record["summary"] else ""


# --- the report page


def report_markdown(
    catalogue: Catalogue,
    force_code: str = "",
    *,
    files: str = "../claims",
    methods: str = "methods.md",
    cite: Cite | None = None,
) -> str:
    """Return the reproduction report of one force as MyST: totals, differences first, then every claim.

    `force_code` defaults to the first report in the ledger. `files` leads from the page to the files
    to take away, without their ends `.json` and `.csv`; `methods` to the page of methods where there is one. `cite` gives each claim's citation; without it
    there is none. Needs no script: the filter is a pair of radio groups that the style sheet reads, and without it
    every row shows. The search needs one, and is hidden without it.
    """
    force_code = force_code or reported(catalogue)[0].force_code
    force = catalogue.forces[force_code]
    verdicts = evaluate(catalogue, force_code)
    if not verdicts:
        return (
            f"Nobody has entered the report on {force.full_name} yet. `peelbook claims new --force {force.slug}` "
            "makes a skeleton to fill in.\n"
        )
    found = cross_checks(catalogue, force_code)
    parts = [
        f"{_holds(len(verdicts), f'the report on {force.full_name} prints')}{_open(catalogue, force_code)} The "
        "differences come first.",
        _totals(verdicts),
        _take_away("Take it away", files),
        "## Differences",
        _differences(catalogue, verdicts),
        "## Figures that should agree with one another",
        _ties_section(found),
        "## Two averages",
        "The report gives one average for each comparison and does not say which kind. For each we compute both, "
        "and leave out the City of London in a second pair.",
        _averages_table(verdicts),
        "## “Higher” and “lower than expected”",
        _labels_section(label_agreement(catalogue, force_code), methods),
        "## Every claim",
        _filter(verdicts),
        _ledger_table(
            f"All claims of the report on {force.full_name}",
            rows(catalogue, verdicts),
            force.full_name,
            cite,
        ),
        "</div>",
    ]
    return "\n\n".join(parts) + "\n"


def _holds(count: int, who_prints: str) -> str:
    """How many numbers a ledger holds, and that each has a verdict, as a sentence."""
    what = formats.counted(count, "number or comparison", "numbers and comparisons")
    each = "" if count == 1 else "each "
    return f"The ledger holds {what} that {who_prints}, {each}with a verdict that code computes when the book is built."


def _open(catalogue: Catalogue, force_code: str) -> str:
    """That rows of a ledger wait to be filled in, as a sentence; empty where none does."""
    count = not_filled(catalogue, force_code)
    return (
        f" {_wording.to_fill_in(count).capitalize()}, and {'is' if count == 1 else 'are'} no claim."
        if count
        else ""
    )


def _take_away(words: str, files: str) -> str:
    return (
        f"{words}: [JSON]({files}.json) (verdicts, exact computed values, alternatives, data hashes) "
        f"or [CSV]({files}.csv) (the claims as printed, with their evidence)."
    )


def _totals(verdicts: Sequence[Verdict]) -> str:
    titles = {section.stem: section.short for section in _sections(verdicts)} | {"all": "All sections"}
    counts = {titles[name]: row for name, row in summary(verdicts).items()}
    return _totals_table("Claims by section and verdict", "Section", counts)


def _totals_table(caption: str, what: str, counts: Mapping[str, Mapping[str, int]]) -> str:
    """How many claims have each verdict, a row for each name; verdicts that no claim has are left out."""
    used = [name for name in VERDICTS if any(row[name] for row in counts.values())]
    body = [
        [name, *(f"{row[verdict]:,}" for verdict in used), f"{sum(row.values()):,}"]
        for name, row in counts.items()
    ]
    columns = [what, *(f"{_wording.ICONS[name]} {name.capitalize()}" for name in used), "Claims"]
    numeric = [False, *[True] * (len(used) + 1)]
    return display.table_html(caption, columns, body, numeric=numeric, css="pb-table pb-totals")


def overview_markdown(catalogue: Catalogue, pages: Mapping[str, str], *, base: str = "../") -> str:
    """Return the ledger of all reports as MyST: how many claims have each verdict, report by report, and their pages.

    `pages` leads from the id of each report to the address of its own page (`report_markdown`). `base` leads to the
    folder of `claims.json` and `claims.csv`.
    """
    found = {entered: evaluate(catalogue, entered.force_code) for entered in reported(catalogue)}
    if not found:
        return "Nobody has entered a report yet. `peelbook claims read` drafts the ledger of one.\n"
    every = [item for own in found.values() for item in own]
    names = {entered: catalogue.forces[entered.force_code].full_name for entered in found}
    counts = {catalogue.forces[entered.force_code].name: _counts(own) for entered, own in found.items()}
    if len(found) > 1:
        counts["All reports"] = _counts(every)
    how_many = (
        "one report of HMICFRS prints"
        if len(found) == 1
        else f"{formats.cardinal(len(found))} reports of HMICFRS print"
    )
    entries = []
    for entered, own in found.items():
        broken = sum(not tie.holds for tie in cross_checks(catalogue, entered.force_code))
        differing = _counts(own)["differs"]
        entries.append(
            f"- [The report on {names[entered]}]({pages[entered.report]}), "
            f"{own[0].claim.cycle.replace('-', '–')} inspections: {formats.counted(len(own), 'claim', 'claims')}."
            f"{_open(catalogue, entered.force_code)} {formats.counted(differing, 'differs', 'differ')} from what can "
            f"be computed, and {_agreement(broken)}. On its own: "
            f"[JSON]({base}{FOLDER}/{entered.report}.json), "
            f"[CSV]({base}{FOLDER}/{entered.report}.csv)."
        )
    meanings = [
        f"- {_wording.ICONS[name]} **{name.capitalize()}**: {_wording.MEANINGS[name]}"
        for name in VERDICTS
        if any(row[name] for row in counts.values())
    ]
    parts = [
        _holds(len(every), how_many),
        _totals_table("Claims by report and verdict", "Report on", counts),
        "\n".join(meanings),
        "## Reports",
        "\n".join(entries),
        _take_away("All of it", f"{base}claims"),
    ]
    return "\n\n".join(parts) + "\n"


def _agreement(broken: int) -> str:
    """Whether the figures of one report agree with one another, as words; `broken` ties do not hold."""
    if not broken:
        return "its own figures agree with one another"
    places = "place" if broken == 1 else "places"
    return f"in {formats.cardinal(broken)} {places} its own figures do not agree with one another"


def _differences(catalogue: Catalogue, verdicts: Sequence[Verdict]) -> str:
    differing = [item for item in verdicts if item.verdict == "differs"]
    if not differing:
        return "No claim differs."
    open_ = [item for item in differing if item.cause == "unexplained"]
    if len(differing) == 1:
        lead = f"One claim differs from what can be computed, and {'nothing' if open_ else 'something'} that was tested accounts for it."
    else:
        lead = (
            f"{formats.cardinal(len(differing)).capitalize()} claims differ from what can be computed. "
            f"Something that was tested accounts for {formats.cardinal(len(differing) - len(open_))} of them; "
            f"nothing accounts for {formats.cardinal(len(open_))}."
        )
    heads = ("Claim", "As printed", "Computed", "Gap", "What accounts for it")
    body = []
    for item in sorted(differing, key=lambda one: one.cause != "unexplained"):
        record = _row(catalogue, item)
        note = _note_html(record)
        body.append(
            f'<tr role="row"><th role="rowheader" scope="row"><a href="#claim-{record["claim_id"]}">{display.escape(record["statement"])}</a></th>'
            f'<td role="cell" data-label="{heads[1]}" class="pb-number">{display.escape(record["printed"])}</td>'
            f'<td role="cell" data-label="{heads[2]}" class="pb-number">{display.escape(record["computed"])}</td>'
            f'<td role="cell" data-label="{heads[3]}" class="pb-number">{display.escape(record["gap"] or "–")}</td>'
            f'<td role="cell" data-label="{heads[4]}">{display.escape(record["summary"])} {note}{_tried(item)}</td></tr>'
        )
    caption = "Claims that differ, those that nothing accounts for first"
    return f"{lead}\n\n{blocks.ledger_frame(caption, heads, (1, 2, 3), ''.join(body))}"


def _tried(verdict: Verdict) -> str:
    """The reason in full and every alternative, folded away."""
    items = "".join(
        f"<li>{display.escape(_wording.CAUSES[item.kind].capitalize())}: {display.escape(item.label)} gives "
        f"{display.escape(_wording.computed(verdict.claim, item.value))}{' (fits)' if item.fits else ''}</li>"
        for item in verdict.alternatives
    )
    tested = f"<p>Tested:</p><ul>{items}</ul>" if items else ""
    return f"<details><summary>In full</summary><p>{display.escape(verdict.reason)}</p>{tested}</details>"


def _ties_section(found: Sequence[CrossCheck]) -> str:
    broken = [tie for tie in found if not tie.holds]
    if not found:
        hold = "."
    elif not broken:
        hold = "; all hold within the rounding of what is printed."
    else:
        do = "does" if len(broken) == 1 else "do"
        hold = f"; {formats.cardinal(len(broken))} {do} not hold within the rounding of what is printed."
    lead = (
        f"Beside the evidence of each claim, the printed figures were searched for arithmetic that should hold. "
        f"{formats.counted(len(found), 'such tie was', 'such ties were')} found{hold}"
    )
    parts = [lead]
    if broken:
        parts.append(_ties_table("Ties that do not hold", broken))
    good = [tie for tie in found if tie.holds]
    if good:
        table = _ties_table("Ties that hold", good)
        summary = "The tie that holds" if len(good) == 1 else f"The {len(good)} ties that hold"
        parts.append(f"<details><summary>{summary}</summary>{table}</details>")
    return "\n\n".join(parts)


def _ties_table(caption: str, found: Sequence[CrossCheck]) -> str:
    body = [[KINDS[tie.kind], tie.says, tie.gives, tie.note] for tie in found]
    return _cards(caption, ["Kind", "The report prints", "Beside it", "Note"], body)


def _averages_table(verdicts: Sequence[Verdict]) -> str:
    body = []
    without = 0
    for item, averages in two_averages(list(verdicts)):
        if not averages:
            without += 1
            continue
        for one in averages:
            body.append(
                [
                    item.claim.heading,
                    _wording.printed(item.claim),
                    one.label,
                    _wording.computed(item.claim, one.value),
                    "fits" if one.fits else _wording.gap(item.claim, one.value - (item.claim.value or 0)),
                ]
            )
    further = formats.counted(without, "further average", "further averages")
    note = (
        f"\n\nFor {further} in the report there are no data for all forces here; the table of all claims names what "
        "is missing."
        if without
        else ""
    )
    table = _cards(
        "The report's averages beside the averages that can be computed",
        ["Average in the report", "As printed", "Kind of average", "Computed", "Fit"],
        body,
        numeric=(1, 3, 4),
    )
    return table + note


def _labels_section(checks: Sequence[LabelCheck], methods: str) -> str:
    tested = [check for check in checks if check.funnel or check.distance]
    page = f"[methods page]({methods})" if methods else "methods page"
    lead = (
        f"HMICFRS does not publish its rule for these words. Ours are on the {page}. "
        f"Of {formats.counted(len(checks), 'labelled comparison', 'labelled comparisons')} with other forces, "
        f"{formats.counted(len(tested), 'has', 'have')} data for all forces here."
    )
    for strict, words in (
        (True, "Where the report says *expected* or *significantly*"),
        (False, "Where it only says *higher* or *lower*, and the direction is all that can be compared"),
    ):
        # One figure may be labelled in two places of the report; it counts once.
        distinct = {
            (check.measure, check.period, check.side): check for check in tested if check.strict is strict
        }.values()
        counts = []
        for rule, name in (("funnel", "funnel rule"), ("distance", "distance rule")):
            decided = [check for check in distinct if check.agrees(rule) is not None]
            agreed = sum(bool(check.agrees(rule)) for check in decided)
            counts.append(f"the {name} agrees in {agreed} of {len(decided)}")
        if distinct:
            lead += f" {words}, {formats.joined(counts)}."
    body, spread = [], []
    for check in tested:
        body.append(
            [
                check.claim.heading,
                check.claim.label,
                check.period,
                *(_rule(check, rule) for rule in ("funnel", "distance")),
            ]
        )
        spread += [
            [
                check.claim.heading,
                f"{rule} rule",
                str(high),
                str(within),
                str(low),
                f"{check.same} of {check.both}",
            ]
            for rule, high, within, low in check.counts
        ]
    tables = [
        _cards(
            "The report's word and the word of each rule",
            ["Comparison", "The report's word", "Data", "Funnel rule", "Distance rule"],
            body,
        ),
        _cards(
            "How many forces each rule calls higher, within and lower, and how many get the same word from both",
            ["Comparison", "Rule", "Higher", "Within", "Lower", "Same word"],
            spread,
            numeric=(2, 3, 4, 5),
        ),
    ]
    missing = [
        [check.claim.heading, check.claim.label, check.reason] for check in checks if check not in tested
    ]
    if missing:
        table = _cards("Labelled comparisons without data", ["Comparison", "Word", "Why"], missing)
        tables.append(f"<details><summary>The {len(missing)} without data</summary>{table}</details>")
    return "\n\n".join([lead, *tables])


def _rule(check: LabelCheck, rule: str) -> str:
    word, score = getattr(check, rule), check.z if rule == "funnel" else check.sd_distance
    if word is None or score is None:
        return "cannot say"
    return f"{word} ({formats.signed(score, 1)} standard {'errors' if rule == 'funnel' else 'deviations'})"


def _bases(verdicts: Sequence[Verdict]) -> list[str]:
    """The bases of these claims, in the order of the contract."""
    (field,) = (item for item in contracts.load(TABLE)["fields"] if item["name"] == "basis")
    known = field["constraints"]["enum"]
    return [name for name in known if any(item.claim.basis == name for item in verdicts)]


#: The search needs a script, which shows it.
_FIND = (
    '<div class="pb-ledger-find" role="search" hidden><label>Search the claims <input type="search" autocomplete="off">'
    '</label> <span role="status"></span></div>'
)


def _filter(verdicts: Sequence[Verdict]) -> str:
    """Three radio groups before the table. The style sheet hides rows by what is checked."""
    counts = _counts(verdicts)
    present = [
        section for section in _sections(verdicts) if any(v.claim.section == section.stem for v in verdicts)
    ]
    groups = (
        (
            "pb-filter-verdict",
            "Verdict",
            [
                ("all", "All"),
                *((_slug(name), name.capitalize()) for name in VERDICTS if counts[name]),
            ],
        ),
        (
            "pb-filter-basis",
            "Where the report has it from",
            [
                ("all", "All"),
                *((f"on-{_slug(name)}", name[:1].upper() + name[1:]) for name in _bases(verdicts)),
            ],
        ),
        (
            "pb-filter-section",
            "Section",
            [("all", "All"), *((section.stem, section.short) for section in present)],
        ),
    )
    html = []
    for name, legend, options in groups:
        radios = "".join(
            f'<label><input type="radio" name="{name}" value="{value}"{" checked" if value == "all" else ""}> '
            f"{display.escape(text)}</label>"
            for value, text in options
        )
        html.append(f'<fieldset class="pb-filter"><legend>{legend}</legend>{radios}</fieldset>')
    return f'<div class="pb-ledger-view">{_FIND}{"".join(html)}'


# --- files


def to_json(
    verdicts: Sequence[Verdict], catalogue: Catalogue | None = None, found: Sequence[CrossCheck] = ()
) -> dict[str, Any]:
    """Return verdicts as plain data with a fixed order, for `claims.json`.

    Figures are decimal text (twelve significant digits) and, where computed, an exact fraction as well. With
    a catalogue, the hash of each table used stands beside them, and how many rows of each report are not filled in.
    """
    tables = sorted({name for item in verdicts for name in item.tables})
    hashes = {}
    if catalogue is not None:
        hashes = {
            name: catalogue.provenance(name).table_sha256
            for name in tables
            if name != TABLE and catalogue.has(name)
        }
    return {
        "format": FORMAT,
        "verdicts": {
            name: {"icon": _wording.ICONS[name], "meaning": _wording.MEANINGS[name]} for name in VERDICTS
        },
        "totals": summary(verdicts),
        "reports": _by_report(verdicts, catalogue),
        "tables": hashes,
        "claims": [_claim_json(item) for item in verdicts],
        "ties": [
            {
                "report": verdicts[0].claim.report if verdicts else None,
                "kind": tie.kind,
                "name": tie.name,
                "claims": list(tie.claims),
                "says": tie.says,
                "gives": tie.gives,
                "holds": tie.holds,
                "note": tie.note,
            }
            for tie in found
        ],
    }


def _claim_json(item: Verdict) -> dict[str, Any]:
    claim = item.claim
    return {
        "claim_id": claim.claim_id,
        "report": claim.report,
        "force_code": claim.force_code,
        "section": claim.section,
        "heading": claim.heading,
        "statement": claim.statement,
        "quantity": claim.quantity,
        "subject": claim.subject,
        "value": _wording.number(claim.value),
        "sense": claim.sense or None,
        "unit": claim.unit,
        "decimals": claim.decimals if claim.value is not None else None,
        "numerator": claim.numerator,
        "denominator": claim.denominator,
        "period_end": None if claim.period_end is None else claim.period_end.isoformat(),
        "basis": claim.basis,
        "label": claim.label or None,
        "printed": _wording.printed(claim),
        "evidence": claim.evidence or None,
        "verdict": item.verdict,
        "cause": item.cause or None,
        "computed": _wording.number(item.computed),
        "computed_exact": None if item.computed is None else str(item.computed),
        "computed_text": item.computed_text or None,
        "computed_note": item.computed_note or None,
        "gap": _wording.number(item.gap),
        "average": item.average or None,
        "summary": item.summary,
        "reason": item.reason,
        "weak": item.weak,
        "alternatives": [_alternative_json(one) for one in item.alternatives],
        "averages": [_alternative_json(one) for one in item.averages],
        "tables": list(item.tables),
        "claims": list(item.claims),
        "publication": _wording.publication(claim),
    }


def _alternative_json(item: Alternative) -> dict[str, Any]:
    return {"kind": item.kind, "label": item.label, "value": _wording.number(item.value), "fits": item.fits}


def files(catalogue: Catalogue) -> dict[str, str]:
    """Return the downloads of the ledger by name: `claims.json` and `claims.csv` of all reports together.

    `ledger/<report>.json` and `.csv` are the same of each report alone. The text is the same on every machine for
    the same data.
    """
    found: dict[str, str] = {}
    every: list[Verdict] = []
    found_checks: list[dict[str, Any]] = []
    for entered in reported(catalogue):
        own = evaluate(catalogue, entered.force_code)
        data = to_json(own, catalogue, cross_checks(catalogue, entered.force_code))
        every += own
        found_checks += data["ties"]
        found[f"{FOLDER}/{entered.report}.json"] = _json(data)
        found[f"{FOLDER}/{entered.report}.csv"] = _csv(own)
    whole = to_json(every, catalogue) | {"ties": found_checks}
    return {"claims.json": _json(whole), "claims.csv": _csv(every), **found}


#: The folder of a site that the links lead to.
FOLDER = paths.LEDGER


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _csv(verdicts: Sequence[Verdict]) -> str:
    """Claims and verdicts as CSV that no spreadsheet runs as a formula."""
    import pandas as pd

    records = []
    for item in verdicts:
        record = _claim_json(item)
        # A sense such as "=" would start a formula; the words cannot.
        record["sense"] = _SENSE_WORDS.get(item.claim.sense, "")
        records.append({name: value for name, value in record.items() if not isinstance(value, list)})
    if not records:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(["claim_id"])
        return out.getvalue()
    return to_csv(pd.DataFrame(records, dtype=object))


_SENSE_WORDS = {
    "=": "exactly",
    "~": "around",
    ">": "more than",
    "<": "less than",
    ">=": "at least",
    "<=": "up to",
}

_FUNCTIONS = {
    "claim": ('claim("id")', "the printed value of another claim of the report"),
    "numerator": ('numerator("id")', "x of a claim x of y"),
    "denominator": ('denominator("id")', "y of a claim x of y"),
    "labelled": ('labelled("id", "higher")', "whether the wording of another claim has this word"),
    "quantity": ('quantity("name")', "the printed value of a quantity; only in rules.toml"),
    "measure": (
        'measure("id", period="2023-03-31", ethnicity="Black")',
        "a measure for the claim's subject and period; `period`, `subject`, `part` and the measure's breakdowns are optional",
    ),
    "beyond": (
        'beyond("id", "higher")',
        "whether the funnel rule puts the force beyond all others on this side; for words such as significantly higher",
    ),
    "total": (
        'total("table", "column", quarters=4, basis="closed")',
        "a column of a table added up for the subject and period, filtered by its other columns; `back=1` ends a quarter earlier",
    ),
    "between": (
        'between(claim("least"), claim("most"))',
        "a range that cannot bear the printed value out, and contradicts it where it lies outside",
    ),
    "sampled": (
        'sampled(measure("ethnicity_not_recorded_share"), claim("sample"))',
        "for x of y: whether the 95% Wilson interval of x of y holds a known share; with a sample, that of y of the sample",
    ),
    "grade": ('grade("pp")', "the grade that the table of judgments states for an area"),
    "grades": ('grades("adequate")', "how many areas the table of judgments grades so, or grades at all"),
    "forces": ("forces()", "the number of territorial forces that the population estimates cover"),
    "amount": ('amount(12, "months")', "a number with a unit of the ledger"),
    "sum": ('sum(claim("a"), claim("b"))', "the sum"),
    "min": ('min(claim("a"), claim("b"))', "the least"),
    "max": ('max(claim("a"), claim("b"))', "the greatest"),
    "share": ('share(claim("part"), claim("whole"))', "the first over the second as a percentage"),
    "rate": (
        'rate(claim("count"), claim("people"), 1000)',
        "the first for each 1,000 (or 100,000) of the second",
    ),
    "increase": ('increase(claim("before"), claim("after"))', "the rise as a percentage of before"),
    "decrease": ('decrease(claim("before"), claim("after"))', "the fall as a percentage of before"),
    "wald_margin": (
        'wald_margin(claim("share"), claim("sample"))',
        "half the width of the 95% Wald interval",
    ),
    "wald_sample": (
        'wald_sample(claim("share"), claim("margin"))',
        "the size of the sample that gives a 95% Wald interval of this half width",
    ),
    "attainable_share": (
        'attainable_share(claim("sample"))',
        "the share nearest to the claim that a sample of this size can give",
    ),
}


def guide_markdown() -> str:
    """Return the guide to adding a report's claims, with the functions of evidence, as MyST."""
    guide = (package_files("peelbook.claims") / "guide.md").read_text(encoding="utf-8")
    lines = ["```{table} Functions of evidence, and what each gives", "| function | gives |", "| --- | --- |"]
    lines += [f"| `{_FUNCTIONS[name][0]}` | {_FUNCTIONS[name][1]} |" for name in SIGNATURES]
    columns = [
        "```{table} What each column holds",
        "| column | holds | must be filled |",
        "| --- | --- | --- |",
    ]
    for column in contracts.load(TABLE)["fields"]:
        text = str(column["description"]).replace("|", "\\|")
        must = "yes" if column.get("constraints", {}).get("required") else "no"
        columns.append(f"| `{column['name']}` | {text} | {must} |")
    return guide.replace("% functions", "\n".join([*lines, "```"])).replace(
        "% columns", "\n".join([*columns, "```"])
    )
