"""One thing that a provider said: verified and read, but not judged."""

from __future__ import annotations

from events.instants import Instant
from events.provider.reports import Says, Statement, Told
from events.values import value


@value
class Observation:
    """One verified delivery, read but not judged."""

    provider: str
    event_id: str
    event_type: str
    says: Says
    occurred_at: Instant
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    reference: str | None = None
    failure_reason: str | None = None
    note: str | None = None
    asked: bool = False
    """Whether the ledger asked and this is the answer; else the provider told it by itself."""

    def told(self) -> Told:
        """The statement that it makes of a payout's life."""
        if self.says is Says.OTHER:
            return ()
        return (Statement(self.says.value, self.occurred_at, self.reference, self.failure_reason),)


TYPES: dict[str, Says] = {
    "payout.initiated": Says.IN_TRANSIT,
    "payout.created": Says.CREATED,
    "payout.in_transit": Says.IN_TRANSIT,
    "payout.paid": Says.PAID,
    "payout.failed": Says.FAILED,
    "payout.cancelled": Says.CANCELLED,
    "plugipay.payout.created.v1": Says.CREATED,
    "plugipay.payout.in_transit.v1": Says.IN_TRANSIT,
    "plugipay.payout.paid.v1": Says.PAID,
    "plugipay.payout.failed.v1": Says.FAILED,
    "plugipay.payout.cancelled.v1": Says.CANCELLED,
}
"""Both generations of names; anything else is kept as an observation and moves nothing."""
