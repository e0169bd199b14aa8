"""Record mapping: from the records of a file to observations, or to the reason why a record cannot be read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, BinaryIO

from events.settlements.older_names import OlderName
from events.values import value
from service.formats.amounts import Amount, NotUnderstood, Unrecognised, plain, read_amount
from service.formats.file_remarks import Note, StatedTotal
from service.formats.json_records import Record, Route, has_records, json_records
from service.formats.times import NEVER, Moment, local_day
from service.formats.unreadable import Unreadable, unreadable
from service.marketplaces.observations import Doubt, Kind, Level, Observation, SettlementLine, Shop, Stage
from service.platform import logs

log = logs.get("import")

PageFields = Mapping[str, Any]
"""The fields of an answer beside its records, and those of the request, such as the statement that it was for."""

MapRecord = Callable[[Record, PageFields], Iterable[Observation]]
"""The observations of one record. NotUnderstood where it cannot be read."""

ID_MAX = 200
"""The longest identifier, in characters."""
DEFERRED_MAX = 10_000
"""The most records of one answer that are deferred. Pages are far smaller."""


def map_records(
    records: Iterable[Record | Unreadable], map_record: MapRecord, page_fields: PageFields
) -> Iterator[Observation]:
    """The observations of each record; one Unreadable for a record that cannot be read."""
    for record in records:
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            observations = list(map_record(record, page_fields))
        except NotUnderstood as problem:
            if not (record.had_records and isinstance(problem, Unrecognised)):
                yield unreadable(record.place, str(problem), record.raw)
        except Exception as problem:
            # A fault of ours, and of this record alone: the same file or page would stop at it each time.
            log.exception("record_not_mapped", place=record.place)
            yield unreadable(
                record.place, f"reading it failed: {type(problem).__name__} (the log says more)", record.raw
            )
        else:
            yield from observations


def map_json_records(
    stream: BinaryIO,
    routes: frozenset[Route],
    map_record: MapRecord,
    page_fields: PageFields,
    deferred_routes: frozenset[Route] = frozenset(),
) -> Iterator[Observation]:
    """As `map_records`, for JSON and JSON lines. An array of whole answers is read as if each stood alone.

    Records at `deferred_routes` are mapped after the remainder of their answer, which says what they belong to.
    """
    deferred: list[Record] = []
    for record in json_records(stream, routes):
        if isinstance(record, Unreadable):
            yield from map_records([*deferred, record], map_record, page_fields)
            deferred = []
        elif record.route == () and has_records(record.value, routes):
            for each in map_json_records(io.BytesIO(record.raw), routes, map_record, page_fields, deferred_routes):
                yield (
                    each
                    if isinstance(each, StatedTotal | Note)
                    else replace(each, place=f"{record.place}: {each.place}")
                )
        elif record.route in deferred_routes and len(deferred) < DEFERRED_MAX:
            deferred.append(record)
        elif record.route is None:
            all_fields = {**page_fields, **record.value} if isinstance(record.value, dict) else page_fields
            yield from map_records([*deferred, record], map_record, all_fields)
            deferred = []
        else:
            yield from map_records([record], map_record, page_fields)
    yield from map_records(deferred, map_record, page_fields)


PLACEHOLDERS = frozenset({"", "0", "-", "--", "/", "n/a", "na", "none", "null", "nil", "nonref", "notprovided"})
"""Texts, in small letters, that stand where a source has no identifier."""


def required(value: Mapping[str, Any], *names: str) -> str:
    """As `optional`; NotUnderstood where no field holds one."""
    found = optional(value, *names)
    if found is None:
        raise NotUnderstood(f"it has no {names[0]}")
    return found


def optional(value: Mapping[str, Any], *names: str) -> str | None:
    """The identifier in the first of these fields that holds a text or a number; None where all are missing or empty.

    A placeholder is no identifier. NotUnderstood for one of more than `ID_MAX` characters.
    """
    for name in names:
        found = value.get(name)
        if found is None or isinstance(found, bool | dict | list):
            continue
        text = str(found).strip()
        if text.lower() not in PLACEHOLDERS:
            if len(text) > ID_MAX:
                raise NotUnderstood(f"{name} is longer than {ID_MAX} characters")
            return text
    return None


def currency_of(value: Mapping[str, Any], shop: Shop, name: str = "currency") -> str:
    """The record's currency in capitals, else the shop's. NotUnderstood where neither is known."""
    found = optional(value, name)
    if found is None:
        if shop.currency is None:
            raise NotUnderstood("no currency is written here: name the channel's, with --currency")
        return shop.currency
    if len(found) != 3 or not found.isascii() or not found.isalpha():
        raise NotUnderstood(f"{name} is {found!r}, not a currency code")
    return found.upper()


@value
class RecordHeader:
    """The fields that all lines of one record share."""

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
    doubts: tuple[Doubt, ...] = ()
    sheet: str = ""
    updated_at: Moment = NEVER
    older_names: tuple[OlderName, ...] = ()

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
        pays: Sequence[str] = (),
        adjusts: bool = False,
        adjusted: Decimal | None = None,
    ) -> SettlementLine:
        """A line of this record. `credit` is the amount as the seller sees it, where the source's sign differs.

        `adjusts` says that other sources tell of the same money: an adjustment of its order, or a movement of no order on
        its day. `adjusted` is what an order's adjustments come to that are not listed.
        """
        number = amount.number if credit is None else credit
        day = local_day(self.occurred_at, self.shop.zone) if adjusts else None
        return SettlementLine(
            channel=self.channel,
            source=self.source,
            seller=self.shop.seller,
            level=self.level if item is None else Level.ITEM,
            kind=kind,
            stage=self.stage,
            reference=self.reference,
            amount=number,
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
            doubts=self.doubts,
            sheet=self.sheet,
            pays=tuple(pays),
            updated_at=self.updated_at,
            adjusts=_told_by_several(self.order, day, number) if adjusts else None,
            occurred_on=day,
            adjusted=adjusted,
            older_names=self.older_names,
        )

    def with_residual(self, total: SettlementLine, parts: Sequence[SettlementLine]) -> Iterator[SettlementLine]:
        """The total, its parts, and a residual line for what the parts leave unexplained."""
        yield total
        yield from parts
        left = total.amount - sum((part.amount for part in parts), Decimal(0))
        if parts and left:
            amount = Amount(plain(left), left)
            yield self.line(Kind.RESIDUAL, amount, f"{total.field} less its parts", part_of=total.field)


def _told_by_several(order: str | None, day: str | None, amount: Decimal) -> str | None:
    """The reference of money that several sources tell of: an order's, or what moved on a day; None where nobody can tell."""
    if order is not None:
        return f"order/{order}"
    return None if day is None else f"movement/{day}/{plain(amount.normalize())}"


_ZEROS = ("0", "0.0", "0.00")
"""Most fields of most records: they are left out before they are read as amounts."""
_COMMISSION = Kind.COMMISSION
"""To look up a member of an enumeration costs more than all else that is asked of a zero."""


def part_lines(
    header: RecordHeader,
    value: Mapping[str, Any],
    kinds: Mapping[str, tuple[Kind, int]],
    total_field: str,
    prefix: str = "",
) -> list[SettlementLine]:
    """A line for each field of `kinds` that the record has, as a part of the total in `total_field`.

    `kinds` gives each field's kind, and 1 or -1 by which its amount becomes what the seller sees. Zeros are left out,
    but for a commission: a commission of zero is not an unknown one.
    """
    parts = []
    for name, (kind, sign) in kinds.items():
        found = value.get(name)
        if found is None or found == "" or (found in _ZEROS and kind is not _COMMISSION):
            continue
        amount = read_amount(found)
        if amount.number or kind is _COMMISSION:
            credit = amount.number * sign
            parts.append(header.line(kind, amount, prefix + name, credit=credit or Decimal(0), part_of=total_field))
    return parts
