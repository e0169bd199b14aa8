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
from events.provider.reports import Kind, Says, case_id
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
    delivery(Says.CREATED, MAY_2, "evt_created"),
    delivery(Says.IN_TRANSIT, MAY_3, "evt_sent"),
    delivery(Says.PAID, MAY_3, "evt_paid"),
    delivery(Says.FAILED, MAY_4, "evt_back"),
    delivery(Says.FAILED, MAY_2, "evt_failed"),
    delivery(Says.CANCELLED, MAY_4, "evt_cancelled"),
    delivery(Says.PAID, MAY_9, "evt_paid_again"),
]
STRAY = case_id(ACCOUNT, Kind.UNREQUESTED, "po_1")
ACCOUNT_OPEN = given(opened("plugipay"), *earned(1000)).books
UNANSWERED = given(*SUBMITTED, PayoutSubmissionUnknown("pout_1", "no answer")).books
LINK = LinkProviderPayout(account_id=ACCOUNT, payout_id="pout_1", provider_payout_id="po_1")


def orders(longest: int) -> Iterator[tuple[Observation, ...]]:
    for size in range(1, longest + 1):
        for chosen in combinations(STORY, size):
            yield from permutations(chosen)


def told(order: tuple[Observation, ...]) -> frozenset[tuple[str, str]]:
    return frozenset((said.says.value, said.occurred_at) for said in order)


@pytest.mark.parametrize("says", [says for says in Says if says is not Says.OTHER])
@pytest.mark.parametrize("mentioned", [None, "pout_unknown"])
def test_what_was_never_requested_becomes_one_of_ours(says: Says, mentioned: str | None) -> None:
    said = delivery(says)
    follows = observe(said, ACCOUNT_OPEN, mentioned, NEW_ID)
    adoption = PayoutAdopted(ADOPTED, "po_1", 400, "IDR")
    assert list(follows[:2]) == [adoption, observed(said, Verdict.ADOPTED, ADOPTED)]
    after = fold(ACCOUNT_OPEN, follows, MAY_9)
    payout = after.payouts[ADOPTED]
    assert payout.status == ("pending" if says is Says.CREATED else says.value)
    assert (payout.backend, payout.provider_payout_id, payout.submission) == ("plugipay", "po_1", "accepted")
    bank = (payout.bank_code, payout.bank_name, payout.bank_account_number, payout.bank_account_holder)
    assert bank == (None, "unknown", "unknown", "unknown")
    assert after.balances == {"IDR": balance(payout.status)}
    assert open_kinds(after) == set()


def test_the_money_it_took_may_leave_the_account_below_zero() -> None:
    poor = given(opened("plugipay"), *earned(150)).books
    after = take_in(poor, [delivery(Says.IN_TRANSIT)], None)
    assert after.balances == {"IDR": Balance(available=-250, reserved=400)}
    after = take_in(after, [delivery(Says.PAID, event_id="evt_2")], None)
    assert after.balances == {"IDR": Balance(available=-250, paid_out=400)}
    ask = RequestPayout(account_id=ACCOUNT, amount=1, currency="IDR", bank_code="bca", bank_name="BCA")
    whole = ask.model_copy(update={"bank_account_number": "sealed:1", "bank_account_holder": "sealed:2"})
    Given(after).when(whole).then_refused("INSUFFICIENT_BALANCE", "amount", {"available": -250, "currency": "IDR"})


def test_a_currency_that_the_account_never_held_is_added() -> None:
    said = replace(delivery(Says.PAID), currency="USD")
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
    said = replace(delivery(Says.PAID), **NOT_ADOPTED[lacking])  # type: ignore[arg-type]
    follows = observe(said, ACCOUNT_OPEN, None, NEW_ID)
    assert follows[0] == observed(said, Verdict.UNMATCHED, None)
    after = fold(ACCOUNT_OPEN, follows, MAY_9)
    assert (after.balances, after.payouts) == (ACCOUNT_OPEN.balances, {})
    ((name, case),) = after.cases.items()
    assert (case.kind, case.amount, case.currency) == (Kind.UNREQUESTED, said.amount, said.currency)
    close = CloseCase(account_id=ACCOUNT, case_id=name, reason="?", apply=True)
    Given(after).when(close).then_refused("INVALID_TRANSITION")
    closed = Given(after).when(close.model_copy(update={"apply": False}))
    closed.then(CaseClosed(name, "?", ACTOR))


@pytest.mark.parametrize("history", [[], [opened(), *earned(1000)]], ids=["no account", "all by hand"])
def test_where_no_provider_is_known_of_nothing_is_adopted(history: list[AnyEvent]) -> None:
    books = given(*history).books
    after = take_in(books, STORY, None)
    assert (after.balances, after.payouts) == (books.balances, {})
    assert open_kinds(after) == {Kind.UNREQUESTED}
    assert len(after.observed) == len(STORY)


def test_an_account_by_hand_with_a_workspace_adopts_what_its_workspace_pays() -> None:
    workspace = ProviderSet("ws_1", "pk_1", "sealed:secret", None)
    books = given(opened(), *earned(1000), workspace).books
    assert take_in(books, STORY[2:3], None).balances == {"IDR": balance("paid")}


def ends_as(books: AccountState, payout_id: str, order: tuple[Observation, ...]) -> None:
    payout = books.payouts[payout_id]
    assert shown(payout) == place(told(order)), order
    assert books.balances == {"IDR": balance(payout.status)}, order
    assert sum(astuple(books.balances["IDR"])) == 1000
    assert open_kinds(books) == set(payout.contradictions) == conflicts(told(order)), order
    assert books.observed == {said.event_id for said in order}


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
            assert all(case.closed_by == "ledger" for case in after.cases.values() if case.kind == Kind.UNREQUESTED)


@pytest.mark.parametrize("change", [{"amount": 399}, {"currency": "USD"}])
def test_beside_an_unanswered_submission_of_another_amount_it_is_adopted(change: dict[str, object]) -> None:
    said = replace(delivery(Says.PAID), **change)  # type: ignore[arg-type]
    assert set(take_in(UNANSWERED, [said], None).payouts) == {"pout_1", ADOPTED}


@pytest.mark.parametrize("submission", [[], [PayoutSubmissionUnknown("pout_1", "no answer")]])
def test_while_a_submission_of_the_same_amount_has_no_answer_it_is_a_case_and_no_debit(
    submission: list[AnyEvent],
) -> None:
    books = given(*SUBMITTED, *submission).books
    for order in orders(3):
        after = take_in(books, order, None)
        assert (after.payouts, after.balances) == (books.payouts, books.balances)
        assert [(name, case.kind, case.closed_at) for name, case in after.cases.items()] == [
            (STRAY, Kind.UNREQUESTED, None)
        ]
        assert after.observed == {said.event_id for said in order}, "nothing is dropped"


def test_once_the_submission_is_answered_it_is_adopted() -> None:
    for answer in (
        PayoutFailed("pout_1", 400, "IDR", "INVALID_DESTINATION"),
        PayoutProviderLinked("pout_1", "po_2"),
    ):
        books = fold(UNANSWERED, [answer])
        after = take_in(books, STORY[:2], None)
        assert set(after.payouts) == {"pout_1", ADOPTED}
        assert after.balances["IDR"].available == books.balances["IDR"].available - 400


def test_a_link_takes_up_what_was_told_before_it_whatever_the_order_and_wherever_it_comes() -> None:
    for order in orders(3):
        for before in range(len(order) + 1):
            books = take_in(UNANSWERED, order[:before], None)
            books = fold(books, Given(books).when(LINK).events, MAY_9)
            books = take_in(books, order[before:], None)
            assert set(books.payouts) == {"pout_1"}
            ends_as(books, "pout_1", order)
            if before:
                assert (books.cases[STRAY].closed_by, books.cases[STRAY].reason) == ("ledger", "it is pout_1")


def test_a_delivery_that_mentions_our_id_links_as_a_command_does() -> None:
    for order in orders(3):
        for before in range(1, len(order)):
            books = take_in(UNANSWERED, order[:before], None)
            books = take_in(books, order[before:], "pout_1")
            ends_as(books, "pout_1", order)


CLOSE = CloseCase(account_id=ACCOUNT, case_id=STRAY, reason="looked into")


def test_what_was_told_before_somebody_closed_the_case_still_counts_once_it_is_linked() -> None:
    for order in orders(3):
        for closed_after in range(1, len(order) + 1):
            books = take_in(UNANSWERED, order[:closed_after], None)
            books = fold(books, Given(books).when(CLOSE).events, MAY_9)
            assert open_kinds(books) == set()
            books = take_in(books, order[closed_after:], None)
            assert open_kinds(books) == ({Kind.UNREQUESTED} if order[closed_after:] else set()), "more was said"
            books = fold(books, Given(books).when(LINK).events, MAY_9)
            ends_as(books, "pout_1", order)
            assert books.cases[STRAY].closed_by == ("ledger" if order[closed_after:] else ACTOR)


def test_applying_a_case_adopts_the_payout_with_all_that_was_told() -> None:
    for order in orders(3):
        for before in range(1, len(order) + 1):
            books = take_in(UNANSWERED, order[:before], None)
            applied = Given(books).when(CLOSE.model_copy(update={"apply": True}))
            assert applied.events[-1] == CaseClosed(STRAY, "looked into", ACTOR)
            books = take_in(fold(books, applied.events, MAY_9), order[before:], None)
            assert set(books.payouts) == {"pout_1", ADOPTED}
            one = books.payouts[ADOPTED]
            assert shown(one) == place(told(order))
            # Ours still holds its 400, and the other took its own from what was left.
            ours, others = balance("pending", of=600 + 400), balance(one.status, of=600)
            assert books.balances == {"IDR": replace(others, reserved=others.reserved + ours.reserved)}
            assert one.contradictions == tuple(sorted(conflicts(told(order))))


def test_an_id_that_was_adopted_cannot_be_linked_to_another_payout() -> None:
    applied = Given(take_in(UNANSWERED, STORY[:2], None)).when(CLOSE.model_copy(update={"apply": True}))
    books = fold(applied.before, applied.events, MAY_9)
    Given(books).when(LINK).then_refused("INVALID_TRANSITION", details={"payoutId": ADOPTED})


def test_a_link_to_what_was_told_of_another_amount_is_a_case_about_the_payout() -> None:
    other = given(*SUBMITTED, PayoutRequested("pout_2", 399, "IDR", "plugipay", "bca", "BCA", "s", "s")).books
    books = take_in(other, [STORY[2]], None)
    assert open_kinds(books) == {Kind.UNREQUESTED}
    link = LINK.model_copy(update={"payout_id": "pout_2"})
    books = fold(books, Given(books).when(link).events, MAY_9)
    assert (books.payouts["pout_2"].status, books.payouts["pout_2"].provider_payout_id) == ("pending", "po_1")
    assert books.balances == other.balances
    assert open_kinds(books) == {Kind.AMOUNT_DIFFERS}
    case = books.cases[case_id(ACCOUNT, Kind.AMOUNT_DIFFERS, "pout_2")]
    assert (case.amount, case.currency, [one.says for one in case.told]) == (400, "IDR", ["paid"])
