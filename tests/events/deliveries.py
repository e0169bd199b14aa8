"""A payout of 400 out of 1000, what may be known of it, and what the provider may say."""

from __future__ import annotations

from events import facts
from events.account import Books
from events.facts import Fact
from events.provider import Observation, Says, Verdict
from tests.spec import Dated, at, earned, given, opened

MAY_2, MAY_3, MAY_4, MAY_9 = (f"2026-05-0{day}T00:00:00.000000Z" for day in (2, 3, 4, 9))

START: list[Fact | Dated] = [
    opened("plugipay"),
    *earned(1000),
    facts.PayoutRequested("pout_1", 400, "IDR", "plugipay", "bca", "BCA", "sealed:1", "sealed:2"),
    facts.PayoutProviderLinked("pout_1", "po_1"),
]
SENT = at(MAY_2, facts.PayoutInTransit("pout_1", "trf-1"))
PAID = at(MAY_3, facts.PayoutPaid("pout_1", 400, "IDR", "trf-1"))
KNOWN: dict[str, list[Fact | Dated]] = {
    "pending": [],
    "in_transit": [SENT],
    "paid": [SENT, PAID],
    "failed": [SENT, at(MAY_4, facts.PayoutFailed("pout_1", 400, "IDR", "wrong number"))],
    "cancelled": [at(MAY_4, facts.PayoutCancelled("pout_1", 400, "IDR"))],
    "returned": [SENT, PAID, at(MAY_4, facts.PayoutReturned("pout_1", 400, "IDR", "closed"))],
}


def known(state: str, *more: Fact | Dated) -> Books:
    return given(*START, *KNOWN[state], *more).books


def delivery(says: Says, occurred_at: str = MAY_9, event_id: str = "evt_1") -> Observation:
    return Observation(
        provider="plugipay",
        event_id=event_id,
        event_type=f"plugipay.payout.{says.value}.v1",
        says=says,
        occurred_at=occurred_at,
        provider_payout_id="po_1",
        amount=400,
        currency="IDR",
        reference="trf-9",
        failure_reason="account closed",
    )


def observed(
    delivery: Observation, verdict: Verdict, payout_id: str | None = "pout_1", note: str | None = None
) -> Fact:
    return facts.ProviderObserved(
        provider="plugipay",
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        occurred_at=delivery.occurred_at,
        verdict=verdict.value,
        payout_id=payout_id,
        provider_payout_id=delivery.provider_payout_id,
        note=note,
    )
