"""Opens an official file safely and gives its cells, whatever it is: xlsx, ods, CSV (packed with gzip or not) or Parquet.

Publishers move between formats and their files arrive through mail boxes and browsers, so the kind
is determined from the bytes, never from the name, and nothing is unpacked before its size is known.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from peelbook.errors import SourceFileError
from peelbook.sources import extent, hidden
from peelbook.util.files import sha256

# The largest official file known (outcomes, one year) unpacks to about 0.5 GB; a bomb to far more.
UNPACKED_LIMIT = 2 * 1024**3
# The most an official spreadsheet's XML has been seen to shrink is 43 to 1; deflate's limit is 1032 to 1.
RATIO_LIMIT = 300
RATIO_FROM = 64 * 1024**2
CSV_LIMIT = 256 * 1024**2
HEAD_BYTES = 256 * 1024
GZIP = b"\x1f\x8b"
TOP_ROWS = 40

_MOJIBAKE = re.compile("Ã[\x80-¿]|â€|Â[\xa0-¿]")


def key(text: Any) -> str:
    """Fold a column name, sheet name or label: case, spacing, "_", "&", footnote markers.

    >>> key("Number of Offences [note 3]") == key("number_of_offences")
    True
    """
    return _folded(str(text))


@lru_cache(maxsize=10_000)  # a million rows repeat the same few names
def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ").replace("%", " percent ")
    plain = re.sub(r"\[(?:notes?\s*)?[\d\s,]+\]|\((?:notes?\s*)?\d+\)", " ", plain)
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


def duckdb_path(path: Path) -> str:
    """Return a path DuckDB takes literally: it would expand `*`, `?` and `[` to other files."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


class HiddenRow(list[Any]):
    """A hidden row: read as empty, but not as the end of a table."""


class Broken(str):
    """The text of an error, or a formula whose result was not stored."""

    __slots__ = ()


@dataclass
class SourceFile:
    """One input file, opened as late and as little as possible.

    `kind` is "xlsx", "ods", "csv", "parquet" or "geojson" (a row a feature: its properties and geometry). Rows are lists of cells (`str`, `float`, `int`, `bool`
    or a date); an empty cell is `""`. Row numbers elsewhere count from 1, as a spreadsheet shows them.
    """

    path: Path
    _rows: dict[str, list[list[Any]]] = field(default_factory=dict, repr=False)
    _tops: dict[str, list[list[Any]]] = field(default_factory=dict, repr=False)
    _sheets: dict[str, Any] = field(default_factory=dict, repr=False)
    others: dict[str, str] = field(default_factory=dict)  # sheets of another publication, set by `recognise`
    _traced: list[str] = field(default_factory=list, repr=False)  # archive members that `hidden` must look at

    def __post_init__(self) -> None:
        self.path = Path(self.path)
        if not self.path.is_file():
            raise SourceFileError(self.path, "no such file", "give the path of the downloaded file")

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return self.path.name

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes."""
        return sha256(self.path)

    def error(self, problem: str, fix: str, **place: Any) -> SourceFileError:
        """Return an error about this file; `sheet`, `row`, `column` say where."""
        return SourceFileError(self.path, problem, fix, **place)

    @cached_property
    def head(self) -> bytes:
        """The first bytes of the file, or of the text that a gzip archive holds."""
        return self._unpacked[:HEAD_BYTES] if self._is_gzip else self._first(HEAD_BYTES)

    def _first(self, count: int) -> bytes:
        with self.path.open("rb") as stream:
            return stream.read(count)

    @cached_property
    def _is_gzip(self) -> bool:
        return self._first(2) == GZIP

    @cached_property
    def _unpacked(self) -> bytes:
        """The text of a gzip archive. Raises `SourceFileError` for a damaged one, and for one of anything else."""
        try:
            with gzip.open(self.path) as stream:
                payload = stream.read(CSV_LIMIT + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise self.error(
                f"a damaged or truncated gzip archive ({error})", "download it again, and check its size"
            ) from error
        if len(payload) > CSV_LIMIT:
            raise self._bomb(f"it would unpack to more than {CSV_LIMIT // 1024**2} MB")
        if payload.startswith((b"PK", b"PAR1", b"%PDF", GZIP)) or b"\x00" in payload[:HEAD_BYTES]:
            raise self.error("a gzip archive that holds no CSV text", "unpack it and give the file inside")
        return payload

    @cached_property
    def _size(self) -> int:
        return len(self._unpacked) if self._is_gzip else self.path.stat().st_size

    @cached_property
    def kind(self) -> str:
        """What the file is, by its bytes. Raises `SourceFileError` for anything that is no table."""
        head = self.head
        if not head.strip(b"\x00\t\r\n \xef\xbb\xbf"):
            raise self.error("the file is empty", "download it again")
        if head.startswith(b"PK"):
            return self._archive_kind()
        if head.startswith(b"PAR1"):
            return "parquet"
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            raise self.error(
                "an old Excel workbook, or one locked with a password",
                "open it and save it as .xlsx or .ods without a password",
            )
        if head.startswith(b"%PDF"):
            raise self.error("a PDF document, not a table", "download the data tables (ods, xlsx or CSV)")
        text = head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in text[:1024]:
            raise self.error(
                "a web page saved under a data file's name (often a 'not found' or log-in page)",
                "download the file itself from the publisher's page",
            )
        if text.startswith(b"{") and b'"FeatureCollection"' in head:
            return "geojson"
        if text.startswith((b"<?xml", b"<")):
            raise self.error("an XML document, not a table", "save it as ods, xlsx or CSV")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "csv"
        if b"\x00" in head:
            raise self.error("neither a spreadsheet, nor CSV text, nor Parquet", "download it again")
        return "csv"

    def _archive_kind(self) -> str:
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = archive.infolist()
                names = {member.filename for member in members}
                declared = sum(member.file_size for member in members)
                if declared > UNPACKED_LIMIT:
                    raise self._bomb(f"it would unpack to {declared / 1024**3:,.1f} GB")
                unpacked = 0
                for member in members:
                    bounds = extent.CellBounds() if "xl/workbook.xml" in names else None
                    if member.flag_bits & 0x1:
                        raise self.error("the archive is locked with a password", "save it without one")
                    size = 0
                    traces = hidden.Traces()
                    with archive.open(member) as stream:
                        # Reading all of it checks the CRC too, so a damaged file is refused here, not half-read.
                        while chunk := stream.read(1 << 20):
                            size += len(chunk)
                            if bounds is not None:
                                bounds.feed(chunk)
                            traces.feed(chunk)
                            unpacked += len(chunk)
                            if unpacked > UNPACKED_LIMIT or (
                                size > RATIO_FROM and size > RATIO_LIMIT * max(member.compress_size, 1)
                            ):
                                raise self._bomb(f"{member.filename!r} unpacks without end")
                    if traces.found:
                        self._traced.append(member.filename)
                    if bounds is not None and bounds.cells > extent.CELL_LIMIT:
                        self._check_extent(archive, member, extent.of_excel)
                    elif bounds is None and member.filename == "content.xml":
                        self._check_extent(archive, member, extent.of_open_document)
        except (zipfile.BadZipFile, EOFError, zipfile.zlib.error, NotImplementedError, OSError) as error:  # type: ignore[attr-defined]
            raise self.error(
                f"a damaged or truncated spreadsheet ({error})", "download it again, and check its size"
            ) from error
        if "xl/workbook.xml" in names:
            return "xlsx"
        if "content.xml" in names:
            return "ods"
        if "xl/workbook.bin" in names:
            raise self.error("a binary Excel workbook (.xlsb)", "open it and save it as .xlsx or .ods")
        raise self.error("a ZIP archive that is no spreadsheet", "unpack it and give the files inside")

    def _check_extent(
        self,
        archive: zipfile.ZipFile,
        member: zipfile.ZipInfo,
        span: Callable[[Iterable[bytes]], tuple[int, int]],
    ) -> None:
        """Raise `SourceFileError` for a sheet whose filled cells lie so far apart that no memory holds it."""
        with archive.open(member) as stream:
            try:
                rows, columns = span(iter(lambda: stream.read(1 << 20), b""))
            except ValueError as error:
                raise self.error(f"a damaged spreadsheet ({error})", "download it again") from error
        if rows * columns > extent.CELL_LIMIT:
            raise self._bomb(f"a sheet spans {rows:,} rows and {columns:,} columns")

    def _bomb(self, why: str) -> SourceFileError:
        return self.error(f"not opened: {why}", "official files are far smaller; download it again")

    @cached_property
    def _workbook(self) -> Any:
        import python_calamine

        kind = self.kind
        try:
            return python_calamine.CalamineWorkbook.from_path(str(self.path))
        except Exception as error:  # calamine raises several unrelated classes, all meaning "not readable"
            raise self.error(f"a damaged {kind} spreadsheet ({error})", "download it again") from error

    @cached_property
    def sheets(self) -> list[str]:
        """Names of the sheets that can be seen; one nameless sheet (`""`) for CSV and Parquet."""
        if self.kind not in ("xlsx", "ods"):
            return [""]
        return [name for name in self._workbook.sheet_names if name not in self.hidden_sheets]

    @cached_property
    def hidden_sheets(self) -> list[str]:
        """Names of the hidden sheets: earlier drafts and lists behind a menu, not what is published."""
        import python_calamine

        if self.kind not in ("xlsx", "ods"):
            return []
        seen = python_calamine.SheetVisibleEnum.Visible
        return [sheet.name for sheet in self._workbook.sheets_metadata if sheet.visible != seen]

    @cached_property
    def concealed(self) -> dict[str, hidden.Sheet]:
        """What each sheet holds that its values do not show; a sheet without any may be absent."""
        kind = self.kind  # looks through the archive
        if not self._traced:
            return {}
        try:
            with zipfile.ZipFile(self.path) as archive:

                def pieces(member: str) -> Iterator[bytes]:
                    with archive.open(member) as stream:
                        yield from iter(lambda: stream.read(1 << 20), b"")

                if kind == "ods":
                    return hidden.of_open_document(pieces("content.xml"))
                names = hidden.excel_sheets(pieces("xl/workbook.xml"), pieces("xl/_rels/workbook.xml.rels"))
                found = {
                    name: hidden.of_excel(pieces(member))
                    for member, name in names.items()
                    if member in self._traced
                }
                if any(hidden.filters(pieces(m)) for m in archive.namelist() if m.startswith("xl/tables/")):
                    for sheet in found.values():
                        sheet.filtered = True
                return found
        except (KeyError, ValueError) as error:
            raise self.error(f"a damaged spreadsheet ({error})", "download it again") from error

    def may_be_broken(self, sheet: str) -> bool:
        """Whether a cell of the sheet may hold an error of a spreadsheet; of a CSV, whether its text does."""
        if self.kind == "csv":
            return self._broken_text
        return bool(self.kind in ("xlsx", "ods") and sheet in self.concealed and self.concealed[sheet].broken)

    @cached_property
    def _broken_text(self) -> bool:
        return hidden.BROKEN.search(self.text) is not None

    def left_out(self, sheet: str) -> list[str]:
        """Say what of the file was not read: hidden sheets, and hidden rows and columns of one sheet."""
        said = [f"the sheet {name!r} is hidden" for name in self.hidden_sheets]
        said += [f"the sheet {name!r} is another publication: {what}" for name, what in self.others.items()]
        here = self.concealed.get(sheet)
        if here and here.rows:
            many = len(here.rows) > 1
            said.append(
                f"sheet {sheet!r}: {'rows' if many else 'row'} {hidden.places(here.rows)} {'are' if many else 'is'} hidden"
            )
        if here and here.columns:
            shown = ", ".join(map(hidden.letters, sorted(here.columns)))
            many = len(here.columns) > 1
            said.append(
                f"sheet {sheet!r}: {'columns' if many else 'column'} {shown} {'are' if many else 'is'} hidden"
            )
        return said

    def rows(self, sheet: str = "") -> list[list[Any]]:
        """Return all rows of one sheet (of the file, for CSV)."""
        if sheet not in self._rows:
            self._rows[sheet] = list(self.iterate(sheet))
        return self._rows[sheet]

    def iterate(self, sheet: str = "") -> Iterator[list[Any]]:
        """Yield the rows of one sheet without keeping them: for sheets of half a million rows."""
        if sheet in self._rows:
            yield from self._rows[sheet]
        elif self.kind == "csv":
            if self._size > CSV_LIMIT:
                raise self.error(
                    f"larger than {CSV_LIMIT // 1024**2} MB of CSV", "split the file, or save it as Parquet"
                )
            yield from self._csv_rows(self.text)
        elif self.kind == "parquet":
            import duckdb

            with duckdb.connect() as connection:
                connection.execute("set enable_progress_bar = false")
                path = duckdb_path(self.path)
                self._duckdb(lambda: connection.execute("select * from read_parquet(?)", [path]))
                yield [column[0] for column in connection.description]
                while block := self._duckdb(lambda: connection.fetchmany(10_000)):
                    yield from ([("" if cell is None else cell) for cell in row] for row in block)
        elif self.kind == "geojson":
            yield from self._features()
        else:
            # iter_rows pads the rows above the first filled cell, but not the columns left of it.
            opened = self._sheet(sheet)
            indent = [""] * (opened.start[1] if opened.start else 0)
            rows: Iterable[list[Any]] = opened.iter_rows()
            if indent:
                rows = ([*indent, *row] for row in opened.iter_rows())
            here = self.concealed.get(sheet)
            yield from self._seen(rows, here) if here else rows

    def _seen(self, rows: Iterable[list[Any]], here: hidden.Sheet) -> Iterator[list[Any]]:
        """Empty what is hidden, and put an error's text where the reader has an empty cell."""
        broken: dict[int, list[tuple[int, str]]] = {}
        for (line, column), text in here.broken.items():
            broken.setdefault(line, []).append((column, text))
        for place, row in enumerate(rows):
            if place in here.rows:
                yield HiddenRow()
                continue
            if place in broken or here.columns:
                row = list(row)
                for column, text in broken.get(place, ()):
                    row += [""] * (column + 1 - len(row))
                    row[column] = Broken(text)
                for column in here.columns:
                    if column < len(row):
                        row[column] = ""
            yield row

    def _features(self) -> Iterator[list[Any]]:
        try:
            features = json.loads(self.text)["features"]
            names = sorted({name for feature in features for name in feature["properties"]})
            yield [*names, "geometry"]
            for feature in features:
                properties = feature["properties"]
                yield [*(properties.get(name, "") for name in names), feature["geometry"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self.error(f"a damaged GeoJSON file ({error})", "download it again") from error

    def _sheet(self, sheet: str) -> Any:
        if sheet not in self._sheets:
            try:
                self._sheets[sheet] = self._workbook.get_sheet_by_name(sheet)
            except Exception as error:
                raise self.error(
                    f"the sheet cannot be read ({error})", "download it again", sheet=sheet
                ) from error
        return self._sheets[sheet]

    def _duckdb(self, run: Any) -> Any:
        import duckdb

        try:
            return run()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise self.error(f"a damaged Parquet file ({reason})", "download it again") from error

    def top(self, sheet: str = "", count: int = 25) -> list[list[Any]]:
        """Return the first rows of a sheet, without reading a large CSV or Parquet to its end."""
        if sheet not in self._tops:
            if self.kind == "csv" and self._size > HEAD_BYTES:
                whole_lines = self.head[: self.head.rfind(b"\n") + 1] or self.head
                rows = self._csv_rows(self.decode(whole_lines))
            else:
                rows = self.iterate(sheet)
            self._tops[sheet] = list(itertools.islice(rows, TOP_ROWS))
        return self._tops[sheet][:count]

    @cached_property
    def text(self) -> str:
        """The text of a CSV file."""
        return self.decode(self._unpacked if self._is_gzip else self.path.read_bytes())

    def decode(self, payload: bytes) -> str:
        """Return text from UTF-8, UTF-16 (with its mark) or Windows-1252 bytes.

        Raises `SourceFileError` for bytes that are none of them, or two of them at once.
        """
        fix = "save the file as UTF-8 CSV"
        if payload.startswith((b"\xff\xfe", b"\xfe\xff")):
            try:
                return payload.decode("utf-16")
            except UnicodeDecodeError as error:
                raise self.error(f"not valid UTF-16 text ({error.reason})", fix) from error
        try:
            return payload.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = payload.count(b"\n", 0, error.start) + 1
            try:
                text = payload.decode("cp1252")
            except UnicodeDecodeError:
                raise self.error("not text in any known encoding", fix, row=row) from error
        if damaged := _MOJIBAKE.search(text):
            raise self.error(
                f"two encodings are mixed in one file (row {text.count(chr(10), 0, damaged.start()) + 1} is UTF-8)",
                fix,
                row=row,
            )
        return text

    def _csv_rows(self, text: str) -> Iterator[list[str]]:
        if "\x00" in text:
            row = text.count("\n", 0, text.index("\x00")) + 1
            raise self.error("a NUL character in the text", "download it again", row=row)
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            yield from reader
        except csv.Error as error:
            raise self.error(
                f"not CSV: {error}", "check the quotation marks in this row", row=reader.line_num
            ) from error
