"""One thing that a provider said: verified and read, but not judged."""

from __future__ import annotations

from events.instants import Instant
from events.provider.reports import Report, ReportedStatus, Reports
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
    asked: bool = False
    """Whether the ledger asked and this is the answer; else the provider told it by itself."""

    def told(self) -> Reports:
        """The statement that it makes of a payout's life."""
        if self.says is ReportedStatus.OTHER:
            return ()
        return (Report(self.says.value, self.occurred_at, self.reference, self.failure_reason),)


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
