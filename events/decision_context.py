"""What a decision is handed from outside, since it may not look there itself."""

from __future__ import annotations

from events.instants import Instant
from events.payouts.checks import NO_CHECKS, PayoutChecks
from events.policies.schedule import WEEKENDS, Calendars
from events.values import value


@value
class DecisionContext:
    now: Instant
    """The time of recording."""
    earliest: Instant
    """How far back a command may say that it happened."""
    new_id: str
    """A fresh ULID (26 characters) for whatever the command creates."""
    mode: str
    """`live` or `test`: the mode of the key that asks."""
    actor: str = "ledger"
    """Who asks, as the event's envelope has it."""
    calendars: Calendars = WEEKENDS
    """On which days banks pay."""
    payout_checks: PayoutChecks = NO_CHECKS
    """What is asked of a payout beside its amount."""
