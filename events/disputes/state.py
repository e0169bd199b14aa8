"""Disputes, and how an order stands with its disputes."""

from __future__ import annotations

from events.instants import Instant
from events.values import value

DISPUTE_OPEN, WON, LOST = "open", "won", "lost"


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
