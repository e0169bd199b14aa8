"""Reports as tables: the meaning of their columns, and the settlement lines of a row."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from service.formats.amounts import Amount, NotUnderstood, Number, read_grouped
from service.formats.detection import XLSX, ZIP
from service.formats.json_records import Record
from service.formats.spreadsheets import (
    Cell,
    NotASpreadsheet,
    TableRow,
    csv_rows,
    detect_delimiter,
    heading,
    xlsx_rows,
)
from service.formats.times import NEVER, Moment, from_cell, read_moment
from service.formats.unreadable import Unreadable, unreadable
from service.marketplaces.observations import Kind, Level, Observation, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import RecordHeader

HEADING_ROWS_MAX = 60
"""Rows of a sheet in which the headings are looked for. Reports have a title and a summary above them."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A report, by its headings. A row has one amount (`amount`), or a total with its parts (`total` and `parts`).

    The other fields name the heading of the column that holds them.
    """

    source: str
    level: Level
    stage: Stage
    reference: str
    """The prefix of the references of its lines."""
    needs: tuple[str, ...]
    """The headings that the report is detected by."""
    amount: str | None = None
    kind_name: str | None = None
    kind_of: Callable[[str | None], Kind] | None = None
    total: str | None = None
    parts: Mapping[str, tuple[Kind, int]] = field(default_factory=dict)
    """Each part's kind, and 1 or -1 by which its amount becomes what the seller sees."""
    statement: str | None = None
    invoice: str | None = None
    order: str | None = None
    item: str | None = None
    occurred_at: str | None = None
    currency: str | None = None
    books: bool = False
    decimal_comma: bool = True


def table_lines(
    stream: io.BufferedReader, format_name: str, reports: Sequence[Columns], channel: str, shop: Shop
) -> Iterator[Observation]:
    """The lines of every sheet that has the headings of one of the reports; Unreadable where no sheet has."""
    rows: Iterator[TableRow | Unreadable]
    if format_name in (XLSX, ZIP):
        rows = iter(xlsx_rows(stream))
    else:
        rows = csv_rows(stream, detect_delimiter(stream, [report.needs for report in reports]))
    sheet: _Sheet | None = None
    detected = False
    try:
        for row in rows:
            if isinstance(row, Unreadable):
                yield row
                continue
            if sheet is None or sheet.name != row.sheet:
                sheet = _Sheet(row.sheet)
            if sheet.report is None:
                detected = sheet.detect(row, reports) or detected
            elif any(cell is not None for cell in row.cells):
                yield from _row(row, sheet.report, sheet.headings, channel, shop)
    except NotASpreadsheet as problem:
        yield unreadable("the file", str(problem), b"")
        return
    if not detected:
        names = "; ".join(", ".join(report.needs) for report in reports)
        yield unreadable("the file", f"no row has the headings of a report that {channel} is known for: {names}", b"")


class _Sheet:
    def __init__(self, name: str) -> None:
        self.name = name
        self.report: Columns | None = None
        self.headings: dict[str, int] = {}
        self._rows_read = 0

    def detect(self, row: TableRow, reports: Sequence[Columns]) -> bool:
        self._rows_read += 1
        if self._rows_read > HEADING_ROWS_MAX:
            return False
        headings: dict[str, int] = {}
        for index, cell in enumerate(row.cells):
            headings.setdefault(heading(cell), index)
        for report in reports:
            if all(name in headings for name in report.needs):
                self.report, self.headings = report, headings
                return True
        return False


class _Cells:
    """The cells of a row, by heading."""

    def __init__(self, row: TableRow, report: Columns, headings: Mapping[str, int]) -> None:
        self._row = row
        self._report = report
        self._headings = headings

    def cell(self, name: str | None) -> Cell:
        index = None if name is None else self._headings.get(name)
        return None if index is None or index >= len(self._row.cells) else self._row.cells[index]

    def text(self, name: str | None) -> str | None:
        found = self.cell(name)
        return None if found is None else str(found).strip() or None

    def amount(self, name: str) -> Amount | None:
        found = self.cell(name)
        if found is None or found == "-":
            return None
        try:
            return read_grouped(found, self._report.decimal_comma)
        except NotUnderstood as problem:
            raise NotUnderstood(f"{name}: {problem}") from None

    def required_amount(self, name: str) -> Amount:
        found = self.amount(name)
        if found is None:
            raise NotUnderstood(f"{name} is empty")
        return found


def _row(
    row: TableRow, report: Columns, headings: Mapping[str, int], channel: str, shop: Shop
) -> Iterator[Observation]:
    try:
        cells = _Cells(row, report, headings)
        lines = list(_lines(_header(row, report, cells, channel, shop), report, cells))
    except NotUnderstood as problem:
        yield unreadable(row.place, str(problem), row.raw)
    else:
        yield from lines


def _header(row: TableRow, report: Columns, cells: _Cells, channel: str, shop: Shop) -> RecordHeader:
    currency = cells.text(report.currency) or shop.currency
    if currency is None:
        raise NotUnderstood("the report has no currency: name the channel's, with --currency")
    order, item, statement = cells.text(report.order), cells.text(report.item), cells.text(report.statement)
    identity = [each for each in (statement, order, item) if each] if report.level is Level.ITEM else [order or ""]
    if not any((order, item)):
        raise NotUnderstood(f"it has no {report.order if report.level is Level.ORDER else report.item}")
    if report.amount is not None:
        # Such a row has no identifier of its own, so its content identifies it.
        identity.append(hashlib.sha256(row.raw).hexdigest()[:16])
    return RecordHeader(
        channel=channel,
        source=report.source,
        shop=shop,
        record=Record((), None, row.raw, row.place),
        reference="/".join([report.reference, *identity]),
        currency=currency,
        occurred_at=_moment(cells.cell(report.occurred_at), shop.zone),
        level=report.level,
        stage=report.stage,
        statement=statement,
        invoice=cells.text(report.invoice),
        order=order,
        item=item,
    )


def _lines(header: RecordHeader, report: Columns, cells: _Cells) -> Iterator[SettlementLine]:
    if report.amount is not None:
        name = cells.text(report.kind_name)
        kind = report.kind_of(name) if report.kind_of is not None else Kind.ADJUSTMENT
        extra = {} if name is None else {"feeName": name}
        yield header.line(kind, cells.required_amount(report.amount), report.amount, books=report.books, extra=extra)
        return
    assert report.total is not None, "a report has an amount or a total"
    total = cells.required_amount(report.total)
    parts = []
    for name, (kind, sign) in report.parts.items():
        part = cells.amount(name)
        if part is not None and (part.number or kind is Kind.COMMISSION):
            parts.append(header.line(kind, part, name, credit=part.number * sign + 0, part_of=report.total))
    yield from header.with_residual(header.line(Kind.PAYOUT, total, report.total, books=report.books), parts)


def _moment(found: Cell, zone: str) -> Moment:
    if found is None:
        return NEVER
    if isinstance(found, date):
        return from_cell(found, zone)
    return read_moment(found if not isinstance(found, Number) else str(found), zone)
