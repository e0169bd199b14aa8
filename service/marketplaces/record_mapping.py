"""From records to observations: what a channel's module says of one record, or why the record cannot be read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, BinaryIO

from service.formats.amounts import Amount, NotUnderstood, Number, Unrecognised, plain, read_amount
from service.formats.json_records import Record, Route, has_records, json_records
from service.formats.times import Moment
from service.formats.unreadable import Unreadable, unreadable
from service.marketplaces.observations import Kind, Level, Observation, SettlementLine, Shop, Stage

Around = Mapping[str, Any]
"""What an answer says around its records, and what only the request said: the statement that was asked for."""

MapRecord = Callable[[Record, Around], Iterable[Observation]]

ID_MAX = 200
"""The longest identifier that is kept as one."""
HELD_MAX = 10_000
"""Records of one answer that can wait for what is said around them: pages are far smaller."""


def map_records(records: Iterable[Record | Unreadable], say: MapRecord, around: Around) -> Iterator[Observation]:
    """What a channel says of each record: all that the record tells, or one Unreadable."""
    for record in records:
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            said = list(say(record, around))
        except NotUnderstood as problem:
            if not (record.around_records and isinstance(problem, Unrecognised)):
                yield unreadable(record.place, str(problem), record.raw)
        else:
            yield from said


def map_json_records(
    stream: BinaryIO, routes: frozenset[Route], say: MapRecord, around: Around, held: frozenset[Route] = frozenset()
) -> Iterator[Observation]:
    """JSON and JSON lines; an array of whole answers is read as if each stood alone.

    Records at `held` routes wait for the rest of their answer, which says what they belong to.
    """
    waiting: list[Record] = []
    for record in json_records(stream, routes):
        if isinstance(record, Unreadable):
            yield from map_records([*waiting, record], say, around)
            waiting = []
        elif record.route == () and has_records(record.value, routes):
            for each in map_json_records(io.BytesIO(record.raw), routes, say, around, held):
                yield replace(each, place=f"{record.place}: {each.place}")
        elif record.route in held and len(waiting) < HELD_MAX:
            waiting.append(record)
        elif record.route is None:
            here = {**around, **record.value} if isinstance(record.value, dict) else around
            yield from map_records([*waiting, record], say, here)
            waiting = []
        else:
            yield from map_records([record], say, around)
    yield from map_records(waiting, say, around)


def required(value: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that is there, as an identifier. NotUnderstood if none is."""
    found = optional(value, *names)
    if found is None:
        raise NotUnderstood(f"it has no {names[0]}")
    return found


def optional(value: Mapping[str, Any], *names: str) -> str | None:
    """The first of these fields that holds a text or a number, as an identifier; None where all are missing or empty."""
    for name in names:
        found = value.get(name)
        if found is None or isinstance(found, bool | dict | list):
            continue
        text = str(found).strip()
        if text and not (isinstance(found, Number) and text == "0"):
            if len(text) > ID_MAX:
                raise NotUnderstood(f"{name} is longer than {ID_MAX} characters")
            return text
    return None


def currency_of(value: Mapping[str, Any], shop: Shop, name: str = "currency") -> str:
    """The record's own currency, else the shop's. NotUnderstood where neither is known."""
    found = optional(value, name)
    if found is None:
        if shop.currency is None:
            raise NotUnderstood("no currency is written here: name the channel's, with --currency")
        return shop.currency
    if len(found) != 3 or not found.isascii() or not found.isalpha():
        raise NotUnderstood(f"{name} is {found!r}, not a currency code")
    return found.upper()


@dataclass(frozen=True, slots=True)
class Told:
    """What all lines of one record have in common."""

    channel: str
    source: str
    shop: Shop
    record: Record
    reference: str
    currency: str
    occurred_at: Moment
    level: Level
    stage: Stage
    statement: str | None = None
    invoice: str | None = None
    order: str | None = None
    item: str | None = None

    def line(
        self,
        kind: Kind,
        amount: Amount,
        field: str,
        *,
        credit: Decimal | None = None,
        books: bool = False,
        part_of: str | None = None,
        item: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> SettlementLine:
        """A line of this record; `credit` where the source's sign is not the seller's."""
        return SettlementLine(
            channel=self.channel,
            source=self.source,
            seller=self.shop.seller,
            level=self.level if item is None else Level.ITEM,
            kind=kind,
            stage=self.stage,
            reference=self.reference,
            amount=amount.number if credit is None else credit,
            text=amount.text,
            field=field,
            currency=self.currency,
            occurred_at=self.occurred_at,
            books=books,
            place=self.record.place,
            raw=self.record.raw,
            part_of=part_of,
            statement=self.statement,
            invoice=self.invoice,
            order=self.order,
            item=self.item if item is None else item,
            extra=extra or {},
        )

    def explained(self, total: SettlementLine, parts: Sequence[SettlementLine]) -> Iterator[SettlementLine]:
        """The total, its parts, and what the parts leave unexplained as a residual."""
        yield total
        yield from parts
        left = total.amount - sum((part.amount for part in parts), Decimal(0))
        if parts and left:
            amount = Amount(plain(left), left)
            yield self.line(Kind.RESIDUAL, amount, f"{total.field} less its parts", part_of=total.field)


_NOTHING = ("0", "0.0", "0.00")
"""Most fields of most records, which would only be read to be left out."""


def parts_of(
    told: Told, value: Mapping[str, Any], kinds: Mapping[str, tuple[Kind, int]], total_field: str, prefix: str = ""
) -> list[SettlementLine]:
    """A line for each field of `kinds` that is there: its kind, and 1 or -1 for what its sign means to the seller.

    A zero says nothing, except of a commission: no commission is not the same as an unknown one.
    """
    parts = []
    for name, (kind, sign) in kinds.items():
        found = value.get(name)
        if found is None or found == "" or (found in _NOTHING and kind is not Kind.COMMISSION):
            continue
        amount = read_amount(found)
        if amount.number or kind is Kind.COMMISSION:
            credit = amount.number * sign
            parts.append(told.line(kind, amount, prefix + name, credit=credit or Decimal(0), part_of=total_field))
    return parts
