"""A row of a report: the settlement lines that it becomes, or the reason why it is no money to book.

A row of an order's item explains the order's row and replaces nothing. A total row is the file's own total. A row
without a number, a date or an identifier is a note. What is left is money, or is listed with what is wrong in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256

from events.canonical import canonical
from events.settlements.older_names import OlderName
from service.formats.amounts import Amount, NotUnderstood, plain
from service.formats.file_remarks import LeftOut, StatedTotal, TotalOf
from service.formats.json_records import Record
from service.formats.spreadsheets import TableRow
from service.formats.times import Moment
from service.formats.unreadable import unreadable
from service.marketplaces.doubts import stage_of, unknown_type
from service.marketplaces.observations import Doubt, Kind, Level, Observation, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import RecordHeader
from service.marketplaces.report_cells import Cells
from service.marketplaces.report_columns import DIRECTIONS, ColumnMap, Movement, ReportColumns, currency_in, key_of

TOTAL_ROW, NOTE, HEADINGS_AGAIN = "a total row", "a note", "the headings again"
_NOT_DONE = {
    Stage.EXPECTED: "a pending row",
    Stage.FAILED: "a row that failed or was cancelled",
    Stage.CANCELLED: "a row that failed or was cancelled",
}
"""Why a row of such a status is left out. One of a status that is not known is kept, with a finding, and books nothing."""

_TOTALS = re.compile(
    r"(grand |sub ?)?total( amount| released amount| penghasilan| keseluruhan| akhir)?|jumlah( total| keseluruhan)?"
    r"|(sub ?)?jumlah|sum|summary|ringkasan|overall"
)
_STATUSES = {
    **dict.fromkeys(("completed", "complete", "success", "succeeded", "successful", "settled", "released"), Stage.PAID),
    **dict.fromkeys(("paid", "transferred", "transaction completed"), Stage.PAID),
    **dict.fromkeys(("selesai", "berhasil", "sukses", "dibayar", "sudah dibayar", "transaksi selesai"), Stage.PAID),
    **dict.fromkeys(("dilepas", "dilepaskan", "sudah dilepas", "ditransfer", "lunas"), Stage.PAID),
    **dict.fromkeys(
        ("pending", "pend", "processing", "in progress", "initial", "to release", "unpaid"), Stage.EXPECTED
    ),
    **dict.fromkeys(("menunggu", "diproses", "sedang diproses", "tertunda", "belum dilepas"), Stage.EXPECTED),
    **dict.fromkeys(("belum dibayar", "not paid", "on hold"), Stage.EXPECTED),
    **dict.fromkeys(("failed", "rejected", "gagal", "transaksi gagal", "ditolak"), Stage.FAILED),
    **dict.fromkeys(("cancelled", "canceled", "dibatalkan", "batal", "transaksi dibatalkan"), Stage.CANCELLED),
}
"""Words for a status, in small letters. With `PAID` the row is as far as its report says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row, with what is known of all rows of its table. `currency` is what the sheet says, else the shop's."""

    table: TableRow
    columns: ColumnMap
    channel: str
    shop: Shop
    currency: str | None
    group: str
    """What a receipt adds its rows up under."""

    @property
    def report(self) -> ReportColumns:
        return self.columns.report

    def observations(self) -> Iterator[Observation]:
        """What the row says."""
        cells = Cells(self.columns, self.table.cells)
        try:
            if (remark := self._remark(cells)) is not None:
                yield from remark
            else:
                yield from self._lines(cells)
        except NotUnderstood as problem:
            yield unreadable(self.table.place, str(problem), self.table.raw)

    def _remark(self, cells: Cells) -> list[Observation] | None:
        """A total row or a note; None for a row of money, and for one that has to be looked at."""
        place, label = self.table.place, self._label()
        has_number = cells.has_number()
        if label is not None and _TOTALS.fullmatch(key_of(label)):
            stated: list[Observation] = []
            if has_number and (found := cells.money(None)) is not None:
                currency = self.columns.noted_currency or self.currency
                # Rows that name their statement are added up by it: then the total is of the whole file.
                group = "" if self.columns.statement else self.group
                stated.append(StatedTotal(label, TotalOf.AMOUNTS, found[0].number, currency, group))
            return [*stated, LeftOut(place, TOTAL_ROW)]
        if self.columns.occurred_at and cells.moment(self.columns.occurred_at, self.shop.zone).instant is not None:
            return None
        named = any(cells.first(indexes) is not None for indexes in self._ids())
        is_note = not has_number and (not named or (has_number is False and bool(self.columns.occurred_at)))
        return [LeftOut(place, NOTE)] if is_note else None

    def _ids(self) -> list[list[int]]:
        return [self.columns.own_id, self.columns.order, self.columns.item, self.columns.statement]

    def _label(self) -> str | None:
        """The first text of the row that is no number."""
        for cell in self.table.cells:
            if isinstance(cell, str) and cell.strip():
                return cell.strip() if not cell.strip().lstrip("-").replace(".", "").isdecimal() else None
        return None

    def _lines(self, cells: Cells) -> Iterator[SettlementLine | LeftOut]:
        currency = self._row_currency(cells)
        found = cells.money(currency)
        if found is None:
            raise NotUnderstood(f"{self.columns.headings[self.columns.money[0]]} is empty")
        amount, heading = found
        at = cells.moment(self.columns.occurred_at, self.shop.zone)
        if _STATUSES.get(at.text.strip().lower()) is Stage.EXPECTED:
            # In place of its date.
            yield LeftOut(self.table.place, _NOT_DONE[Stage.EXPECTED], amount.number, currency, self.group)
            return
        if at.text and at.instant is None:
            raise NotUnderstood(f"{self.columns.headings[self.columns.occurred_at[0]]}: {at.text[:40]!r} is no date")
        if self._is_part(cells):
            yield from self._part(cells, currency, amount, heading, at)
            return
        sign = self._direction(cells, amount)
        type_name = cells.text(self.columns.kind_name)
        movement = Movement(Kind.ADJUSTMENT) if self.report.means is None else self.report.means(type_name)
        sign = sign or movement.sign
        credit = (abs(amount.number) if sign else amount.number) * (sign or 1)
        stage, books, doubts = self._stage(cells, at, movement)
        if not doubts and (reason := _NOT_DONE.get(stage)) is not None:
            # A file's totals may have what is pending, and never what failed.
            pending = credit if stage is Stage.EXPECTED else None
            yield LeftOut(self.table.place, reason, pending, currency, self.group)
            return
        order = cells.text(self.columns.order)
        if order is None and self.report.own_id_is_order and movement.kind is Kind.PAYOUT:
            order = cells.text(self.columns.own_id)
        of_no_order = order is None and cells.text(self.columns.item) is None
        if of_no_order and not (
            self.report.without_order and (at.instant is not None or cells.text(self.columns.own_id))
        ):
            names = [
                self.columns.headings[index] for indexes in (self.columns.order, self.columns.item) for index in indexes
            ]
            raise NotUnderstood(f"it has no {' or '.join(names[:2])}")
        if self.report.means is not None and not movement.known:
            doubts += (unknown_type(type_name or ""),)
        level = Level.GLOBAL if of_no_order else self.report.level
        header = self._header(cells, currency, at, stage, doubts, level, order)
        header = replace(
            header,
            reference=self._reference(cells, header, type_name, credit, movement),
            older_names=self._older_names(cells, header),
        )
        if self.report.amount is not None:
            extra = self._extra(cells, type_name)
            adjusts = self.report.adjusts and movement.books is not False
            yield header.line(movement.kind, amount, heading, credit=credit, books=books, extra=extra, adjusts=adjusts)
            return
        kind = Kind.PAYOUT if not of_no_order else Kind.ADJUSTMENT
        if self.report.means is not None:
            kind = movement.kind
        yield from self._explained(header, cells, currency, amount, heading, kind, credit, books=books)

    def _explained(
        self,
        header: RecordHeader,
        cells: Cells,
        currency: str,
        amount: Amount,
        heading: str,
        kind: Kind,
        credit: Decimal,
        *,
        books: bool,
    ) -> Iterator[SettlementLine]:
        """The total with its parts. Where a column turned the total's sign, it turns theirs."""
        turned = -1 if credit != amount.number else 1
        columns = self.columns
        whole = columns.broken_down
        direct = columns.parts if whole is not None else [*columns.parts, *columns.breakdown]
        found = list(self._parts(cells, currency, direct))
        charged = _charges_sign(amount.number, [(part.number, sign) for _, part, _, sign in found])
        parts = [
            header.line(part_kind, part, name, credit=_credit(part.number, sign, charged) * turned + 0, part_of=heading)
            for part_kind, part, name, sign in found
        ]
        yield from header.with_residual(header.line(kind, amount, heading, credit=credit, books=books), parts)
        if whole is not None:
            for part_kind, part, name, sign in self._parts(cells, currency, columns.breakdown):
                yield header.line(part_kind, part, name, credit=part.number * sign * turned + 0, part_of=whole)

    def _parts(
        self, cells: Cells, currency: str, columns: Sequence[tuple[int, Kind, int]]
    ) -> Iterator[tuple[Kind, Amount, str, int]]:
        """The parts that the row has. A commission of zero is not an unknown one."""
        for index, kind, sign in columns:
            part = cells.amount(index, currency)
            if part is not None and (part.number or kind is Kind.COMMISSION):
                yield kind, part, self.columns.headings[index], sign

    def _is_part(self, cells: Cells) -> bool:
        items = self.report.items
        if items is None or not self.columns.level:
            return False
        word = (cells.text(self.columns.level) or "").lower()
        if word in items.part:
            return True
        if word not in items.whole:
            name = self.columns.headings[self.columns.level[0]]
            raise NotUnderstood(f"{name} is {word or 'empty'}: a row is of an order or of one of its items")
        return False

    def _part(self, cells: Cells, currency: str, amount: Amount, heading: str, at: Moment) -> Iterator[SettlementLine]:
        """A row of an item: it says how the row of its order is made up, under a reference of its own."""
        items = self.report.items
        assert items is not None, "only a report with items has parts"
        order, item = cells.text(self.columns.order), cells.first(self.columns.item_names)
        if order is None or item is None:
            raise NotUnderstood("it is the row of an item, and names no order or no item")
        stage = self.report.stage if at.instant is not None or not self.report.dated_when_released else Stage.EXPECTED
        header = replace(
            self._header(cells, currency, at, stage, (), Level.ITEM, order),
            source=items.source,
            reference=f"item/{order}/{item}",
            item=item,
            # A total adds up the rows of orders alone.
            sheet=f"{self.group}/{Level.ITEM.value}",
        )
        yield from self._explained(header, cells, currency, amount, heading, Kind.PAYOUT, amount.number, books=False)

    def _row_currency(self, cells: Cells) -> str:
        """The currency that the row says, else the sheet, else the shop. NotUnderstood where they say different ones."""
        written = cells.text(self.columns.currency)
        in_row = None if written is None else currency_in(written)
        if written is not None and in_row is None:
            name = self.columns.headings[self.columns.currency[0]] or "the column of the currency"
            raise NotUnderstood(f"{name} is {written[:20]!r}, not a currency code")
        said = {each for each in (in_row, cells.unit(), self.columns.noted_currency) if each is not None}
        if len(said) > 1:
            raise NotUnderstood(f"it is in {' and in '.join(sorted(said))}: the report says both")
        currency = said.pop() if said else self.currency
        if currency is None:
            raise NotUnderstood("the report has no currency: name the channel's, with --currency")
        return currency

    def _direction(self, cells: Cells, amount: Amount) -> int:
        """1 or -1 where a column says whether the money came in or went out; 0 where the amount's own sign says it."""
        if not self.columns.direction:
            return 0
        index = self.columns.direction[0]
        found = cells.at(index)
        name = self.columns.headings[index] if index < len(self.columns.headings) else ""
        shown = f"the column {name}" if name else f"column {index + 1}, which has no heading,"
        sign = DIRECTIONS.get(str(found if found is not None else "").strip().lower())
        if sign is None:
            raise NotUnderstood(f"{shown} says whether the money came in, and {str(found)[:30]!r} is not understood")
        if sign > 0 and amount.number < 0:
            raise NotUnderstood(f"{shown} says that the money came in, and the amount {amount.text} that it left")
        if sign < 0:
            self.columns.outgoing.check(amount.number)
        return sign

    def _stage(self, cells: Cells, at: Moment, movement: Movement) -> tuple[Stage, bool, tuple[Doubt, ...]]:
        stage = movement.stage or self.report.stage
        books = self.report.books if movement.books is None else movement.books
        if self.columns.status:
            reached, doubts = stage_of(cells.text(self.columns.status), _STATUSES)
            if reached is not Stage.PAID:
                return reached, False, doubts
        if self.report.dated_when_released and at.instant is None:
            return Stage.EXPECTED, False, (Doubt("release_has_a_date", "a date of release", "none"),)
        return stage, books, ()

    def _header(
        self,
        cells: Cells,
        currency: str,
        at: Moment,
        stage: Stage,
        doubts: tuple[Doubt, ...],
        level: Level,
        order: str | None,
    ) -> RecordHeader:
        report, columns = self.report, self.columns
        return RecordHeader(
            channel=self.channel,
            source=report.source,
            shop=self.shop,
            record=Record((), None, self.table.raw, self.table.place),
            reference="",
            currency=currency,
            occurred_at=at,
            level=level,
            stage=stage,
            statement=cells.text(columns.statement),
            invoice=cells.text(columns.invoice),
            order=order,
            item=cells.text(columns.item),
            doubts=doubts,
            # What is only expected is in no total of what was paid.
            sheet=self.group if stage is not Stage.EXPECTED else f"{self.group}/{Stage.EXPECTED.value}",
        )

    def _reference(
        self, cells: Cells, header: RecordHeader, type_name: str | None, credit: Decimal, movement: Movement
    ) -> str:
        """What names the row's money: its identifiers, or for a row that has none of its own, what it says."""
        prefix = "withdrawal" if movement.kind is Kind.WITHDRAWAL else self.report.reference
        own = cells.text(self.columns.own_id)
        if own is not None:
            return f"{prefix}/{own}"
        known = [header.statement, header.order, header.item]
        if self.report.amount is None and header.level is not Level.GLOBAL:
            ids = known if self.report.level is Level.ITEM else [header.order]
            return "/".join([prefix, *(each for each in ids if each)])
        said = [header.occurred_at.instant, type_name, plain(credit.normalize()), cells.text(self.columns.balance)]
        content = sha256(canonical([header.currency, *said])).hexdigest()[:16]
        return "/".join([prefix, *(each for each in known if each), content])

    def _older_names(self, cells: Cells, header: RecordHeader) -> tuple[OlderName, ...]:
        """A row that has no identifier of its own was named by all of its bytes."""
        if self.report.amount is None or cells.text(self.columns.own_id) is not None:
            return ()
        known = [header.statement, header.order, header.item] if self.report.level is Level.ITEM else [header.order]
        content = sha256(self.table.raw).hexdigest()[:16]
        reference = "/".join([self.report.reference, *(each for each in known if each), content])
        return (OlderName(reference, alone=True),)

    def _extra(self, cells: Cells, type_name: str | None) -> dict[str, str]:
        extra = {
            "feeName": type_name,
            "description": cells.text(self.columns.description),
            "balanceAfter": cells.text(self.columns.balance),
        }
        return {name: found for name, found in extra.items() if found is not None}


def _charges_sign(total: Decimal, parts: Sequence[tuple[Decimal, int]]) -> int:
    """The sign of the parts without one, with which all add up to the total; 0 where they do with neither."""
    signed = sum((number * sign for number, sign in parts), Decimal(0))
    charges = sum((number for number, sign in parts if not sign), Decimal(0))
    return next((sign for sign in (1, -1) if signed + charges * sign == total), 0)


def _credit(number: Decimal, sign: int, charged: int) -> Decimal:
    return number * (sign or charged) if sign or charged else -abs(number)
