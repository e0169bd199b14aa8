"""The ledger's own statements."""

from __future__ import annotations

from events.event import Event
from events.instants import Instant
from events.values import Data, value


@value
class StatementCycleSet(Event):
    """From `since` on the account's own statements are cut like this (events.statements.periods); `due_at` ends the first period."""

    stored_name = "statement_cycle.set"

    cycle: str
    zone: str
    week_starts_on: str
    since: Instant
    due_at: Instant | None = None


@value
class StatementClosed(Event):
    """One currency's own statement, for good: the account's events after one position and up to another.

    `content` has the statement's fields as the texts that were stated. `opening` and `closing` are what was pending,
    available and reserved, `held` what was held, in minor units. `next_due_at` ends the period after this one.
    """

    stored_name = "statement.closed"

    number: str
    currency: str
    cycle: str
    zone: str
    week_starts_on: str
    starts_at: Instant
    ends_at: Instant
    after_position: int
    after_version: int
    through_position: int
    through_version: int
    opening: int
    closing: int
    held_before: int
    held: int
    content: Data
    created_at: Instant
    previous: str | None = None
    next_due_at: Instant | None = None


StatementEvent = StatementCycleSet | StatementClosed
