"""Open and resolve disputes."""

from __future__ import annotations

from typing import Literal

from events.command import Amount, Command, Currency, Identifier, Reason, Reference
from events.read_set import ReadSet


class OpenDispute(Command):
    """Record that a buyer disputes an order: its money is held, pending first, then available, even below zero."""

    type: Literal["openDispute"] = "openDispute"
    scope = "command:write"
    effect = "records"
    also_when_closed = True
    example = {
        "reference": "o-1",
        "amount": 1000,
        "currency": "IDR",
        "reason": "not received",
        "disputeId": "dsp_1",
    }
    reference: Reference
    amount: Amount
    currency: Currency
    reason: Reason
    dispute_id: Identifier | None = None

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.orders.add((self.account_id, self.currency, self.reference))
        if self.dispute_id is not None:
            read_set.disputes.add((self.account_id, self.dispute_id))


class ResolveDispute(Command):
    """Record how a dispute ended: `won` gives back what was held, `lost` takes it as a refund of the order."""

    type: Literal["resolveDispute"] = "resolveDispute"
    scope = "command:write"
    effect = "records"
    also_when_closed = True
    example = {"disputeId": "dsp_1", "outcome": "won", "reason": "it was delivered"}
    dispute_id: Identifier
    outcome: Literal["won", "lost"]
    reason: Reason

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.disputes.add((self.account_id, self.dispute_id))


DisputeCommand = OpenDispute | ResolveDispute
