"""Payouts, and how far each is."""

from __future__ import annotations

from events.instants import Instant
from events.provider.reports import CANCELLED, FAILED, IN_TRANSIT, PAID, PENDING, Reports
from events.values import value

PAYOUT_STATUSES = (PENDING, IN_TRANSIT, PAID, FAILED, CANCELLED)
STARTED, ACCEPTED, UNKNOWN = "started", "accepted", "unknown"
"""How far a payout's submission to the provider is; None before it began."""


@value
class Payout:
    amount: int
    currency: str
    status: str
    backend: str
    bank_code: str | None
    bank_name: str
    bank_account_number: str
    bank_account_holder: str
    requested_at: Instant
    position: int
    note: str | None = None
    reference: str | None = None
    failure_reason: str | None = None
    provider_payout_id: str | None = None
    in_transit_at: Instant | None = None
    paid_at: Instant | None = None
    failed_at: Instant | None = None
    cancelled_at: Instant | None = None
    returned_at: Instant | None = None
    told: Reports = ()
    """What the provider said of it; statuses and times of a payout through the provider are a function of this."""
    contradictions: tuple[str, ...] = ()
    """Kinds of the cases that stand open about it."""
    submission: str | None = None
    attempt: int = 0
    submission_started_at: Instant | None = None
    """Of the current attempt: the provider forgets idempotency keys after a day."""
    cancel_asked_at: Instant | None = None
    bank_account_by: tuple[str, ...] | None = None
    """The actors who named the bank account it goes to; None in rows of releases that did not keep them."""
