"""What a marketplace's record states, told apart by all that was read in it."""

from __future__ import annotations

from hashlib import sha256

from events.canonical import canonical
from events.channels.events import StatementObserved
from events.channels.observe import content_digest
from events.observations import DIGEST_LENGTH
from events.settlements.events import SettlementObserved
from events.settlements.evolve import record_digest
from events.settlements.older_names import KnownAs
from events.values import Data
from service.formats.amounts import Amount, in_minor_units, plain
from service.imports.stated import ZONE_WAS_ASSUMED, Shown, Stated
from service.marketplaces.observations import ObservedStatement
from service.marketplaces.settlement_records import SettlementRecord

SETTLEMENT, STATEMENT = "settlement", "statement"


def zone_finding(zone: str) -> Data:
    """Times without a zone were read in one that nobody gave. It ends when the file is read with one that is given."""
    return {
        "rule": ZONE_WAS_ASSUMED,
        "expected": "the zone of its times, given with --zone (zone)",
        "actual": zone,
        "difference": "",
    }


def statement_event(record: ObservedStatement, digest: str, exponent: int) -> StatementObserved:
    """The event of a statement, before it is compared with the account's state."""
    deposit = _minor(record.guarantee_deposit, exponent)
    return StatementObserved(
        channel=record.channel,
        number=record.number,
        source=record.source,
        currency=record.currency,
        content=dict(record.content()),
        findings=[],
        digest=digest,
        collects="",
        reference="",
        seller=record.seller,
        created_at=record.created_at.instant,
        updated_at=record.updated_at.instant,
        paid=record.paid,
        payout=_minor(record.payout, exponent),
        # Versions of the API write it with different signs.
        deposit=None if deposit is None else abs(deposit),
    )


def _minor(amount: Amount | None, exponent: int) -> int | None:
    return None if amount is None else in_minor_units(amount.number, exponent)[0]


def _reading(content: str, apart: str, seller: str | None) -> str:
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
    return Stated(record.place, _reading(content, apart, record.first.seller), thing, shown)


def stated_as(stated: Stated, known: KnownAs, reference: str) -> list[Stated]:
    """What a record states that is known since an older release: by the money of then. `reference` is that of today."""
    kind, _, _, source, _, releases, *_ = stated.thing
    _, seller, name = known.key
    let_go = name if releases == reference else releases
    return [stated._replace(thing=(kind, seller, name, source, content, let_go)) for content in known.contents]


def statement_stated(record: ObservedStatement, observed: StatementObserved) -> Stated:
    """What a record states of a statement. `observed` is its event, before it is compared with the account's state."""
    content = content_digest(observed.content, observed.currency, paid=observed.paid)
    times = [observed.source, observed.created_at, observed.updated_at, observed.payout, observed.deposit]
    apart = sha256(canonical([observed.number, *times])).hexdigest()
    thing = (STATEMENT, observed.seller or "", observed.number, observed.digest[:DIGEST_LENGTH])
    payout = None if record.payout is None else plain(record.payout.number)
    shown = Shown(observed.updated_at or observed.created_at, observed.currency, payout)
    return Stated(record.place, _reading(content, apart, record.seller), thing, shown)
