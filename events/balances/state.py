"""Totals, orders and reserves."""

from __future__ import annotations

from events.disputes.state import Disputed
from events.instants import Instant
from events.values import value

OrderKey = tuple[str, str]
"""(currency, reference)."""


@value
class Balance:
    """Where one currency's money is, in minor units."""

    pending: int = 0
    available: int = 0
    reserved: int = 0
    held: int = 0
    paid_out: int = 0


@value
class Order:
    """What one order has earned and what of it is still pending. `refunded` is what has left, lost disputes included."""

    recorded: int = 0
    pending: int = 0
    refunded: int = 0
    channel: str | None = None
    expected_at: Instant | None = None
    told: int = 0
    """What a channel's records, order by order, have told that it is worth so far; part of `recorded`."""
    told_by: str | None = None
    """Which channel that was."""
    disputed: Disputed | None = None
    let_go: int = 0
    """How much of `told` the channel has let go of. The rest is pending; where it is below zero, it is owed by now."""


@value
class Reserve:
    amount: int
    currency: str
    remaining: int
    reason: str
    until: Instant | None
    held_at: Instant
