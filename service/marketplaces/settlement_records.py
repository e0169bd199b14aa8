"""Settlement records: the lines of one record of a source, the event that they become, and what that states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from events.canonical import canonical, check_texts
from events.currency import AMOUNT_MAX
from events.instants import Instant
from events.observations import DIGEST_LENGTH
from events.settlements.events import SettlementObserved
from events.settlements.evolve import record_digest
from events.settlements.observe import order_references
from events.settlements.older_names import KnownAs
from events.values import Data
from service.formats.amounts import in_minor_units, plain
from service.formats.file_remarks import Remark
from service.formats.unreadable import Unreadable
from service.imports.stated import Shown, Stated
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Kind, Level, Observation, ObservedStatement, SettlementLine, Stage

SETTLEMENT = "settlement"
EXTRA_MAX = 300
"""The most characters of an extra field that are kept."""

_OUT_OF_ESCROW = frozenset({Stage.RELEASED, Stage.PAID})


@dataclass(slots=True)
class SettlementRecord:
    """The lines of one record about one amount of money: its total first, then the parts that explain it.

    What is asked more than once on the way into the log is worked out once.
    """

    lines: Sequence[SettlementLine]
    first: SettlementLine = field(init=False)
    """The total. All lines share its channel, source, seller, reference, currency and stage."""
    books: bool = field(init=False)
    """Whether it books money."""
    amount: Decimal = field(init=False)
    """The sum of the lines that book, in major units; of an order without its adjustments, where it tells them apart."""
    counts_for: str | None = field(init=False)
    """The order that its money counts for; where statements book the channel's money, the statement."""
    releases: str | None = field(init=False)
    """The reference of the money that left escrow with this record; None if none did."""
    pays: list[str] = field(init=False)
    """The references of the money that it pays, each once, in the source's order."""
    event_lines: list[Data] = field(init=False)
    """The lines as the event has them."""

    def __post_init__(self) -> None:
        line = self.first = self.lines[0]
        apart = line.adjusted is not None
        booking = [each for each in self.lines if each.books]
        self.books = bool(booking)
        # An order's worth is without its adjustments, where its source tells them apart.
        amounts = (each.amount for each in booking if not (apart and each.kind is Kind.ADJUSTMENT))
        self.amount = sum(amounts, Decimal(0))
        by_statement = self.books and CHANNELS[line.channel].books_at is Level.GLOBAL
        self.counts_for = line.statement if by_statement else line.order
        self.releases = self._releases()
        self.pays = list(dict.fromkeys(each for line in self.lines if line.pays for each in line.pays))
        self.event_lines = [_line(each) for each in self.lines]

    @property
    def place(self) -> str:
        return self.first.place

    @property
    def raw(self) -> bytes:
        return self.first.raw

    def _releases(self) -> str | None:
        line = self.first
        if line.stage not in _OUT_OF_ESCROW or CHANNELS[line.channel].books_at is not Level.ORDER:
            return None
        if self.books:
            return line.reference
        # An item's row tells of its order, and lets go of nothing that the order's own row does not.
        is_of_an_order = line.level is Level.ORDER and any(each.kind is Kind.PAYOUT for each in self.lines)
        return f"order/{line.order}" if is_of_an_order else None

    @property
    def group(self) -> str:
        """What a receipt adds it up under: its statement, or the sheet that it stands in."""
        line = self.first
        below = line.statement is not None and line.level is not Level.GLOBAL
        return group_of_statement(line.statement or "", line.level) if below else line.sheet

    def references(self) -> tuple[str, ...]:
        """The reference of its money, its older names, and those of the money that it adjusts or releases."""
        line = self.first
        if line.adjusts is None and not line.older_names and self.releases in (None, line.reference):
            return (line.reference,)
        named = [line.reference, line.adjusts, *(older.reference for older in line.older_names), self.releases]
        return tuple(dict.fromkeys(each for each in named if each is not None))

    def orders(self) -> tuple[str, str]:
        """The orders that its money may count for."""
        return order_references(self.first.channel, self.first.adjusts or self.first.reference, self.counts_for)


def group_of_statement(number: str, level: Level) -> str:
    """What a receipt calls the orders, or the items, of a statement: each level adds up to the statement's payout."""
    return f"statement {number}, {level.value}s"


SourceRecord = ObservedStatement | SettlementRecord | Unreadable | Remark
"""What is ingested as one: a statement, the lines of one record, an unreadable record, or a remark on the file."""


def settlement_records(observations: Iterable[Observation]) -> Iterator[SourceRecord]:
    """The observations, with the lines of each record put together."""
    together: list[SettlementLine] = []
    for each in observations:
        if together and not (isinstance(each, SettlementLine) and _same_record(together[0], each)):
            yield SettlementRecord(tuple(together))
            together = []
        if isinstance(each, SettlementLine):
            together.append(each)
        else:
            yield each
    if together:
        yield SettlementRecord(tuple(together))


def _same_record(line: SettlementLine, other: SettlementLine) -> bool:
    return line.raw is other.raw and line.place == other.place and line.reference == other.reference


def reason_against(record: SettlementRecord, exponents: Mapping[str, int]) -> str | None:
    """Why the ledger cannot store the record; None where it can."""
    currency = record.first.currency
    if currency not in exponents:
        return f"{currency[:10]!r} is not an ISO 4217 currency code"
    amounts = [each for each in (record.amount, record.first.adjusted) if each] if record.books else []
    if any(abs(in_minor_units(amount, exponents[currency])[0]) > AMOUNT_MAX for amount in amounts):
        return "its amount is more than the ledger counts to"
    try:
        named = [*record.references(), *record.orders(), *record.pays]
        check_texts({"lines": record.event_lines, "seller": record.first.seller, "references": named})
    except ValueError as problem:
        return str(problem)
    return None


def settlement_event(
    record: SettlementRecord,
    digest: str,
    exponent: int,
    observed_at: Instant | None = None,
    observed_by: str | None = None,
) -> SettlementObserved:
    """The event of the record, before it is compared with the account's state.

    `digest` is the keyed digest of `raw`; `exponent` is the number of decimals of the currency in the ledger. The record
    was so at `observed_at`, which is known as `observed_by` says.
    """
    line = record.first
    amount = None
    found: list[Data] = [
        {"rule": each.rule, "expected": each.expected, "actual": each.actual, "difference": ""} for each in line.doubts
    ]
    if record.books:
        amount, left = in_minor_units(record.amount, exponent)
        if left:
            whole = record.amount - left
            found.append(_finding("amount_fits_the_minor_unit", whole, record.amount))
    return SettlementObserved(
        channel=line.channel,
        source=line.source,
        reference=line.reference,
        currency=line.currency,
        stage=str(line.stage),
        lines=record.event_lines,
        findings=found,
        digest=digest,
        collects="",
        counts_for=record.counts_for or "",
        totals=record.books or line.source not in CHANNELS[line.channel].cash_sources,
        seller=line.seller,
        order=line.order,
        invoice=line.invoice,
        statement=line.statement,
        occurred_at=line.occurred_at.instant,
        amount=amount,
        releases=record.releases,
        pays=record.pays or None,
        updated_at=line.updated_at.instant,
        observed_at=observed_at,
        observed_by=observed_by,
        adjusts=line.adjusts,
        occurred_on=line.occurred_on,
        adjusted=None if line.adjusted is None else in_minor_units(line.adjusted, exponent)[0],
    )


def reading_of(content: str, apart: str, seller: str | None) -> str:
    """A digest of all that was read, and the seller: one that is named later is no other reading (`changed`)."""
    return f"{content}{apart[:DIGEST_LENGTH]} {seller or ''}".rstrip()


def settlement_stated(record: SettlementRecord, observed: SettlementObserved, seller: str | None = None) -> Stated:
    """What a record states of some money. `observed` is its event, before it is compared with the account's state.

    What it states is named by the money, so that all that is said of one money is withdrawn together: an adjustment by the
    money that it adjusts, and last by its own reference.
    """
    content = record_digest(observed)[:DIGEST_LENGTH]
    of, name = (observed.seller or "") if seller is None else seller, observed.adjusts or observed.reference
    row = () if observed.adjusts is None else (observed.reference,)
    thing = (SETTLEMENT, of, name, observed.source, content, observed.releases or "", *row)
    read = [observed.reference, observed.source, observed.order, observed.counts_for, observed.releases]
    told = (
        []
        if observed.adjusts is None and observed.adjusted is None
        else [observed.adjusts, observed.occurred_on, observed.adjusted]
    )
    apart = sha256(canonical([*read, *told])).hexdigest()
    amount = record.amount if record.books else record.first.amount
    shown = Shown(observed.occurred_at, observed.currency, plain(amount))
    return Stated(record.place, reading_of(content, apart, record.first.seller), thing, shown)


def stated_as(stated: Stated, known: KnownAs, reference: str) -> list[Stated]:
    """What a record states that is known since an older release: by the money of then. `reference` is that of today."""
    kind, _, _, source, _, releases, *_ = stated.thing
    _, seller, name = known.key
    let_go = name if releases == reference else releases
    return [stated._replace(thing=(kind, seller, name, source, content, let_go)) for content in known.contents]


def _line(line: SettlementLine) -> Data:
    data: Data = {
        "level": str(line.level),
        "kind": str(line.kind),
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
    """The extra fields as texts. Lists and objects are left out: the raw record has them."""
    return {
        key: str(found)[:EXTRA_MAX]
        for key, found in extra.items()
        if key.isascii() and found is not None and found != "" and not isinstance(found, dict | list)
    }


def _finding(rule: str, expected: Decimal, actual: Decimal) -> Data:
    return {"rule": rule, "expected": plain(expected), "actual": plain(actual), "difference": plain(actual - expected)}
