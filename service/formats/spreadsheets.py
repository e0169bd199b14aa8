"""Rows of CSV and XLSX files, one at a time.

A cell is text, a number as text (`Number`), a date, or None. XLSX stores numbers as binary fractions: each becomes the
shortest decimal that stands for it, which is what a spreadsheet program shows.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from shutil import copyfileobj
from typing import Any, TextIO

from service.formats.amounts import Number
from service.formats.bounds import (
    COLUMNS_MAX,
    HEAD_ROWS_MAX,
    HEADING_CHARACTERS_MAX,
    ROW_CHARACTERS_MAX,
    STRINGS_BYTES_MAX,
    BeyondBounds,
    Unpacking,
)
from service.formats.detection import HEAD_BYTES, is_workbook
from service.formats.unreadable import Unreadable, unreadable
from service.formats.workbook_parts import sheet_rows
from service.formats.xml import RefusedXml, check_no_document_type
from service.formats.zip_files import check_members, open_zip

DELIMITERS = (",", ";", "\t")
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


class _RowTooLong(Exception):
    """The row that is being read is beyond the bound: it is left here."""


class _Lines:
    """The lines of a text, of which one row of a table has no more than `ROW_CHARACTERS_MAX` characters."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._left = 0

    def begin_row(self) -> None:
        self._left = ROW_CHARACTERS_MAX

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._left + 1)
        if not line:
            raise StopIteration
        self._left -= len(line)
        if self._left >= 0:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(ROW_CHARACTERS_MAX)
        raise _RowTooLong


def csv_rows(stream: io.BufferedReader, delimiter: str, encoding: str = "utf-8-sig") -> Iterator[TableRow | Unreadable]:
    """The rows of a file. `number` is the last line of the row."""
    text = io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="")
    lines = _Lines(text)
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin_row()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as problem:
            yield unreadable(f"line {rows.line_num}", f"not CSV: {problem}", b"")
            continue
        except _RowTooLong:
            reason = f"a row of more than {ROW_CHARACTERS_MAX} characters: is a quotation mark left open?"
            yield unreadable(f"behind line {rows.line_num}", reason, b"")
            continue
        place = f"row {rows.line_num}"
        if len(cells) > COLUMNS_MAX:
            yield unreadable(place, f"it has {len(cells)} columns, which is more than {COLUMNS_MAX}", b"")
            continue
        raw = _raw(cells)
        try:
            "".join(cells).encode()
        except UnicodeEncodeError:
            yield unreadable(place, "not UTF-8: save the file as CSV UTF-8", raw)
            continue
        yield TableRow("", rows.line_num, [cell if cell.strip() else None for cell in cells], raw)


def rows_of_head(head: str, delimiter: str) -> Iterator[list[str]]:
    """The rows at the start of a file, up to the first that is not CSV, without those that are blank or too wide."""
    with contextlib.suppress(csv.Error):
        for cells in itertools.islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), HEAD_ROWS_MAX):
            if any(cells) and len(cells) <= COLUMNS_MAX:
                yield cells


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


def xlsx_rows(stream: io.BufferedReader, unpacking: Unpacking | None = None) -> Iterator[TableRow]:
    """The rows that every sheet of a zip file has. NotASpreadsheet for one that cannot be read, or is no workbook.

    `unpacking` is that of the zip file around it, if there is one.
    """
    with contextlib.ExitStack() as opened:
        copy: Any = stream
        if not stream.seekable():
            # A zip file's table of contents is at its end.
            copy = opened.enter_context(tempfile.TemporaryFile())
            copyfileobj(stream, copy)
            copy.seek(0)
        try:
            archive = opened.enter_context(_checked(copy, unpacking))
            for row in sheet_rows(archive):
                cells = [_cell(each) for each in row.values]
                yield TableRow(row.sheet, row.number, cells, _raw(cells))
        except NotASpreadsheet:
            raise
        except BeyondBounds as problem:
            raise NotASpreadsheet(str(problem)) from None
        except RefusedXml as problem:
            raise NotASpreadsheet(f"a part of the workbook is refused: {problem}") from None
        except Exception as problem:  # openpyxl raises anything for a damaged file
            raise NotASpreadsheet(f"the workbook cannot be opened, or breaks off: {problem}"[:300]) from problem


def no_workbook(names: Sequence[str]) -> str:
    """What to tell the sender of a zip file with these members, none of which is a workbook's."""
    if not names:
        return "a zip file that holds no workbook: it is empty"
    shown = ", ".join(ascii(name[:_NAME_SHOWN])[1:-1] for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"a zip file that holds no workbook: it has {shown}{more}; unpack it, and send what is in it"


def heading(found: Any) -> str:
    """A heading as it is compared: without the extra spaces and line breaks that reports have."""
    return " ".join(found[:HEADING_CHARACTERS_MAX].split()) if isinstance(found, str) else ""


def _checked(copy: Any, unpacking: Unpacking | None) -> zipfile.ZipFile:
    """The zip file of a workbook, whose parts may be read."""
    try:
        archive = open_zip(copy)
        infos = archive.infolist()
        if not is_workbook(names := [info.filename for info in infos if not info.is_dir()]):
            raise NotASpreadsheet(no_workbook(names))
        for info in infos:
            if info.filename.endswith("sharedStrings.xml") and info.file_size > STRINGS_BYTES_MAX:
                raise NotASpreadsheet(f"the workbook's texts take more than {STRINGS_BYTES_MAX} bytes")
        check_members(infos, unpacking or Unpacking(copy.seek(0, io.SEEK_END)))
        for info in infos:
            if info.filename.endswith((".xml", ".rels")):
                with archive.open(info) as part:
                    check_no_document_type(part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as problem:
        raise NotASpreadsheet(f"the zip file is damaged, or breaks off: {problem}") from None
    return archive


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
