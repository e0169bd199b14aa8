"""The provider's answers as observations: what it says when it is asked counts as what it says by itself."""

from __future__ import annotations

from events.instants import Instant
from events.provider.observation import Observation
from events.provider.reports import ReportedStatus
from service.plugipay.inbound.webhook import PROVIDER
from service.plugipay.outbound.outcomes import ProviderPayout

STATUSES: dict[str, ReportedStatus] = {
    "pending": ReportedStatus.CREATED,
    "in_transit": ReportedStatus.IN_TRANSIT,
    "paid": ReportedStatus.PAID,
    "failed": ReportedStatus.FAILED,
    "cancelled": ReportedStatus.CANCELLED,
}


def observation_of(payout: ProviderPayout, known_since: Instant) -> Observation:
    """What the provider's payout object states. `known_since` dates what the provider does not date.

    The id is made of what is said, so that the same answer given twice is one fact.
    """
    says = STATUSES.get(payout.status, ReportedStatus.OTHER)
    dated = {
        ReportedStatus.CREATED: payout.created_at,
        ReportedStatus.IN_TRANSIT: payout.in_transit_at or payout.updated_at,
        # After a return, the time of completion may still be the payment's.
        ReportedStatus.FAILED: max(filter(None, (payout.completed_at, payout.updated_at)), default=None),
    }.get(says, payout.completed_at or payout.updated_at)
    at = dated or known_since
    return Observation(
        provider=PROVIDER,
        event_id=f"answer:{payout.id}:{payout.status}:{at}"[:200],
        event_type=f"answer.{payout.status}",
        says=says,
        occurred_at=at,
        provider_payout_id=payout.id,
        amount=payout.amount,
        currency=payout.currency,
        reference=payout.reference,
        failure_reason=payout.failure_reason,
        note=payout.note[:500] if payout.note else None,
        asked=True,
    )
