"""Revenue, refunds, fees, adjustments and reserves."""

from __future__ import annotations

from typing import Literal

from events.command import Amount, Command, Currency, Identifier, Label, Moment, Reason, Reference, SignedAmount
from events.read_set import ReadSet


class RecordRevenue(Command):
    """Record money earned for an order: pending until it is settled. A new currency is added to the account."""

    type: Literal["recordRevenue"] = "recordRevenue"
    scope = "command:write"
    effect = "records"
    example = {
        "amount": 1000,
        "currency": "IDR",
        "reference": "o-1",
        "channel": "lazada",
        "expectedAt": "2026-05-20T00:00:00.000000Z",
    }
    amount: Amount
    currency: Currency
    reference: Reference
    channel: Label | None = None
    expected_at: Moment | None = None

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.orders.add((self.account_id, self.currency, self.reference))


class SettleRevenue(Command):
    """Release an order's pending money, wholly or in part: it becomes available."""

    type: Literal["settleRevenue"] = "settleRevenue"
    scope = "command:write"
    effect = "records"
    example = {"amount": 1000, "currency": "IDR", "reference": "o-1"}
    amount: Amount
    currency: Currency
    reference: Reference

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.orders.add((self.account_id, self.currency, self.reference))


class RecordRefund(Command):
    """Record money given back to a buyer: from the order's pending first, then from available."""

    type: Literal["recordRefund"] = "recordRefund"
    scope = "command:write"
    effect = "records"
    example = {"amount": 1000, "currency": "IDR", "reference": "o-1", "reason": "wrong size"}
    amount: Amount
    currency: Currency
    reference: Reference
    reason: Reason | None = None

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.orders.add((self.account_id, self.currency, self.reference))


class ChargeFee(Command):
    """Take a fee from available, even below zero: a fee is owed whether or not the money is there."""

    type: Literal["chargeFee"] = "chargeFee"
    scope = "command:write"
    effect = "records"
    example = {"amount": 1000, "currency": "IDR", "reference": "inv-1", "kind": "platform"}
    amount: Amount
    currency: Currency
    reference: Reference
    kind: Label


class Adjust(Command):
    """Correct available by a signed amount, with a reason."""

    type: Literal["adjust"] = "adjust"
    scope = "operator"
    effect = "money"
    example = {"amount": -1000, "currency": "IDR", "reason": "miscounted"}
    amount: SignedAmount
    currency: Currency
    reason: Reason


class HoldReserve(Command):
    """Set available money aside."""

    type: Literal["holdReserve"] = "holdReserve"
    scope = "command:write"
    effect = "records"
    example = {"amount": 1000, "currency": "IDR", "reason": "dispute", "until": "2026-06-01T00:00:00.000000Z"}
    amount: Amount
    currency: Currency
    reason: Reason
    until: Moment | None = None


class ReleaseReserve(Command):
    """Give held money back to available; without an amount, all that is left."""

    type: Literal["releaseReserve"] = "releaseReserve"
    scope = "command:write"
    effect = "records"
    example = {"reserveId": "rsv_1", "amount": 1000}
    reserve_id: Identifier
    amount: Amount | None = None

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.reserves.add((self.account_id, self.reserve_id))


BalanceCommand = RecordRevenue | SettleRevenue | RecordRefund | ChargeFee | Adjust | HoldReserve | ReleaseReserve
