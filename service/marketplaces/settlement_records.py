"""Settlement records: the lines that one record of a source gives, and the fact that they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from events.canonical import check_content
from events.currency import AMOUNT_MAX
from events.settlements.events import SettlementObserved
from events.settlements.observe import order_references
from events.values import Data
from service.formats.amounts import plain
from service.formats.unreadable import Unreadable
from service.marketplaces import consistency_checks
from service.marketplaces.channels import SOURCES
from service.marketplaces.observations import Kind, Level, Observation, ObservedStatement, SettlementLine, Stage

EXTRA_MAX = 300
"""How much of a further field's text is kept."""

CASH_SIDE = frozenset(
    {
        "lazada.account_transactions",
        "shopee.billing_transaction",
        "shopee.payout_info",
        "shopee.wallet",
        "tiktok.payments",
        "tiktok.withdrawals",
    }
)
"""Sources that tell of orders again as money that moved: unless they book, no total is made of them."""

_LET_GO = frozenset({Stage.RELEASED, Stage.PAID})


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """What one record of a source tells of one amount of money: its total first, and what explains it."""

    lines: Sequence[SettlementLine]

    @property
    def first(self) -> SettlementLine:
        return self.lines[0]

    @property
    def place(self) -> str:
        return self.first.place

    @property
    def raw(self) -> bytes:
        return self.first.raw

    @property
    def books(self) -> bool:
        """Whether money is booked by it."""
        return any(line.books for line in self.lines)

    @property
    def amount(self) -> Decimal:
        """What the lines that book come to, in major units."""
        return sum((line.amount for line in self.lines if line.books), Decimal(0))

    @property
    def counts_for(self) -> str | None:
        """The order that its money counts for: the statement's, where the channel books by statement."""
        by_statement = SOURCES[self.first.channel].books_at is Level.GLOBAL and self.books
        return self.first.statement if by_statement else self.first.order

    @property
    def releases(self) -> str | None:
        """The reference whose money left escrow by this record."""
        line = self.first
        if line.stage not in _LET_GO or SOURCES[line.channel].books_at is not Level.ORDER:
            return None
        if self.books:
            return line.reference
        tells_of_an_order = line.order is not None and any(each.kind is Kind.PAYOUT for each in self.lines)
        return f"order/{line.order}" if tells_of_an_order else None

    def references(self) -> Iterator[str]:
        """The money that it tells of, and that it says was released."""
        yield self.first.reference
        if self.releases is not None and self.releases != self.first.reference:
            yield self.releases

    def orders(self) -> tuple[str, str]:
        return order_references(self.first.channel, self.first.reference, self.counts_for)


SourceRecord = ObservedStatement | SettlementRecord | Unreadable
"""What is taken in at once: a statement, a record's lines, or what nobody can read."""


def records(observations: Iterable[Observation]) -> Iterator[SourceRecord]:
    """The observations with the lines of each record put together."""
    waiting: list[SettlementLine] = []
    for each in observations:
        if waiting and not (isinstance(each, SettlementLine) and _same_record(waiting[0], each)):
            yield SettlementRecord(tuple(waiting))
            waiting = []
        if isinstance(each, SettlementLine):
            waiting.append(each)
        else:
            yield each
    if waiting:
        yield SettlementRecord(tuple(waiting))


def _same_record(line: SettlementLine, other: SettlementLine) -> bool:
    return line.raw is other.raw and line.place == other.place and line.reference == other.reference


def wrong_with(record: SettlementRecord, exponents: Mapping[str, int]) -> str | None:
    """Why the ledger cannot hold it; None where it can."""
    currency = record.first.currency
    if currency not in exponents:
        return f"{currency[:10]!r} is not an ISO 4217 currency code"
    if record.books and abs(consistency_checks.in_minor_units(record.amount, exponents[currency])[0]) > AMOUNT_MAX:
        return "its amount is more than the ledger counts to"
    try:
        check_content([_line(line) for line in record.lines])
        check_content([record.first.seller, *record.references(), *record.orders()])
    except ValueError as problem:
        return str(problem)
    return None


def settlement_fact(record: SettlementRecord, digest: str, exponent: int) -> SettlementObserved:
    """The fact that the record is, before the books have had their say."""
    line = record.first
    amount, found = None, list[Data]()
    if record.books:
        amount, left = consistency_checks.in_minor_units(record.amount, exponent)
        if left:
            whole = record.amount - left
            found.append(_finding("amount_fits_the_minor_unit", whole, record.amount))
    return SettlementObserved(
        channel=line.channel,
        source=line.source,
        reference=line.reference,
        currency=line.currency,
        stage=line.stage.value,
        lines=[_line(each) for each in record.lines],
        findings=found,
        digest=digest,
        collects="",
        counts_for=record.counts_for or "",
        totals=record.books or line.source not in CASH_SIDE,
        seller=line.seller,
        order=line.order,
        invoice=line.invoice,
        statement=line.statement,
        occurred_at=line.occurred_at.instant,
        amount=amount,
        releases=record.releases,
    )


def _line(line: SettlementLine) -> Data:
    data: Data = {
        "level": line.level.value,
        "kind": line.kind.value,
        "amount": plain(line.amount),
        "text": line.text,
        "field": line.field,
    }
    if line.books:
        data["books"] = True
    if line.part_of is not None:
        data["partOf"] = line.part_of
    if line.item is not None:
        data["item"] = line.item
    if line.extra and (extra := _extra(line.extra)):
        data["extra"] = extra
    return data


def _extra(extra: Mapping[str, Any]) -> Data:
    """What the source says besides, as texts; what is no single value stays in the record."""
    return {
        key: str(found)[:EXTRA_MAX]
        for key, found in extra.items()
        if key.isascii() and found is not None and found != "" and not isinstance(found, dict | list)
    }


def _finding(rule: str, expected: Decimal, actual: Decimal) -> Data:
    return {"rule": rule, "expected": plain(expected), "actual": plain(actual), "difference": plain(actual - expected)}
