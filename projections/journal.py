"""The journal: every movement of money as balanced double-entry postings, per event and currency.

The books are seen from the ledger: what it owes an account is a credit balance in `pending`, `available`, `reserved`
or `held`; `clearing` is money that marketplaces and shops still owe; `paid_out`, `fees`, `refunds` and `adjustments`
say where the rest went. Debits equal credits in every event.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from events import facts
from events.chain import Envelope
from events.codec import fact_of
from events.values import value
from projections.runner import Connection
from sql import query

NAME = "journal"
BOOKS = ("clearing", "pending", "available", "reserved", "held", "paid_out", "fees", "refunds", "adjustments")


@value
class Posting:
    """One line: exactly one of debit and credit is not zero. Minor units."""

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


def postings(fact: facts.Fact) -> Sequence[Posting]:
    """The lines that a fact makes; none where no money moves."""
    match fact:
        case facts.RevenueRecorded():
            return _move(fact.amount, fact.currency, "clearing", "pending")
        case facts.RevenueSettled():
            return _move(fact.amount, fact.currency, "pending", "available")
        case facts.RefundRecorded():
            return [
                *_move(fact.from_pending, fact.currency, "pending", "refunds"),
                *_move(fact.from_available, fact.currency, "available", "refunds"),
                *_move(fact.from_held or 0, fact.currency, "held", "refunds"),
            ]
        case facts.DisputeOpened():
            return [
                *_move(fact.from_pending, fact.currency, "pending", "held"),
                *_move(fact.from_available, fact.currency, "available", "held"),
            ]
        case facts.DisputeResolved():
            return [
                *_move(fact.from_held, fact.currency, "held", "refunds"),
                *_move(fact.from_pending, fact.currency, "pending", "refunds"),
                *_move(fact.from_available, fact.currency, "available", "refunds"),
                *_move(fact.to_pending, fact.currency, "held", "pending"),
                *_move(fact.to_available, fact.currency, "held", "available"),
            ]
        case facts.FeeCharged():
            return _move(fact.amount, fact.currency, "available", "fees")
        case facts.BalanceAdjusted():
            return _move(fact.amount, fact.currency, "adjustments", "available")
        case facts.ReserveHeld():
            return _move(fact.amount, fact.currency, "available", "held")
        case facts.ReserveReleased():
            return _move(fact.amount, fact.currency, "held", "available")
        case facts.PayoutRequested() | facts.PayoutAdopted() | facts.PayoutReopened():
            return _move(fact.amount, fact.currency, "available", "reserved")
        case facts.PayoutAmountCorrected():
            return [
                *_move(fact.from_reserved, fact.currency, "reserved", "available"),
                *_move(fact.from_paid_out, fact.currency, "paid_out", "available"),
            ]
        case facts.PayoutPaid():
            return _move(fact.amount, fact.currency, "reserved", "paid_out")
        case facts.PayoutFailed() | facts.PayoutCancelled():
            return _move(fact.amount, fact.currency, "reserved", "available")
        case facts.PayoutReturned():
            return _move(fact.amount, fact.currency, "paid_out", "available")
        case facts.ChannelMoneyBooked():
            return [
                *_move(fact.pending, fact.currency, "clearing", "pending"),
                *_move(fact.available, fact.currency, "clearing", "available"),
                *_move(fact.held, fact.currency, "clearing", "held"),
                *_move(fact.paid_out, fact.currency, "clearing", "paid_out"),
            ]
        case _:
            return ()


class Journal:
    """The trailing projection that keeps the journal."""

    name = NAME
    types: frozenset[str] | None = None

    async def apply(self, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        rows = [
            {
                "position": event.position,
                "line": line,
                "account_id": event.account_id,
                "currency": posting.currency,
                "book": posting.book,
                "debit": posting.debit,
                "credit": posting.credit,
                "type": event.type,
                "effective_at": event.effective_at,
            }
            for event in events
            for line, posting in enumerate(postings(fact_of(event)), start=1)
        ]
        if rows:
            await connection.execute(query("journal/post"), lane, orjson.dumps(rows).decode())

    async def clear(self, connection: Connection, lane: int) -> None:
        await connection.execute(query("journal/clear"), lane)
