"""What the provider says of a payout, and what the ledger makes of it. Facts are never refused.

Each delivery becomes one `ProviderObserved`, followed by whatever it changes:

    known so far        says "in transit"     says "paid"           says "failed"                    says "cancelled"
    pending, in_transit stamp, in_transit     paid                  failed, money back               cancelled, money back
    paid                stamp only            confirms              newer: returned; older: stale    contradiction
    failed              older: stamp only     contradiction         confirms                         contradiction
    cancelled           older: stamp only     contradiction         contradiction                    confirms

`in transit` newer than a failure or a cancellation is a contradiction too, and so is anything that names another amount,
currency or provider's id than ours, or a payout that is paid by hand. A contradiction changes no money: it is kept
where a person can see it. In transit, then paid, ends the same in either order; a failure and a payment that were told
in the wrong order end in a contradiction, since the money has gone back by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from events import facts
from events.account import CANCELLED, FAILED, IN_TRANSIT, MANUAL, PAID, PENDING, Books, Payout
from events.facts import Fact
from events.instants import Instant
from events.values import value


class Says(StrEnum):
    """What a delivery states, whichever generation of names it uses."""

    CREATED = "created"
    IN_TRANSIT = IN_TRANSIT
    PAID = PAID
    FAILED = FAILED
    CANCELLED = CANCELLED
    OTHER = "other"


class Verdict(StrEnum):
    """What became of an observation."""

    APPLIED = "applied"
    """It changed the payout."""
    CONFIRMED = "confirmed"
    """It says what was known already."""
    STALE = "stale"
    """Something newer was known already."""
    CONTRADICTION = "contradiction"
    """It cannot be true together with what was known; nothing moved."""
    UNMATCHED = "unmatched"
    """It is about a payout that this ledger never requested."""
    IGNORED = "ignored"
    """It is not about a payout, or its type is not known to this release."""


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


def observe(observation: Observation, books: Books, payout_id: str | None) -> Sequence[Fact]:
    """The facts that follow from a delivery about `payout_id` (None: not one of ours). Empty for a known event id."""
    if observation.event_id in books.observed:
        return []
    verdict, changes = _judge(observation, books, payout_id)
    return [
        facts.ProviderObserved(
            provider=observation.provider,
            event_id=observation.event_id,
            event_type=observation.event_type,
            occurred_at=observation.occurred_at,
            verdict=verdict.value,
            payout_id=payout_id,
            provider_payout_id=observation.provider_payout_id,
            note=None if verdict is not Verdict.CONTRADICTION else _describe(observation, books, payout_id),
        ),
        *changes,
    ]


def _describe(observation: Observation, books: Books, payout_id: str | None) -> str:
    payout = books.payouts[payout_id] if payout_id else None
    known = f"{payout.status}, {payout.amount} {payout.currency}" if payout else "unknown"
    said = f"{observation.says.value}, {observation.amount} {observation.currency}"
    return f"the ledger had: {known}; the provider said: {said}"


def _judge(observation: Observation, books: Books, payout_id: str | None) -> tuple[Verdict, list[Fact]]:
    if observation.says is Says.OTHER:
        return Verdict.IGNORED, []
    payout = books.payouts.get(payout_id) if payout_id else None
    if payout is None or payout_id is None:
        return Verdict.UNMATCHED, []
    if _differs(observation, payout):
        return Verdict.CONTRADICTION, []
    link: list[Fact] = []
    if payout.provider_payout_id is None and observation.provider_payout_id is not None:
        link = [facts.PayoutProviderLinked(payout_id=payout_id, provider_payout_id=observation.provider_payout_id)]
    verdict, changes = _compare(observation, payout, payout_id)
    return verdict, link + changes


def _differs(observation: Observation, payout: Payout) -> bool:
    """Whether it speaks of another payout than ours: another amount, another id, or one that is paid by hand."""
    said_and_known = (
        (observation.amount, payout.amount),
        (observation.currency, payout.currency),
        (observation.provider_payout_id, payout.provider_payout_id),
    )
    return payout.backend == MANUAL or any(
        said is not None and known is not None and said != known for said, known in said_and_known
    )


def _compare(observation: Observation, payout: Payout, payout_id: str) -> tuple[Verdict, list[Fact]]:
    amount, currency = payout.amount, payout.currency
    match observation.says:
        case Says.IN_TRANSIT:
            ended_at = payout.paid_at or payout.failed_at or payout.cancelled_at
            if ended_at is not None and observation.occurred_at > ended_at and payout.status != PAID:
                return Verdict.CONTRADICTION, []
            if payout.in_transit_at is not None and payout.in_transit_at <= observation.occurred_at:
                return Verdict.CONFIRMED, []
            return Verdict.APPLIED, [facts.PayoutInTransit(payout_id=payout_id, reference=observation.reference)]
        case Says.PAID:
            if payout.status in (PENDING, IN_TRANSIT):
                return Verdict.APPLIED, [
                    facts.PayoutPaid(
                        payout_id=payout_id, amount=amount, currency=currency, reference=observation.reference
                    )
                ]
            if payout.paid_at is not None:
                return Verdict.CONFIRMED, []
            return Verdict.CONTRADICTION, []
        case Says.FAILED:
            reason = observation.failure_reason or "the provider gave no reason"
            if payout.status in (PENDING, IN_TRANSIT):
                return Verdict.APPLIED, [
                    facts.PayoutFailed(payout_id=payout_id, amount=amount, currency=currency, failure_reason=reason)
                ]
            if payout.status == FAILED:
                return Verdict.CONFIRMED, []
            if payout.status == PAID and payout.paid_at is not None:
                if observation.occurred_at <= payout.paid_at:
                    return Verdict.STALE, []
                return Verdict.APPLIED, [
                    facts.PayoutReturned(
                        payout_id=payout_id,
                        amount=amount,
                        currency=currency,
                        reason=reason,
                        reference=observation.reference,
                    )
                ]
            return Verdict.CONTRADICTION, []
        case Says.CANCELLED:
            if payout.status in (PENDING, IN_TRANSIT):
                return Verdict.APPLIED, [facts.PayoutCancelled(payout_id=payout_id, amount=amount, currency=currency)]
            if payout.status == CANCELLED:
                return Verdict.CONFIRMED, []
            return Verdict.CONTRADICTION, []
        case _:
            return Verdict.CONFIRMED, []
