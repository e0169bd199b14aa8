"""Rows of CSV and XLSX files, one at a time.

A cell is text, a number as text (`Number`), a date, or None. XLSX stores numbers as binary fractions: each becomes the
shortest decimal that stands for it, which is what a spreadsheet program shows.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from shutil import copyfileobj
from typing import Any

from service.formats.amounts import Number
from service.formats.detection import HEAD_BYTES, is_workbook, zip_members
from service.formats.unreadable import Unreadable, unreadable
from service.formats.xml import RefusedXml, check_no_document_type

DELIMITERS = (",", ";", "\t")
UNPACKED_BYTES_MAX = 1024**3
STRINGS_BYTES_MAX = 128 * 1024**2
"""The texts of a workbook are the only part of it that is held in memory."""

_NAMES_SHOWN, _NAME_SHOWN = 3, 60

Cell = str | date | None


@dataclass(frozen=True, slots=True)
class TableRow:
    """The row `number` (from 1) of a sheet. A CSV file is one sheet without a name."""

    sheet: str
    number: int
    cells: Sequence[Cell]
    raw: bytes = field(repr=False)

    @property
    def place(self) -> str:
        return f"{self.sheet}, row {self.number}" if self.sheet else f"row {self.number}"


class NotASpreadsheet(Exception):
    """The file is damaged, or built to exhaust memory."""


def csv_rows(stream: io.BufferedReader, delimiter: str, encoding: str = "utf-8-sig") -> Iterator[TableRow | Unreadable]:
    """The rows of a file. `number` is the last line of the row."""
    text = io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="")
    rows = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as problem:
            yield unreadable(f"line {rows.line_num}", f"not CSV: {problem}", b"")
            continue
        raw = _raw(cells)
        place = f"row {rows.line_num}"
        try:
            "".join(cells).encode()
        except UnicodeEncodeError:
            yield unreadable(place, "not UTF-8: save the file as CSV UTF-8", raw)
            continue
        yield TableRow("", rows.line_num, [cell if cell.strip() else None for cell in cells], raw)


def rows_of_head(head: str, delimiter: str) -> Iterator[list[str]]:
    """The rows at the start of a file, up to the first that is not CSV."""
    with contextlib.suppress(csv.Error):
        yield from csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)


def detect_delimiter(stream: io.BufferedReader, headings: Iterable[Sequence[str]]) -> str:
    """The delimiter with which a row at the start of the file has one of these sets of headings; else the first one."""
    head = stream.peek(HEAD_BYTES).decode("utf-8-sig", "replace")
    wanted = [set(names) for names in headings]
    for delimiter in DELIMITERS:
        for cells in rows_of_head(head, delimiter):
            found = {heading(cell) for cell in cells}
            if any(names <= found for names in wanted):
                return delimiter
    return DELIMITERS[0]


def xlsx_rows(stream: io.BufferedReader) -> Iterator[TableRow]:
    """The rows of every sheet of a zip file. NotASpreadsheet for one that cannot be read, or is no workbook."""
    # It is slow to import, and rarely needed.
    import openpyxl  # noqa: PLC0415

    with contextlib.ExitStack() as opened:
        copy: Any = stream
        if not stream.seekable():
            # A zip file's table of contents is at its end.
            copy = opened.enter_context(tempfile.TemporaryFile())
            copyfileobj(stream, copy)
            copy.seek(0)
        try:
            _check(copy)
            book = openpyxl.load_workbook(copy, read_only=True, data_only=True, keep_links=False)
        except NotASpreadsheet:
            raise
        except Exception as problem:  # openpyxl raises anything for a damaged file
            raise NotASpreadsheet(f"the workbook cannot be opened: {problem}"[:300]) from problem
        try:
            for sheet in book.worksheets:
                # Some programs write wrong dimensions: the rows themselves are counted.
                sheet.reset_dimensions()
                for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
                    cells = [_cell(each) for each in values]
                    yield TableRow(sheet.title, number, cells, _raw(cells))
        except Exception as problem:
            raise NotASpreadsheet(f"the workbook breaks off: {problem}"[:300]) from problem
        finally:
            book.close()


def no_workbook(names: Sequence[str]) -> str:
    """What to tell the sender of a zip file with these members, none of which is a workbook's."""
    if not names:
        return "a zip file that holds no workbook: it is empty"
    shown = ", ".join(ascii(name[:_NAME_SHOWN])[1:-1] for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"a zip file that holds no workbook: it has {shown}{more}; unpack it, and send what is in it"


def heading(found: Any) -> str:
    """A heading as it is compared: without the extra spaces and line breaks that reports have."""
    return " ".join(str(found).split()) if isinstance(found, str) else ""


def _check(copy: Any) -> None:
    try:
        if not is_workbook(names := zip_members(copy)):
            raise NotASpreadsheet(no_workbook(names))
        with zipfile.ZipFile(copy) as parts:
            infos = parts.infolist()
            if sum(info.file_size for info in infos) > UNPACKED_BYTES_MAX:
                raise NotASpreadsheet(f"the workbook unpacks to more than {UNPACKED_BYTES_MAX} bytes")
            for info in infos:
                if info.filename.endswith("sharedStrings.xml") and info.file_size > STRINGS_BYTES_MAX:
                    raise NotASpreadsheet(f"the workbook's texts take more than {STRINGS_BYTES_MAX} bytes")
                if info.filename.endswith((".xml", ".rels")):
                    with parts.open(info) as part:
                        check_no_document_type(part)
    except RefusedXml as problem:
        raise NotASpreadsheet(f"a part of the workbook is refused: {problem}") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as problem:
        raise NotASpreadsheet(f"the zip file is damaged, or breaks off: {problem}") from None
    copy.seek(0)


def _cell(found: Any) -> Cell:
    if found is None or isinstance(found, datetime | date):
        return found
    if isinstance(found, time):
        return found.isoformat()
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, float):
        whole = found.is_integer() and abs(found) < 2**53
        return Number(int(found)) if whole else Number(repr(found))
    if isinstance(found, int):
        return Number(found)
    text = str(found)
    return text if text.strip() else None


def _raw(cells: Sequence[Cell]) -> bytes:
    shown = [cell.isoformat() if isinstance(cell, date) else cell for cell in cells]
    return json.dumps(shown, ensure_ascii=False).encode("utf-8", "surrogateescape")
