"""Totals, orders, reserves and disputes."""

from __future__ import annotations

from events.instants import Instant
from events.values import value

DISPUTE_OPEN, WON, LOST = "open", "won", "lost"

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
class Disputed:
    """How an order stands with its disputes."""

    claimed: int = 0
    """By disputes that stand open or were lost."""
    lost: int = 0
    held: int = 0
    held_pending: int = 0
    """How much of what is held goes back to pending."""
    overlap: int = 0
    """What refunds and lost disputes both asked for, and left only once."""


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


@value
class Dispute:
    amount: int
    currency: str
    reference: str
    reason: str
    opened_at: Instant
    position: int
    status: str = DISPUTE_OPEN
    resolved_at: Instant | None = None
    resolution: str | None = None


@value
class Reserve:
    amount: int
    currency: str
    remaining: int
    reason: str
    until: Instant | None
    held_at: Instant
