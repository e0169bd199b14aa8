"""A payout of 400 out of 1000, what may be known of it, and what the provider may say."""

from __future__ import annotations

from collections.abc import Iterable

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.payouts.events import (
    PayoutCancelled,
    PayoutFailed,
    PayoutInTransit,
    PayoutPaid,
    PayoutProviderLinked,
    PayoutRequested,
    PayoutReturned,
    PayoutSubmissionStarted,
)
from events.provider.events import ProviderObserved
from events.provider.observation import Observation
from events.provider.observe import Verdict, observe
from events.provider.reports import ReportedStatus
from tests.spec import NEW_ID, Dated, at, earned, fold, given, opened

MAY_2, MAY_3, MAY_4, MAY_9 = (f"2026-05-0{day}T00:00:00.000000Z" for day in (2, 3, 4, 9))
ADOPTED = f"pout_{NEW_ID}"

REQUESTED: list[AnyEvent | Dated] = [
    opened("plugipay"),
    *earned(1000),
    PayoutRequested("pout_1", 400, "IDR", "plugipay", "bca", "BCA", "sealed:1", "sealed:2"),
]
SUBMITTED: list[AnyEvent | Dated] = [*REQUESTED, PayoutSubmissionStarted("pout_1", 1)]
START: list[AnyEvent | Dated] = [*SUBMITTED, PayoutProviderLinked("pout_1", "po_1")]


def delivery(says: ReportedStatus, occurred_at: str = MAY_9, event_id: str = "evt_1") -> Observation:
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


def observed(delivery: Observation, verdict: Verdict, payout_id: str | None = "pout_1") -> AnyEvent:
    """The one fact that every delivery becomes."""
    return ProviderObserved(
        provider="plugipay",
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        says=delivery.says.value,
        occurred_at=delivery.occurred_at,
        verdict=verdict.value,
        payout_id=payout_id,
        provider_payout_id=delivery.provider_payout_id,
        amount=delivery.amount,
        currency=delivery.currency,
        reference=delivery.reference,
        failure_reason=delivery.failure_reason,
    )


def _heard(
    says: ReportedStatus, moment: str, change: AnyEvent, reference: str | None = "trf-1"
) -> list[AnyEvent | Dated]:
    heard = ProviderObserved(
        provider="plugipay",
        event_id=f"evt_{says.value}_before",
        event_type=f"plugipay.payout.{says.value}.v1",
        says=says.value,
        occurred_at=moment,
        verdict="applied",
        payout_id="pout_1",
        provider_payout_id="po_1",
        reference=reference,
        failure_reason="wrong number" if says is ReportedStatus.FAILED else None,
    )
    return [at(moment, heard), at(moment, change)]


SENT = _heard(ReportedStatus.IN_TRANSIT, MAY_2, PayoutInTransit("pout_1", "trf-1"))
PAID = _heard(ReportedStatus.PAID, MAY_3, PayoutPaid("pout_1", 400, "IDR", "trf-1"))
FAILED = _heard(ReportedStatus.FAILED, MAY_4, PayoutFailed("pout_1", 400, "IDR", "wrong number"), None)
CANCELLED = _heard(ReportedStatus.CANCELLED, MAY_4, PayoutCancelled("pout_1", 400, "IDR"), None)
RETURNED = _heard(ReportedStatus.FAILED, MAY_4, PayoutReturned("pout_1", 400, "IDR", "wrong number"), None)
KNOWN: dict[str, list[AnyEvent | Dated]] = {
    "pending": [],
    "in_transit": SENT,
    "paid": [*SENT, *PAID],
    "failed": [*SENT, *FAILED],
    "cancelled": CANCELLED,
    "returned": [*SENT, *PAID, *RETURNED],
}


def known(state: str, *more: AnyEvent | Dated) -> AccountState:
    return given(*START, *KNOWN[state], *more).state


def take_in(state: AccountState, deliveries: Iterable[Observation], payout_id: str | None = "pout_1") -> AccountState:
    """The books after the deliveries in the order of their arrival; those of a known provider id find their payout."""
    for said in deliveries:
        state = fold(state, observe(said, state, found(said, state, payout_id), NEW_ID), said.occurred_at)
    return state


def found(said: Observation, state: AccountState, mentioned: str | None) -> str | None:
    """Which payout is meant, as the service finds it: by the provider's id, else by the id of ours that it mentions."""
    for payout_id, payout in state.payouts.items():
        if payout.provider_payout_id is not None and payout.provider_payout_id == said.provider_payout_id:
            return payout_id
    return mentioned if mentioned in state.payouts else None


def open_kinds(state: AccountState) -> set[str]:
    return {case.kind for case in state.cases.values() if case.closed_at is None}
