"""Reads banks' statements in CSV or XLSX: by a recipe, by common headings, or by those that the importer names.

Forms that are read: one signed amount; a debit and a credit column; an amount with its direction after it
(`1.500,00 CR`) or in a column of its own, with a heading or without. Amounts are never guessed. Rows that are no
entries are left out with a reason: pending ones, balances, totals, notes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from events.refusals import InvalidCommand
from service.banks.columns import Layout, TableColumns, columns_of, plain_number, settle
from service.banks.observations import BankObservation
from service.banks.recipes import RECIPES
from service.banks.table_rows import AroundTable, TableRows
from service.formats.bounds import Unpacking
from service.formats.detection import HEAD_BYTES, XLSX
from service.formats.file_remarks import Note, UnusedHeadings
from service.formats.spreadsheets import DELIMITERS, NotASpreadsheet, TableRow, csv_rows, rows_of_head, xlsx_rows
from service.formats.unreadable import Unreadable, unreadable

HEADING_ROWS_MAX = 60
SAMPLE_ROWS = 200
"""The rows below the headings that tell what a column holds."""


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What the importer says of a table. What is None has to stand in the file."""

    bank_account: str | None = None
    currency: str | None = None
    layout: Layout = field(default_factory=Layout)
    unpacking: Unpacking | None = None
    """Of the zip file that the table is in, if it is in one."""


def table_observations(stream: io.BufferedReader, format_name: str, request: TableRequest) -> Iterator[BankObservation]:
    """Every booked row as an entry, and after them what the table states, and its balances.

    InvalidCommand where the file and the request leave the account or the currency open, and where a column that may
    change sign, currency or account is not understood.
    """
    rows: Iterator[TableRow | Unreadable]
    if format_name == XLSX:
        rows = xlsx_rows(stream, request.unpacking)
    else:
        delimiter, encoding = _detect(stream, request.layout)
        rows = csv_rows(stream, delimiter, encoding)
    sheet: _BankSheet | None = None
    tables = 0
    try:
        for row in rows:
            if isinstance(row, Unreadable):
                yield row
                continue
            if sheet is None or sheet.name != row.sheet:
                if sheet is not None:
                    yield from sheet.end()
                    tables += sheet.is_table
                sheet = _BankSheet(row.sheet, request)
            yield from sheet.feed(row)
        if sheet is not None:
            yield from sheet.end()
            tables += sheet.is_table
    except NotASpreadsheet as problem:
        yield unreadable("the file", str(problem), b"")
        return
    if not tables:
        yield unreadable("the file", f"no row has these headings: {_wanted(request.layout)}", b"")


def _wanted(layout: Layout) -> str:
    if layout.recipe is not None:
        return ", ".join(RECIPES[layout.recipe].needs)
    return ", ".join(name for _, name in layout.columns) or "a date, and an amount or debit and credit"


def _detect(stream: io.BufferedReader, layout: Layout) -> tuple[str, str]:
    """The delimiter with which a row at the start has headings, and the encoding."""
    head = stream.peek(HEAD_BYTES)
    # Letters of ASCII are the same in both.
    for encoding in ("utf-8-sig",) if head.isascii() else ("utf-8-sig", "cp1252"):
        text = head.decode(encoding, "replace")
        for delimiter in DELIMITERS:
            for cells in rows_of_head(text, delimiter):
                columns = columns_of(cells, layout)
                if columns is not None:
                    return delimiter, columns.recipe.encoding if columns.recipe is not None else "utf-8-sig"
    return DELIMITERS[0], "utf-8-sig"


class _BankSheet:
    """One sheet: what stands above its headings, and its rows below them."""

    def __init__(self, name: str, request: TableRequest) -> None:
        self.name = name
        self._request = request
        self._around = AroundTable()
        self._columns: TableColumns | None = None
        self._rows: TableRows | None = None
        self._sample: list[TableRow] = []
        self._rows_read = 0

    @property
    def is_table(self) -> bool:
        return self._columns is not None

    def feed(self, row: TableRow) -> Iterator[BankObservation]:
        if self._columns is None:
            self._rows_read += 1
            if self._rows_read <= HEADING_ROWS_MAX:
                self._columns = columns_of(row.cells, self._request.layout)
                if self._columns is None:
                    self._around.read(row, self._request.layout)
        elif not any(cell is not None for cell in row.cells):
            return
        elif self._rows is not None:
            yield from self._rows.read(row)
        else:
            self._sample.append(row)
            if len(self._sample) == SAMPLE_ROWS:
                yield from self._begin()

    def end(self) -> Iterator[BankObservation]:
        if self._columns is None:
            return
        if self._rows is None:
            yield from self._begin()
        assert self._rows is not None
        yield from self._rows.end()
        if self._columns.unused:
            yield UnusedHeadings(self.name or "the file", tuple(self._columns.unused))

    def _begin(self) -> Iterator[BankObservation]:
        """Reads the first rows, once their cells have told what the columns are."""
        assert self._columns is not None
        request, columns = self._request, self._columns
        for row in self._sample:
            # What stands below the table may say more of it than what stands above.
            self._around.read_footer(row)
        account = request.bank_account or self._around.account
        entries = [row.cells for row in self._sample if self._around.is_entry(row, columns)]
        settle(columns, entries, account)
        recipe = columns.recipe
        if account is None and not columns.has("account") and (recipe is None or recipe.called is None):
            message = "the table does not say whose it is: name the bank account's number"
            raise InvalidCommand(message, field="bankAccount")
        if self._around.currency is None and request.currency is None and not columns.has("currency"):
            raise InvalidCommand("the table does not say its currency: name it", field="currency")
        self._rows = TableRows(self.name, columns, request.layout, self._around, request.bank_account, request.currency)
        yield from self._overruled()
        sample, self._sample = self._sample, []
        for row in sample:
            yield from self._rows.read(row)

    def _overruled(self) -> Iterator[Note]:
        """What the request says otherwise than the file: the file counts."""
        account, currency = self._around.account, self._around.currency
        named, said = self._request.bank_account, self._request.currency
        if account is not None and named is not None and plain_number(account) != plain_number(named):
            yield Note(f"the file is of the bank account ending in {account[-4:]}, and not of the one that was named")
        if currency is not None and said is not None and currency != said:
            yield Note(f"the file is in {currency}, and not in {said}")
