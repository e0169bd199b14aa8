"""Payouts that nobody asked for: adopted, or kept as a case until it is known whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, replace
from itertools import combinations, permutations

import pytest

from events.account_state import AccountState
from events.accounts.events import CurrencyAdded, ProviderSet
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.payouts.commands import LinkProviderPayout, RequestPayout
from events.payouts.events import (
    PayoutAdopted,
    PayoutFailed,
    PayoutProviderLinked,
    PayoutRequested,
    PayoutSubmissionUnknown,
)
from events.provider.commands import CloseCase
from events.provider.events import CaseClosed
from events.provider.observation import Observation
from events.provider.observe import Verdict, observe
from events.provider.reports import CaseKind, ReportedStatus, case_id
from tests.events.deliveries import (
    ADOPTED,
    MAY_2,
    MAY_3,
    MAY_4,
    MAY_9,
    SUBMITTED,
    delivery,
    observed,
    open_kinds,
    take_in,
)
from tests.events.provider_model import balance, conflicts, place, shown
from tests.spec import ACCOUNT, ACTOR, NEW_ID, Given, earned, fold, given, opened

STORY = [
    delivery(ReportedStatus.CREATED, MAY_2, "evt_created"),
    delivery(ReportedStatus.IN_TRANSIT, MAY_3, "evt_sent"),
    delivery(ReportedStatus.PAID, MAY_3, "evt_paid"),
    delivery(ReportedStatus.FAILED, MAY_4, "evt_back"),
    delivery(ReportedStatus.FAILED, MAY_2, "evt_failed"),
    delivery(ReportedStatus.CANCELLED, MAY_4, "evt_cancelled"),
    delivery(ReportedStatus.PAID, MAY_9, "evt_paid_again"),
]
STRAY = case_id(ACCOUNT, CaseKind.UNREQUESTED, "po_1")
ACCOUNT_OPEN = given(opened("plugipay"), *earned(1000)).state
UNANSWERED = given(*SUBMITTED, PayoutSubmissionUnknown("pout_1", "no answer")).state
LINK = LinkProviderPayout(account_id=ACCOUNT, payout_id="pout_1", provider_payout_id="po_1")


def orders(longest: int) -> Iterator[tuple[Observation, ...]]:
    for size in range(1, longest + 1):
        for chosen in combinations(STORY, size):
            yield from permutations(chosen)


def told(order: tuple[Observation, ...]) -> frozenset[tuple[str, str]]:
    return frozenset((said.says.value, said.occurred_at) for said in order)


@pytest.mark.parametrize("says", [says for says in ReportedStatus if says is not ReportedStatus.OTHER])
@pytest.mark.parametrize("mentioned", [None, "pout_unknown"])
def test_what_was_never_requested_becomes_one_of_ours(says: ReportedStatus, mentioned: str | None) -> None:
    said = delivery(says)
    follows = observe(said, ACCOUNT_OPEN, mentioned, NEW_ID)
    adoption = PayoutAdopted(ADOPTED, "po_1", 400, "IDR")
    assert list(follows[:2]) == [adoption, observed(said, Verdict.ADOPTED, ADOPTED)]
    after = fold(ACCOUNT_OPEN, follows, MAY_9)
    payout = after.payouts[ADOPTED]
    assert payout.status == ("pending" if says is ReportedStatus.CREATED else says.value)
    assert (payout.backend, payout.provider_payout_id, payout.submission) == ("plugipay", "po_1", "accepted")
    bank = (payout.bank_code, payout.bank_name, payout.bank_account_number, payout.bank_account_holder)
    assert bank == (None, "unknown", "unknown", "unknown")
    assert after.balances == {"IDR": balance(payout.status)}
    assert open_kinds(after) == set()


def test_the_money_it_took_may_leave_the_account_below_zero() -> None:
    poor = given(opened("plugipay"), *earned(150)).state
    after = take_in(poor, [delivery(ReportedStatus.IN_TRANSIT)], None)
    assert after.balances == {"IDR": Balance(available=-250, reserved=400)}
    after = take_in(after, [delivery(ReportedStatus.PAID, event_id="evt_2")], None)
    assert after.balances == {"IDR": Balance(available=-250, paid_out=400)}
    ask = RequestPayout(account_id=ACCOUNT, amount=1, currency="IDR", bank_code="bca", bank_name="BCA")
    whole = ask.model_copy(update={"bank_account_number": "sealed:1", "bank_account_holder": "sealed:2"})
    Given(after).when(whole).then_refused("INSUFFICIENT_BALANCE", "amount", {"available": -250, "currency": "IDR"})


def test_a_currency_that_the_account_never_held_is_added() -> None:
    said = replace(delivery(ReportedStatus.PAID), currency="USD")
    follows = observe(said, ACCOUNT_OPEN, None, NEW_ID)
    assert follows[0] == CurrencyAdded("USD")
    after = fold(ACCOUNT_OPEN, follows, MAY_9)
    assert after.account is not None
    assert after.account.currencies == ("IDR", "USD")
    assert after.balances == {"IDR": Balance(available=1000), "USD": Balance(available=-400, paid_out=400)}


NOT_ADOPTED = {
    "without an amount": {"amount": None},
    "of nothing": {"amount": 0},
    "below nothing": {"amount": -400},
    "without a currency": {"currency": None},
    "in a currency nobody knows": {"currency": "XXX"},
    "without the provider's id": {"provider_payout_id": None},
}


@pytest.mark.parametrize("lacking", NOT_ADOPTED)
def test_what_cannot_be_booked_is_a_case_and_cannot_be_applied_either(lacking: str) -> None:
    said = replace(delivery(ReportedStatus.PAID), **NOT_ADOPTED[lacking])  # type: ignore[arg-type]
    follows = observe(said, ACCOUNT_OPEN, None, NEW_ID)
    assert follows[0] == observed(said, Verdict.UNMATCHED, None)
    after = fold(ACCOUNT_OPEN, follows, MAY_9)
    assert (after.balances, after.payouts) == (ACCOUNT_OPEN.balances, {})
    ((name, case),) = after.cases.items()
    assert (case.kind, case.amount, case.currency) == (CaseKind.UNREQUESTED, said.amount, said.currency)
    close = CloseCase(account_id=ACCOUNT, case_id=name, reason="?", apply=True)
    Given(after).when(close).then_refused("INVALID_TRANSITION")
    closed = Given(after).when(close.model_copy(update={"apply": False}))
    closed.then(CaseClosed(name, "?", ACTOR))


@pytest.mark.parametrize("history", [[], [opened(), *earned(1000)]], ids=["no account", "all by hand"])
def test_where_no_provider_is_known_of_nothing_is_adopted(history: list[AnyEvent]) -> None:
    state = given(*history).state
    after = take_in(state, STORY, None)
    assert (after.balances, after.payouts) == (state.balances, {})
    assert open_kinds(after) == {CaseKind.UNREQUESTED}
    assert len(after.observed) == len(STORY)


def test_an_account_by_hand_with_a_workspace_adopts_what_its_workspace_pays() -> None:
    workspace = ProviderSet("ws_1", "pk_1", "sealed:secret", None)
    state = given(opened(), *earned(1000), workspace).state
    assert take_in(state, STORY[2:3], None).balances == {"IDR": balance("paid")}


def ends_as(state: AccountState, payout_id: str, order: tuple[Observation, ...]) -> None:
    payout = state.payouts[payout_id]
    assert shown(payout) == place(told(order)), order
    assert state.balances == {"IDR": balance(payout.status)}, order
    assert sum(astuple(state.balances["IDR"])) == 1000
    assert open_kinds(state) == set(payout.contradictions) == conflicts(told(order)), order
    assert set(state.observed) == {said.event_id for said in order}


def test_an_adopted_payout_ends_the_same_in_every_order() -> None:
    for order in orders(4):
        after = take_in(ACCOUNT_OPEN, order, None)
        assert set(after.payouts) == {ADOPTED}
        ends_as(after, ADOPTED, order)


def test_it_does_not_matter_which_of_its_deliveries_names_the_amount() -> None:
    for order in orders(3):
        for named in range(len(order)):
            amounts = [said if n == named else replace(said, amount=None) for n, said in enumerate(order)]
            after = take_in(ACCOUNT_OPEN, amounts, None)
            assert set(after.payouts) == {ADOPTED}
            ends_as(after, ADOPTED, order)
            assert all(case.closed_by == "ledger" for case in after.cases.values() if case.kind == CaseKind.UNREQUESTED)


@pytest.mark.parametrize("change", [{"amount": 399}, {"currency": "USD"}])
def test_beside_an_unanswered_submission_of_another_amount_it_is_adopted(change: dict[str, object]) -> None:
    said = replace(delivery(ReportedStatus.PAID), **change)  # type: ignore[arg-type]
    assert set(take_in(UNANSWERED, [said], None).payouts) == {"pout_1", ADOPTED}


@pytest.mark.parametrize("submission", [[], [PayoutSubmissionUnknown("pout_1", "no answer")]])
def test_while_a_submission_of_the_same_amount_has_no_answer_it_is_a_case_and_no_debit(
    submission: list[AnyEvent],
) -> None:
    state = given(*SUBMITTED, *submission).state
    for order in orders(3):
        after = take_in(state, order, None)
        assert (after.payouts, after.balances) == (state.payouts, state.balances)
        assert [(name, case.kind, case.closed_at) for name, case in after.cases.items()] == [
            (STRAY, CaseKind.UNREQUESTED, None)
        ]
        assert set(after.observed) == {said.event_id for said in order}, "nothing is dropped"


def test_once_the_submission_is_answered_it_is_adopted() -> None:
    for answer in (
        PayoutFailed("pout_1", 400, "IDR", "INVALID_DESTINATION"),
        PayoutProviderLinked("pout_1", "po_2"),
    ):
        state = fold(UNANSWERED, [answer])
        after = take_in(state, STORY[:2], None)
        assert set(after.payouts) == {"pout_1", ADOPTED}
        assert after.balances["IDR"].available == state.balances["IDR"].available - 400


def test_a_link_takes_up_what_was_told_before_it_whatever_the_order_and_wherever_it_comes() -> None:
    for order in orders(3):
        for before in range(len(order) + 1):
            state = take_in(UNANSWERED, order[:before], None)
            state = fold(state, Given(state).when(LINK).events, MAY_9)
            state = take_in(state, order[before:], None)
            assert set(state.payouts) == {"pout_1"}
            ends_as(state, "pout_1", order)
            if before:
                assert (state.cases[STRAY].closed_by, state.cases[STRAY].reason) == ("ledger", "it is pout_1")


def test_a_delivery_that_mentions_our_id_links_as_a_command_does() -> None:
    for order in orders(3):
        for before in range(1, len(order)):
            state = take_in(UNANSWERED, order[:before], None)
            state = take_in(state, order[before:], "pout_1")
            ends_as(state, "pout_1", order)


CLOSE = CloseCase(account_id=ACCOUNT, case_id=STRAY, reason="looked into")


def test_what_was_told_before_somebody_closed_the_case_still_counts_once_it_is_linked() -> None:
    for order in orders(3):
        for closed_after in range(1, len(order) + 1):
            state = take_in(UNANSWERED, order[:closed_after], None)
            state = fold(state, Given(state).when(CLOSE).events, MAY_9)
            assert open_kinds(state) == set()
            state = take_in(state, order[closed_after:], None)
            assert open_kinds(state) == ({CaseKind.UNREQUESTED} if order[closed_after:] else set()), "more was said"
            state = fold(state, Given(state).when(LINK).events, MAY_9)
            ends_as(state, "pout_1", order)
            assert state.cases[STRAY].closed_by == ("ledger" if order[closed_after:] else ACTOR)


def test_applying_a_case_adopts_the_payout_with_all_that_was_told() -> None:
    for order in orders(3):
        for before in range(1, len(order) + 1):
            state = take_in(UNANSWERED, order[:before], None)
            applied = Given(state).when(CLOSE.model_copy(update={"apply": True}))
            assert applied.events[-1] == CaseClosed(STRAY, "looked into", ACTOR)
            state = take_in(fold(state, applied.events, MAY_9), order[before:], None)
            assert set(state.payouts) == {"pout_1", ADOPTED}
            one = state.payouts[ADOPTED]
            assert shown(one) == place(told(order))
            # Ours still holds its 400, and the other took its own from what was left.
            ours, others = balance("pending", of=600 + 400), balance(one.status, of=600)
            assert state.balances == {"IDR": replace(others, reserved=others.reserved + ours.reserved)}
            assert one.contradictions == tuple(sorted(conflicts(told(order))))


def test_an_id_that_was_adopted_cannot_be_linked_to_another_payout() -> None:
    applied = Given(take_in(UNANSWERED, STORY[:2], None)).when(CLOSE.model_copy(update={"apply": True}))
    state = fold(applied.before, applied.events, MAY_9)
    Given(state).when(LINK).then_refused("INVALID_TRANSITION", details={"payoutId": ADOPTED})


def test_a_link_to_what_was_told_of_another_amount_is_a_case_about_the_payout() -> None:
    other = given(*SUBMITTED, PayoutRequested("pout_2", 399, "IDR", "plugipay", "bca", "BCA", "s", "s")).state
    state = take_in(other, [STORY[2]], None)
    assert open_kinds(state) == {CaseKind.UNREQUESTED}
    link = LINK.model_copy(update={"payout_id": "pout_2"})
    state = fold(state, Given(state).when(link).events, MAY_9)
    assert (state.payouts["pout_2"].status, state.payouts["pout_2"].provider_payout_id) == ("pending", "po_1")
    assert state.balances == other.balances
    assert open_kinds(state) == {CaseKind.AMOUNT_DIFFERS}
    case = state.cases[case_id(ACCOUNT, CaseKind.AMOUNT_DIFFERS, "pout_2")]
    assert (case.amount, case.currency, [one.says for one in case.told]) == (400, "IDR", ["paid"])
