"""One thing that a provider said: verified and read, but not judged."""

from __future__ import annotations

import re

from events.instants import Instant
from events.provider.reports import CANCELLED, FAILED, IN_TRANSIT, PAID, PENDING, Report, ReportedStatus, Reports
from events.values import value


@value
class Observation:
    """One verified delivery, read but not judged."""

    provider: str
    event_id: str
    event_type: str
    says: ReportedStatus
    occurred_at: Instant
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    reference: str | None = None
    failure_reason: str | None = None
    note: str | None = None
    status: str | None = None
    """The status in the body, as it is written there."""
    amount_unreadable: bool = False
    """Whether there is an amount that cannot be read: it differs from every payout's."""
    dated_ahead: bool = False
    """Whether it is dated later than it was received, by more than clocks differ."""
    asked: bool = False
    """Whether the ledger asked and this is the answer; else the provider told it by itself."""

    def told(self) -> Reports:
        """The statement that it makes of a payout's life."""
        if self.says is ReportedStatus.OTHER:
            return ()
        return (Report(self.says.value, self.occurred_at, self.reference, self.failure_reason),)

    def status_differs(self) -> bool:
        """Whether the body's status cannot be true if the type is."""
        status = STATUSES.get((self.status or "").lower())
        if status is None or self.says is ReportedStatus.OTHER or status == self.says:
            return False
        return status in FINAL or self.says.value in FINAL

    def states_an_end(self) -> bool:
        """Whether a type that is not known says how a payout ended, by its name or by the body's status."""
        name = _PAYOUT_TYPE.fullmatch(self.event_type)
        if self.says is not ReportedStatus.OTHER or name is None:
            return False
        return (
            not _ENDS.isdisjoint(_WORDS.findall(name[1].lower())) or STATUSES.get((self.status or "").lower()) in FINAL
        )


TYPES: dict[str, ReportedStatus] = {
    "payout.initiated": ReportedStatus.IN_TRANSIT,
    "payout.created": ReportedStatus.CREATED,
    "payout.in_transit": ReportedStatus.IN_TRANSIT,
    "payout.paid": ReportedStatus.PAID,
    "payout.failed": ReportedStatus.FAILED,
    "payout.cancelled": ReportedStatus.CANCELLED,
    "plugipay.payout.created.v1": ReportedStatus.CREATED,
    "plugipay.payout.in_transit.v1": ReportedStatus.IN_TRANSIT,
    "plugipay.payout.paid.v1": ReportedStatus.PAID,
    "plugipay.payout.failed.v1": ReportedStatus.FAILED,
    "plugipay.payout.cancelled.v1": ReportedStatus.CANCELLED,
}
"""Both generations of names; anything else is kept as an observation and moves nothing."""

FINAL = frozenset({PAID, FAILED, CANCELLED})

STATUSES: dict[str, str] = {
    **{status: status for status in (PENDING, IN_TRANSIT, PAID, FAILED, CANCELLED)},
    **dict.fromkeys(("created", "requested", "accepted"), PENDING),
    **dict.fromkeys(("initiated", "processing", "sent"), IN_TRANSIT),
    **dict.fromkeys(("succeeded", "success", "completed", "settled"), PAID),
    **dict.fromkeys(("rejected", "declined", "reversed", "returned", "refunded", "bounced", "expired"), FAILED),
    **dict.fromkeys(("canceled", "voided"), CANCELLED),
}
"""What a status in a body means: the provider's five, and words that others use for them (domain: Xendit, Stripe)."""

_PAYOUT_TYPE = re.compile(r"(?:plugipay\.)?payouts?\.(.+)", re.IGNORECASE)
_WORDS = re.compile(r"[a-z]+")
_ENDS = frozenset(word for word, status in STATUSES.items() if status in FINAL)
