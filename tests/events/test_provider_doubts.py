"""Webhooks that nobody can act on: each opens a case, and no money follows them, in whatever order they come."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given as of_any
from hypothesis import strategies as st

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.provider.events import CaseOpened, ProviderObserved
from events.provider.observation import STATUSES, TYPES, Observation
from events.provider.observe import observe
from events.provider.reports import CaseKind, ReportedStatus
from tests.events.deliveries import SUBMITTED
from tests.spec import fold, given

AT = "2026-05-12T00:00:00.000000Z"
FINAL_TYPES = ["payout.paid", "payout.failed", "payout.cancelled", "plugipay.payout.paid.v1"]


def said(event_type: str = "payout.paid", *, event_id: str = "evt_1", **more: object) -> Observation:
    return replace(
        Observation(
            provider="plugipay",
            event_id=event_id,
            event_type=event_type,
            says=TYPES.get(event_type, ReportedStatus.OTHER),
            occurred_at=AT,
            provider_payout_id="po_1",
            amount=400,
            currency="IDR",
        ),
        **more,  # type: ignore[arg-type]
    )


def a_payout() -> AccountState:
    return given(*SUBMITTED).state


def evolved(state: AccountState, events: Sequence[AnyEvent]) -> AccountState:
    return fold(state, events, AT)


def take_in(state: AccountState, observations: Sequence[Observation]) -> AccountState:
    for number, observation in enumerate(observations):
        state = evolved(state, observe(observation, state, "pout_1", f"{number:026}"))
    return state


def kinds(state: AccountState) -> list[str]:
    return sorted(case.kind for case in state.cases.values())


@pytest.mark.parametrize("event_type", TYPES)
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_that_contradicts_the_type_moves_nothing_and_opens_a_case(event_type: str, status: str) -> None:
    """Neither is believed. A word that is not known says nothing."""
    before = a_payout()
    means, says = STATUSES[status], TYPES[event_type].value
    contradicts = means != says and bool({means, says} & {"paid", "failed", "cancelled"})
    after = take_in(before, [said(event_type, status=status.upper())])
    assert kinds(after) == (["status_differs"] if contradicts else [])
    if contradicts:
        assert after.balances == before.balances
        assert after.payouts["pout_1"].status == before.payouts["pout_1"].status
        (case,) = after.cases.values()
        assert status.upper() in case.said
        assert case.payout_id == "pout_1"


@pytest.mark.parametrize("status", [None, "", "unheard_of", "PAID "])
def test_a_status_that_is_not_known_contradicts_nothing(status: str | None) -> None:
    assert take_in(a_payout(), [said("payout.failed", status=status)]).payouts["pout_1"].status == "failed"


@pytest.mark.parametrize(
    ("event_type", "status", "opens"),
    [
        ("payout.completed", None, True),
        ("payout.succeeded", None, True),
        ("plugipay.payout.paid.v2", None, True),
        ("payouts.paid", None, True),
        ("Payout.Paid", None, True),
        ("payout.bank_returned", None, True),
        ("payout.updated", "paid", True),
        ("payout.updated", "FAILED", True),
        ("payout.updated", "in_transit", False),
        ("payout.updated", None, False),
        ("payout.unpaid_reminder", None, False),
        ("invoice.paid", "paid", False),
        ("plugipay.refund.failed.v1", None, False),
    ],
)
def test_a_type_that_is_not_known_opens_a_case_where_it_states_an_end(
    event_type: str, status: str | None, opens: bool
) -> None:
    before = a_payout()
    events = observe(said(event_type, status=status), before, "pout_1", "0" * 26)
    after = evolved(before, events)
    assert kinds(after) == (["unknown_event_type"] if opens else [])
    assert after.balances == before.balances
    (observed,) = (event for event in events if isinstance(event, ProviderObserved))
    assert observed.verdict == "ignored"


def test_what_is_dated_ahead_moves_nothing_and_does_not_outweigh_what_comes_later() -> None:
    before = a_payout()
    ahead = said("payout.failed", event_id="evt_2", occurred_at="2030-01-01T00:00:00.000000Z", dated_ahead=True)
    for order in itertools.permutations([ahead, said("payout.paid")]):
        after = take_in(before, order)
        assert after.payouts["pout_1"].status == "paid"
        assert kinds(after) == ["dated_ahead"]


OTHER_CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "event_type": st.sampled_from(FINAL_TYPES),
        "occurred_at": st.sampled_from([AT, "2026-05-13T00:00:00.000000Z"]),
        "provider_payout_id": st.sampled_from(["po_1", "po_2", None]),
        "amount": st.sampled_from([400, 401, None]),
        "currency": st.sampled_from(["IDR", "USD"]),
        "reference": st.sampled_from(["TRX-1", None]),
        "failure_reason": st.sampled_from(["closed", None]),
        "status": st.sampled_from(["paid", "failed", None]),
    },
)


@of_any(st.lists(OTHER_CONTENT, min_size=1, max_size=6))
def test_an_id_that_is_used_again_moves_nothing_more_and_its_case_has_every_other_content(
    contents: list[dict[str, object]],
) -> None:
    observations = [
        replace(said(str(content.get("event_type", "payout.paid"))), **content)  # type: ignore[arg-type]
        for content in contents
    ]
    first = take_in(a_payout(), observations[:1])
    after = take_in(first, observations[1:])
    assert after.balances == first.balances
    assert after.payouts["pout_1"].status == first.payouts["pout_1"].status
    reused = [case for case in after.cases.values() if case.kind == CaseKind.EVENT_ID_REUSED]
    stored = first.observed["evt_1"]
    others = [
        each
        for each in observations[1:]
        if (each.says.value, each.occurred_at, each.provider_payout_id, each.amount, each.currency, each.reference)
        != (
            stored.says,
            stored.occurred_at,
            stored.provider_payout_id,
            stored.amount,
            stored.currency,
            stored.reference,
        )
        or each.failure_reason != stored.failure_reason
        or (stored.status is not None and each.status != stored.status)
    ]
    assert len(reused) == (1 if others else 0)
    for number, observation in enumerate(observations):
        assert observe(observation, after, "pout_1", f"{number:026}") == [], "told again, it changes nothing"


def test_a_case_that_a_person_closed_is_opened_anew_only_by_another_content() -> None:
    state = take_in(a_payout(), [said(), said(amount=401)])
    (case_id,) = state.cases
    closed = replace(state.cases[case_id], closed_at=AT, reason="the provider confirms 400")
    state.cases[case_id] = closed
    assert observe(said(amount=401), state, "pout_1", "0" * 26) == []
    (event,) = observe(said(amount=402), state, "pout_1", "0" * 26)
    assert isinstance(event, CaseOpened)


def test_an_amount_that_cannot_be_read_is_null_in_its_case() -> None:
    (case,) = take_in(a_payout(), [said(amount=None, amount_unreadable=True)]).cases.values()
    assert (case.kind, case.amount) == ("amount_differs", None)
    assert "an amount that cannot be read" in case.said


def test_a_payout_that_nobody_asked_for_is_not_adopted_by_a_webhook_in_doubt() -> None:
    state = a_payout()
    doubtful = [
        said(event_id="evt_2", provider_payout_id="po_9", status="failed"),
        said("payout.completed", event_id="evt_3", provider_payout_id="po_9"),
        said(event_id="evt_4", provider_payout_id="po_9", dated_ahead=True),
    ]
    after = state
    for number, observation in enumerate(doubtful):
        after = evolved(after, observe(observation, after, None, f"{number:026}"))
    assert after.payouts.keys() == state.payouts.keys()
    assert after.balances == state.balances
    assert kinds(after) == ["dated_ahead", "status_differs", "unknown_event_type"]
