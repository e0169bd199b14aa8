"""The provider's responses as observations: a payout in a response counts like a payout in a webhook."""

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
    """The observation of a payout object. `known_since` is its time where the provider gives none.

    The event id is made from the content, so that the same response twice is one observation.
    """
    status = STATUSES.get(payout.status, ReportedStatus.OTHER)
    dated = {
        ReportedStatus.CREATED: payout.created_at,
        ReportedStatus.IN_TRANSIT: payout.in_transit_at or payout.updated_at,
        # After a return, `completedAt` may still be the time of the payment.
        ReportedStatus.FAILED: max(filter(None, (payout.completed_at, payout.updated_at)), default=None),
    }.get(status, payout.completed_at or payout.updated_at)
    occurred_at = dated or known_since
    return Observation(
        provider=PROVIDER,
        event_id=f"answer:{payout.id}:{payout.status}:{occurred_at}"[:200],
        event_type=f"answer.{payout.status}",
        says=status,
        occurred_at=occurred_at,
        provider_payout_id=payout.id,
        amount=payout.amount,
        currency=payout.currency,
        reference=payout.reference,
        failure_reason=payout.failure_reason,
        note=payout.note[:500] if payout.note else None,
        asked=True,
    )
