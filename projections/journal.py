"""The journal: every movement of money as balanced double-entry postings, per event and currency.

The books are the ledger's: what it owes an account is a credit balance in `pending`, `available`, `reserved` or `held`;
`clearing` is money that marketplaces and shops still owe; `paid_out`, `fees`, `refunds` and `adjustments` show where
the rest went. Debits equal credits in every event.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from events.balances.events import (
    BalanceAdjusted,
    FeeCharged,
    RefundRecorded,
    ReserveHeld,
    ReserveReleased,
    RevenueRecorded,
    RevenueSettled,
)
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.disputes.events import DisputeOpened, DisputeResolved
from events.envelope import Envelope, event_of
from events.payouts.events import (
    PayoutAdopted,
    PayoutAmountCorrected,
    PayoutCancelled,
    PayoutFailed,
    PayoutPaid,
    PayoutReopened,
    PayoutRequested,
    PayoutReturned,
)
from events.values import value
from projections.runner import Connection
from sql import query

NAME = "journal"
BOOKS = ("clearing", "pending", "available", "reserved", "held", "paid_out", "fees", "refunds", "adjustments")


@value
class Posting:
    """One line of the journal, in minor units: exactly one of debit and credit is not zero."""

    currency: str
    book: str
    debit: int
    credit: int


def _move(amount: int, currency: str, debit: str, credit: str) -> list[Posting]:
    if amount == 0:
        return []
    if amount < 0:
        amount, debit, credit = -amount, credit, debit
    return [Posting(currency, debit, amount, 0), Posting(currency, credit, 0, amount)]


def postings(event: AnyEvent) -> Sequence[Posting]:
    """The postings of an event; none where no money moves."""
    match event:
        case RevenueRecorded():
            return _move(event.amount, event.currency, "clearing", "pending")
        case RevenueSettled():
            return _move(event.amount, event.currency, "pending", "available")
        case RefundRecorded():
            return [
                *_move(event.from_pending, event.currency, "pending", "refunds"),
                *_move(event.from_available, event.currency, "available", "refunds"),
                *_move(event.from_held or 0, event.currency, "held", "refunds"),
            ]
        case DisputeOpened():
            return [
                *_move(event.from_pending, event.currency, "pending", "held"),
                *_move(event.from_available, event.currency, "available", "held"),
            ]
        case DisputeResolved():
            return [
                *_move(event.from_held, event.currency, "held", "refunds"),
                *_move(event.from_pending, event.currency, "pending", "refunds"),
                *_move(event.from_available, event.currency, "available", "refunds"),
                *_move(event.to_pending, event.currency, "held", "pending"),
                *_move(event.to_available, event.currency, "held", "available"),
            ]
        case FeeCharged():
            return _move(event.amount, event.currency, "available", "fees")
        case BalanceAdjusted():
            return _move(event.amount, event.currency, "adjustments", "available")
        case ReserveHeld():
            return _move(event.amount, event.currency, "available", "held")
        case ReserveReleased():
            return _move(event.amount, event.currency, "held", "available")
        case PayoutRequested() | PayoutAdopted() | PayoutReopened():
            return _move(event.amount, event.currency, "available", "reserved")
        case PayoutAmountCorrected():
            return [
                *_move(event.from_reserved, event.currency, "reserved", "available"),
                *_move(event.from_paid_out, event.currency, "paid_out", "available"),
            ]
        case PayoutPaid():
            return _move(event.amount, event.currency, "reserved", "paid_out")
        case PayoutFailed() | PayoutCancelled():
            return _move(event.amount, event.currency, "reserved", "available")
        case PayoutReturned():
            return _move(event.amount, event.currency, "paid_out", "available")
        case ChannelMoneyBooked():
            return [
                *_move(event.pending, event.currency, "clearing", "pending"),
                *_move(event.available, event.currency, "clearing", "available"),
                *_move(event.held, event.currency, "clearing", "held"),
                *_move(event.paid_out, event.currency, "clearing", "paid_out"),
            ]
        case _:
            return ()


class Journal:
    """The trailing projection of the journal."""

    name = NAME
    types: frozenset[str] | None = None

    async def apply(self, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        rows = [
            {
                "position": envelope.position,
                "line": line,
                "account_id": envelope.account_id,
                "currency": posting.currency,
                "book": posting.book,
                "debit": posting.debit,
                "credit": posting.credit,
                "type": envelope.type,
                "effective_at": envelope.effective_at,
            }
            for envelope in events
            for line, posting in enumerate(postings(event_of(envelope)), start=1)
        ]
        if rows:
            await connection.execute(query("journal/post"), lane, orjson.dumps(rows).decode())

    async def clear(self, connection: Connection, lane: int) -> None:
        await connection.execute(query("journal/clear"), lane)
