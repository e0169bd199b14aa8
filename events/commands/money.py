"""Revenue, refunds, fees, adjustments, reserves and disputes."""

from __future__ import annotations

from typing import Literal

from events.commands.command import Command
from events.commands.fields import Amount, Currency, Identifier, Label, Moment, Reason, Reference, SignedAmount


class RecordRevenue(Command):
    """Record money earned for an order: pending until it is settled. A new currency is added to the account."""

    type: Literal["recordRevenue"] = "recordRevenue"
    amount: Amount
    currency: Currency
    reference: Reference
    channel: Label | None = None
    expected_at: Moment | None = None


class SettleRevenue(Command):
    """Release an order's pending money, wholly or in part: it becomes available."""

    type: Literal["settleRevenue"] = "settleRevenue"
    amount: Amount
    currency: Currency
    reference: Reference


class RecordRefund(Command):
    """Record money given back to a buyer: from the order's pending first, then from available."""

    type: Literal["recordRefund"] = "recordRefund"
    amount: Amount
    currency: Currency
    reference: Reference
    reason: Reason | None = None


class ChargeFee(Command):
    """Take a fee from available, even below zero: a fee is owed whether or not the money is there."""

    type: Literal["chargeFee"] = "chargeFee"
    amount: Amount
    currency: Currency
    reference: Reference
    kind: Label


class Adjust(Command):
    """Correct available by a signed amount, with a reason."""

    type: Literal["adjust"] = "adjust"
    amount: SignedAmount
    currency: Currency
    reason: Reason


class HoldReserve(Command):
    """Set available money aside."""

    type: Literal["holdReserve"] = "holdReserve"
    amount: Amount
    currency: Currency
    reason: Reason
    until: Moment | None = None


class ReleaseReserve(Command):
    """Give held money back to available; without an amount, all that is left."""

    type: Literal["releaseReserve"] = "releaseReserve"
    reserve_id: Identifier
    amount: Amount | None = None


class OpenDispute(Command):
    """Record that a buyer disputes an order: its money is held, pending first, then available, even below zero."""

    type: Literal["openDispute"] = "openDispute"
    reference: Reference
    amount: Amount
    currency: Currency
    reason: Reason
    dispute_id: Identifier | None = None


class ResolveDispute(Command):
    """Record how a dispute ended: `won` gives back what was held, `lost` takes it as a refund of the order."""

    type: Literal["resolveDispute"] = "resolveDispute"
    dispute_id: Identifier
    outcome: Literal["won", "lost"]
    reason: Reason
