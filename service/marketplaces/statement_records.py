"""Statement records: the event that a statement becomes, and what it states."""

from __future__ import annotations

from hashlib import sha256

from events.canonical import canonical
from events.channels.events import StatementObserved
from events.channels.observe import content_digest
from events.observations import DIGEST_LENGTH
from service.formats.amounts import Amount, in_minor_units, plain
from service.imports.stated import Shown, Stated
from service.marketplaces.observations import ObservedStatement
from service.marketplaces.settlement_records import reading_of

STATEMENT = "statement"


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


def statement_stated(record: ObservedStatement, observed: StatementObserved) -> Stated:
    """What a record states of a statement. `observed` is its event, before it is compared with the account's state."""
    content = content_digest(observed.content, observed.currency, paid=observed.paid)
    times = [observed.source, observed.created_at, observed.updated_at, observed.payout, observed.deposit]
    apart = sha256(canonical([observed.number, *times])).hexdigest()
    thing = (STATEMENT, observed.seller or "", observed.number, observed.digest[:DIGEST_LENGTH])
    payout = None if record.payout is None else plain(record.payout.number)
    shown = Shown(observed.updated_at or observed.created_at, observed.currency, payout)
    return Stated(record.place, reading_of(content, apart, record.seller), thing, shown)
