"""What a person has to look at."""

from __future__ import annotations

from events.instants import Instant
from events.provider.reports import Reports
from events.values import value


@value
class Case:
    """Something that a person has to look at: what the ledger had and what was said, side by side."""

    kind: str
    opened_at: Instant
    position: int
    known: str
    said: str
    payout_id: str | None = None
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    told: Reports = ()
    """What was said and not applied."""
    closed_at: Instant | None = None
    reason: str | None = None
    closed_by: str | None = None
