"""Reports as tables: the sheets of a file, and the tables and totals in them.

A sheet may have a title, a summary and several tables, each under its own headings. A table's columns are understood by
their headings and by the first rows of the table; headings that nothing was read by are named.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from service.formats.amounts import Amount, NotUnderstood
from service.formats.detection import HEAD_BYTES, XLSX, ZIP
from service.formats.file_remarks import LeftOut, Note, StatedTotal, TotalOf, UnusedHeadings
from service.formats.spreadsheets import DELIMITERS, Cell, NotASpreadsheet, TableRow, csv_rows, rows_of_head, xlsx_rows
from service.formats.unreadable import Unreadable, unreadable
from service.marketplaces.observations import Level, Observation, SettlementLine, Shop
from service.marketplaces.repeated_references import tell_apart
from service.marketplaces.report_cells import read_cell_amount
from service.marketplaces.report_columns import CURRENCY_NAMES, ColumnMap, ReportColumns, currency_in, detected, key_of
from service.marketplaces.report_rows import HEADINGS_AGAIN, Row

HEADING_ROWS_MAX = 200
"""Rows of a sheet in which the first headings are looked for. Reports have a title and a summary above them."""
SAMPLE_ROWS = 50
"""The first rows of a table, by whose cells columns are understood."""

_NUMBERED = re.compile(r"^\d+\.\s*")


@dataclass(frozen=True, slots=True)
class ReportFile:
    """What a marketplace's files may have: tables, and totals that stand beside a label, outside of a table.

    `totals` has for each label, in small letters, what it adds up, and the sheet that it is of: empty for the label's own.
    """

    tables: tuple[ReportColumns, ...]
    totals: Mapping[str, tuple[TotalOf, tuple[str, ...]]] = field(default_factory=dict)


def table_lines(
    stream: io.BufferedReader, format_name: str, report: ReportFile, channel: str, shop: Shop
) -> Iterator[Observation]:
    """What every table of the file says that is one of the report's; Unreadable where no row has their headings."""
    anonymous = {(each.source, each.level) for each in report.tables if each.own_id is None and not each.identified}
    items = {each.items.source for each in report.tables if each.items is not None}
    anonymous |= {(source, Level.ITEM) for source in items}
    # A row of no order has no identifier either.
    anonymous |= {(each.source, Level.GLOBAL) for each in report.tables if each.own_id is None}
    identified = {each.source for each in report.tables} | items
    found = _FileReader(report, channel, shop).read(stream, format_name)
    return tell_apart(_with_notes(found, shop), identified, anonymous)


def _with_notes(observations: Iterator[Observation], shop: Shop) -> Iterator[Observation]:
    """The observations, and a note where the file has a currency that is not the one that the request names."""
    noted = {shop.currency}
    for each in observations:
        if shop.currency is not None and isinstance(each, SettlementLine) and each.currency not in noted:
            noted.add(each.currency)
            yield Note(f"the file is in {each.currency}, and not in {shop.currency} as the request or the channel says")
        yield each


class _FileReader:
    """The tables of a file, one after the other."""

    def __init__(self, report: ReportFile, channel: str, shop: Shop) -> None:
        self._report = report
        self._channel = channel
        self._shop = shop
        self._currency = shop.currency
        self._detected = False
        self._sheets: list[str] = []
        self._passed_over: list[str] = []
        self._stated: list[tuple[str, TotalOf, Amount, tuple[str, ...], _ReportSheet]] = []

    def read(self, stream: io.BufferedReader, format_name: str) -> Iterator[Observation]:
        rows: Iterator[TableRow | Unreadable]
        rows = (
            iter(xlsx_rows(stream))
            if format_name in (XLSX, ZIP)
            else csv_rows(stream, _delimiter(stream, self._report))
        )
        sheet: _ReportSheet | None = None
        try:
            for row in rows:
                if isinstance(row, Unreadable):
                    yield row
                    continue
                if sheet is None or sheet.name != row.sheet:
                    yield from self._finished(sheet)
                    sheet = _ReportSheet(row.sheet, self._report.tables, self._channel, self._shop, self._currency)
                    self._sheets.append(row.sheet)
                if any(cell is not None for cell in row.cells):
                    yield from sheet.take(row)
                    self._beside(sheet, row)
        except NotASpreadsheet as problem:
            # The rows before are read: the first ones of a table may still be kept as its sample.
            yield from self._finished(sheet)
            yield unreadable("the file", str(problem), b"")
            return
        yield from self._finished(sheet)
        yield from self._totals()
        if self._detected and self._passed_over:
            yield Note(f"nothing was read in these sheets: {', '.join(filter(None, self._passed_over))[:300]}")
        if not self._detected:
            names = "; ".join(
                ", ".join(each if isinstance(each, str) else each[0] for each in report.needs)
                for report in self._report.tables
            )
            reason = f"no row has the headings of a report that {self._channel} is known for: {names}"
            yield unreadable("the file", reason, b"")

    def _finished(self, sheet: _ReportSheet | None) -> Iterator[Observation]:
        if sheet is not None:
            yield from sheet.end()
            if not sheet.detected and not any(of_sheet is sheet for *_, of_sheet in self._stated):
                self._passed_over.append(sheet.name)
            self._detected = self._detected or sheet.detected

    def _beside(self, sheet: _ReportSheet, row: TableRow) -> None:
        """Keeps what a row outside of a table says: the currency of what follows, and totals."""
        if sheet.in_table:
            return
        cells = [cell for cell in row.cells if cell is not None]
        label = _NUMBERED.sub("", key_of(cells[0])) if isinstance(cells[0], str) else ""
        if label in CURRENCY_NAMES and len(cells) > 1 and (named := currency_in(str(cells[1]))) is not None:
            self._currency = sheet.currency = named
        if label in self._report.totals:
            of, sheets = self._report.totals[label]
            amount = next((found for cell in cells[1:] if (found := _amount(cell)) is not None), None)
            if amount is not None:
                self._stated.append((str(cells[0]).strip(), of, amount, sheets, sheet))

    def _totals(self) -> Iterator[StatedTotal]:
        """The totals beside labels. Which sheet they are of is known at the end of the file."""
        for name, of, amount, sheets, own in self._stated:
            group = next((each for each in self._sheets if each.strip().lower() in sheets), own.group)
            yield StatedTotal(name, of, amount.number, self._currency, group)


class _ReportSheet:
    """The tables of one sheet. Its rows are first looked at for headings, then kept as a sample, then read."""

    def __init__(
        self, name: str, tables: Sequence[ReportColumns], channel: str, shop: Shop, currency: str | None
    ) -> None:
        self.name = name
        self.currency = currency
        self.detected = False
        self._tables = tables
        self._channel = channel
        self._shop = shop
        self._columns: ColumnMap | None = None
        self._place = ""
        self._sample: list[TableRow] | None = None
        self._rows_looked_at = 0

    @property
    def group(self) -> str:
        """What a receipt adds the rows of its last table up under."""
        return self.name or f"the table of {self._place}"

    @property
    def in_table(self) -> bool:
        return self._columns is not None

    def take(self, row: TableRow) -> Iterator[Observation]:
        if self._columns is None:
            self._rows_looked_at += 1
            if self._rows_looked_at <= HEADING_ROWS_MAX:
                self._begin(row)
        elif self._sample is not None:
            self._sample.append(row)
            if len(self._sample) >= SAMPLE_ROWS:
                yield from self._read_sample()
        else:
            yield from self._read(row)

    def end(self) -> Iterator[Observation]:
        while self._sample is not None:
            yield from self._read_sample()

    def _begin(self, row: TableRow) -> bool:
        report = detected(row.cells, self._tables)
        if report is None:
            return False
        self.detected = True
        self._columns, self._place, self._sample = ColumnMap(report, row.cells), row.place, []
        return True

    def _read_sample(self) -> Iterator[Observation]:
        sample, self._sample = self._sample or [], None
        assert self._columns is not None, "a sample is of a table"
        # Rows below other headings are of another table.
        own = [row.cells for row in sample[: next(self._headings_in(sample), len(sample))]]
        self._columns.learn(own)
        if unused := self._columns.unused(own):
            yield UnusedHeadings(self._place, unused)
        for row in sample:
            yield from self.take(row)

    def _headings_in(self, rows: Sequence[TableRow]) -> Iterator[int]:
        return (number for number, row in enumerate(rows) if detected(row.cells, self._tables) is not None)

    def _read(self, row: TableRow) -> Iterator[Observation]:
        columns = self._columns
        assert columns is not None, "a row that is read is of a table"
        found = list(Row(row, columns, self._channel, self._shop, self.currency, self.group).observations())
        if len(found) == 1 and isinstance(found[0], Unreadable | LeftOut) and self._begin(row):
            if self._columns is not None and self._columns.is_of(columns):
                self._columns, self._sample = columns, None
            yield LeftOut(row.place, HEADINGS_AGAIN)
            return
        yield from found


def _amount(cell: Cell) -> Amount | None:
    try:
        return read_cell_amount(cell, None)
    except NotUnderstood:
        return None


def _delimiter(stream: io.BufferedReader, report: ReportFile) -> str:
    """The delimiter with which a row at the start of the file has the headings of a table; else the first one."""
    head = stream.peek(HEAD_BYTES).decode("utf-8-sig", "replace")
    for delimiter in DELIMITERS:
        if any(detected(cells, report.tables) for cells in rows_of_head(head, delimiter)):
            return delimiter
    return DELIMITERS[0]
