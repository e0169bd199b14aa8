"""What cannot be about the payout as it is known: kept as a case, and applied only if a person says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from itertools import combinations, permutations
from typing import Any

import pytest

from events.account_state import AccountState
from events.balances.state import Balance
from events.payouts.commands import RecordBankReturn
from events.payouts.events import PayoutRequested, PayoutReturned
from events.provider.commands import CloseCase
from events.provider.events import CaseClosed, CaseOpened, DeliveryDismissed
from events.provider.observation import Observation
from events.provider.observe import Verdict, observe
from events.provider.reports import CaseKind, ReportedStatus, case_id
from tests.events.deliveries import (
    KNOWN,
    MAY_2,
    MAY_3,
    MAY_4,
    MAY_9,
    START,
    SUBMITTED,
    delivery,
    known,
    observed,
    open_kinds,
    take_in,
)
from tests.events.provider_model import balance, conflicts, place, shown
from tests.spec import ACCOUNT, ACTOR, NEW_ID, NOW, Given, earned, fold, given, opened

DIFFERS, OTHER_ID, BY_HAND = (
    case_id(ACCOUNT, kind, "pout_1") for kind in (CaseKind.AMOUNT_DIFFERS, CaseKind.OTHER_ID, CaseKind.PAID_BY_HAND)
)
SAID = [says for says in ReportedStatus if says is not ReportedStatus.OTHER]
RETURN = RecordBankReturn(account_id=ACCOUNT, payout_id="pout_1", reason="account closed")


def close(name: str, *, apply: bool = False) -> CloseCase:
    return CloseCase(account_id=ACCOUNT, case_id=name, reason="looked into", apply=apply)


def applied(state: AccountState, name: str = DIFFERS) -> AccountState:
    outcome = Given(state).when(close(name, apply=True))
    assert outcome.refusal is None
    return fold(state, outcome.events, NOW)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"amount": 399}, "399 IDR"), ({"amount": 0}, "0 IDR"), ({"currency": "USD"}, "400 USD")],
)
@pytest.mark.parametrize("says", SAID)
@pytest.mark.parametrize("status", KNOWN)
def test_another_amount_or_currency_moves_nothing_and_opens_a_case(
    status: str, says: ReportedStatus, change: dict[str, Any], said: str
) -> None:
    state = known(status)
    strange = replace(delivery(says), **change)
    follows = observe(strange, state, "pout_1", NEW_ID)
    shown_as = "failed" if status == "returned" else status
    assert list(follows) == [
        observed(strange, Verdict.CONTRADICTION),
        CaseOpened(
            case_id=DIFFERS,
            kind="amount_differs",
            known=f"{shown_as}, 400 IDR, po_1",
            said=f"{says.value} at {MAY_9}, {said}, by evt_1",
            payout_id="pout_1",
            provider_payout_id="po_1",
            amount=strange.amount,
            currency=strange.currency,
            statements=[
                {"says": says.value, "at": MAY_9, "reference": "trf-9", "reason": "account closed"},
            ],
        ),
    ]
    after = fold(state, follows, MAY_9)
    assert after.balances == state.balances
    assert after.payouts["pout_1"] == replace(state.payouts["pout_1"], contradictions=("amount_differs",))


def test_another_amount_tells_all_the_same_which_payout_it_is_about() -> None:
    strange = replace(delivery(ReportedStatus.PAID), amount=399)
    after = take_in(given(*SUBMITTED).state, [strange])
    payout = after.payouts["pout_1"]
    assert (payout.provider_payout_id, payout.submission, payout.status) == ("po_1", "accepted", "pending")


def less(says: ReportedStatus, moment: str, event_id: str) -> Observation:
    return replace(delivery(says, moment, event_id), amount=399)


STORY = [
    less(ReportedStatus.CREATED, MAY_2, "evt_created"),
    less(ReportedStatus.IN_TRANSIT, MAY_2, "evt_sent"),
    less(ReportedStatus.PAID, MAY_3, "evt_paid"),
    less(ReportedStatus.FAILED, MAY_4, "evt_back"),
    less(ReportedStatus.FAILED, MAY_2, "evt_failed"),
    less(ReportedStatus.CANCELLED, MAY_4, "evt_cancelled"),
]


def test_taken_at_its_word_the_payout_is_of_that_amount_whatever_comes_before_and_after() -> None:
    for size in (1, 2, 3):
        for order in (order for chosen in combinations(STORY, size) for order in permutations(chosen)):
            for before in range(1, size + 1):
                state = applied(take_in(given(*START).state, order[:before]))
                state = take_in(state, order[before:])
                told = frozenset((said.says.value, said.occurred_at) for said in order)
                payout = state.payouts["pout_1"]
                assert (payout.amount, shown(payout)) == (399, place(told)), (order, before)
                assert state.balances == {"IDR": balance(payout.status, amount=399)}
                assert sum(astuple(state.balances["IDR"])) == 1000
                assert open_kinds(state) == conflicts(told), "and what follows is no case any more"


@pytest.mark.parametrize("amount", [1, 399, 401, 1400])
@pytest.mark.parametrize("status", KNOWN)
def test_the_difference_comes_from_where_the_money_is_or_goes_there(status: str, amount: int) -> None:
    state = known(status)
    status = state.payouts["pout_1"].status
    strange = replace(delivery(ReportedStatus.CREATED), amount=amount)
    after = applied(take_in(state, [strange]))
    assert after.payouts["pout_1"].status == status
    assert after.balances == {"IDR": balance(status, amount=amount)}


def test_applied_twice_it_makes_no_money() -> None:
    state = applied(take_in(known("in_transit"), [less(ReportedStatus.PAID, MAY_3, "evt_a")]))
    assert state.balances == {"IDR": balance("paid", amount=399)}
    # The same amount again is no contradiction any more; the first one is, and may be believed again.
    again = take_in(state, [less(ReportedStatus.PAID, MAY_3, "evt_b")])
    assert (again.balances, open_kinds(again)) == (state.balances, set())
    first = take_in(again, [delivery(ReportedStatus.PAID, MAY_3, "evt_c")])
    assert open_kinds(first) == {CaseKind.AMOUNT_DIFFERS}
    assert applied(first).balances == {"IDR": balance("paid", amount=400)}


def test_what_comes_back_of_a_corrected_payout_is_its_corrected_amount() -> None:
    state = applied(take_in(known("in_transit"), [less(ReportedStatus.PAID, MAY_3, "evt_a")]))
    outcome = Given(state).when(RETURN)
    assert outcome.events == [PayoutReturned("pout_1", 399, "IDR", "account closed")]
    assert fold(state, outcome.events, NOW).balances == {"IDR": Balance(available=1000)}


@pytest.mark.parametrize("order", list(permutations((399, 398, 397))))
def test_of_several_other_amounts_none_is_applied(order: Sequence[int]) -> None:
    state = known("in_transit")
    for amount in order:
        state = take_in(state, [replace(delivery(ReportedStatus.PAID, MAY_3, f"evt_{amount}"), amount=amount)])
    case = state.cases[DIFFERS]
    assert case.amount == 0
    assert all(f"{amount} IDR" in case.said for amount in order[:2])
    Given(state).when(close(DIFFERS, apply=True)).then_refused("INVALID_TRANSITION", details={"kind": "amount_differs"})


@pytest.mark.parametrize(
    "change", [{"amount": 0}, {"amount": -1}, {"amount": None, "currency": "USD"}, {"currency": "USD"}]
)
def test_an_amount_that_makes_no_sense_is_never_applied(change: dict[str, Any]) -> None:
    state = take_in(known("in_transit"), [replace(delivery(ReportedStatus.PAID), **change)])
    assert open_kinds(state) == {CaseKind.AMOUNT_DIFFERS}
    Given(state).when(close(DIFFERS, apply=True)).then_refused("INVALID_TRANSITION")


def test_what_a_person_closed_is_not_applied_with_what_is_said_later() -> None:
    state = take_in(known("pending"), [less(ReportedStatus.FAILED, MAY_4, "evt_a")])
    state = fold(state, Given(state).when(close(DIFFERS)).events, NOW)
    assert (open_kinds(state), state.payouts["pout_1"].contradictions) == (set(), ())
    state = take_in(state, [less(ReportedStatus.IN_TRANSIT, MAY_2, "evt_b")])
    assert open_kinds(state) == {CaseKind.AMOUNT_DIFFERS}
    assert applied(state).payouts["pout_1"].status == "in_transit"


@pytest.mark.parametrize("says", SAID)
@pytest.mark.parametrize("status", KNOWN)
def test_another_id_of_the_providers_moves_nothing_and_opens_a_case(status: str, says: ReportedStatus) -> None:
    state = known(status)
    strange = replace(delivery(says), provider_payout_id="po_2")
    after = take_in(state, [strange])
    assert (after.balances, open_kinds(after)) == (state.balances, {CaseKind.OTHER_ID})
    assert after.payouts["pout_1"] == replace(state.payouts["pout_1"], contradictions=("other_id",))
    Given(after).when(close(OTHER_ID, apply=True)).then_refused("INVALID_TRANSITION", details={"kind": "other_id"})


@pytest.mark.parametrize("says", SAID)
def test_what_people_pay_by_hand_is_not_the_providers_to_move(says: ReportedStatus) -> None:
    manual = PayoutRequested("pout_1", 400, "IDR", "manual", "bca", "BCA", "sealed:1", "sealed:2")
    state = given(opened(), *earned(1000), manual).state
    after = take_in(state, [delivery(says)])
    assert (after.balances, open_kinds(after)) == (state.balances, {CaseKind.PAID_BY_HAND})
    assert after.payouts["pout_1"] == replace(state.payouts["pout_1"], contradictions=("paid_by_hand",))
    Given(after).when(close(BY_HAND, apply=True)).then_refused("INVALID_TRANSITION", details={"kind": "paid_by_hand"})


def test_a_case_is_closed_once_with_who_and_why() -> None:
    state = take_in(known("paid"), [delivery(ReportedStatus.CANCELLED)])
    (name,) = state.cases
    Given(state).when(close(name, apply=True)).then_refused("INVALID_TRANSITION")
    after = Given(state).when(close(name)).then(CaseClosed(name, "looked into", ACTOR))
    case = after.cases[name]
    assert (case.closed_at, case.reason, case.closed_by) == (NOW, "looked into", ACTOR)
    assert after.payouts["pout_1"].contradictions == ()
    Given(after).when(close(name)).then_refused("INVALID_TRANSITION")
    Given(after).when(close("case_none")).then_refused("NOT_FOUND", "caseId")


def test_a_case_that_stands_open_is_not_opened_for_every_delivery() -> None:
    state = take_in(known("paid"), [delivery(ReportedStatus.CANCELLED, MAY_4)])
    for more in (delivery(ReportedStatus.CANCELLED, MAY_9, "evt_2"), delivery(ReportedStatus.PAID, MAY_9, "evt_3")):
        follows = observe(more, state, "pout_1", NEW_ID)
        assert not [event for event in follows if isinstance(event, CaseOpened)]


def test_more_of_the_same_contradiction_opens_its_case_again() -> None:
    state = take_in(known("paid"), [delivery(ReportedStatus.CANCELLED, MAY_4)])
    (name,) = state.cases
    closed = Given(state).when(close(name)).then(CaseClosed(name, "looked into", ACTOR))
    same = take_in(closed, [delivery(ReportedStatus.CANCELLED, MAY_4, "evt_same")])
    assert open_kinds(same) == set(), "said before"
    more = take_in(same, [delivery(ReportedStatus.CANCELLED, MAY_9, "evt_more")])
    assert open_kinds(more) == {CaseKind.CANCELLED_AND_ENDED}
    assert (more.cases[name].closed_at, more.cases[name].closed_by) == (None, None)


def test_a_dismissed_delivery_changes_nothing_but_the_version() -> None:
    state = known("paid")
    after = fold(state, [DeliveryDismissed("dlv_1", "a test of theirs")])
    assert after.version == state.version + 1
    after.version = state.version
    assert after == state
