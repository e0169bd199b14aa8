"""What the provider says of a payout, and what the ledger makes of it: every known state against every statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest

from events.accounts.events import AccountClosed, AccountFrozen
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.payouts.events import (
    PayoutCancelled,
    PayoutFailed,
    PayoutInTransit,
    PayoutPaid,
    PayoutProviderLinked,
    PayoutReopened,
    PayoutRequested,
    PayoutReturned,
)
from events.provider.events import CaseOpened, ProviderObserved
from events.provider.observation import TYPES
from events.provider.observe import Verdict, observe
from events.provider.reports import Kind, Says
from tests.events.deliveries import (
    KNOWN,
    MAY_2,
    MAY_3,
    MAY_4,
    MAY_9,
    REQUESTED,
    START,
    SUBMITTED,
    delivery,
    known,
    observed,
    open_kinds,
)
from tests.events.provider_model import balance
from tests.spec import NEW_ID, fold, given

IN_TRANSIT = PayoutInTransit("pout_1", "trf-9")
IS_PAID = PayoutPaid("pout_1", 400, "IDR", "trf-9")
IS_FAILED = PayoutFailed("pout_1", 400, "IDR", "account closed")
IS_CANCELLED = PayoutCancelled("pout_1", 400, "IDR")
IS_RETURNED = PayoutReturned("pout_1", 400, "IDR", "account closed", "trf-1")
REOPENED = PayoutReopened("pout_1", 400, "IDR")
# A return leaves the payment's reference, and a payment told again is the one that was told first.
PAID_AGAIN = PayoutPaid("pout_1", 400, "IDR", "trf-1")

Row = tuple[Verdict, list[AnyEvent], list[Kind], str]
TABLE: dict[tuple[str, Says], Row] = {
    ("pending", Says.CREATED): (Verdict.CONFIRMED, [], [], "pending"),
    ("pending", Says.IN_TRANSIT): (Verdict.APPLIED, [IN_TRANSIT], [], "in_transit"),
    ("pending", Says.PAID): (Verdict.APPLIED, [IS_PAID], [], "paid"),
    ("pending", Says.FAILED): (Verdict.APPLIED, [IS_FAILED], [], "failed"),
    ("pending", Says.CANCELLED): (Verdict.APPLIED, [IS_CANCELLED], [], "cancelled"),
    ("in_transit", Says.CREATED): (Verdict.CONFIRMED, [], [], "in_transit"),
    ("in_transit", Says.IN_TRANSIT): (Verdict.CONFIRMED, [], [], "in_transit"),
    ("in_transit", Says.PAID): (Verdict.APPLIED, [IS_PAID], [], "paid"),
    ("in_transit", Says.FAILED): (Verdict.APPLIED, [IS_FAILED], [], "failed"),
    ("in_transit", Says.CANCELLED): (Verdict.APPLIED, [IS_CANCELLED], [], "cancelled"),
    ("paid", Says.CREATED): (Verdict.CONFIRMED, [], [], "paid"),
    ("paid", Says.IN_TRANSIT): (Verdict.STALE, [], [], "paid"),
    ("paid", Says.PAID): (Verdict.CONFIRMED, [], [], "paid"),
    ("paid", Says.FAILED): (Verdict.APPLIED, [IS_RETURNED], [], "failed"),
    ("paid", Says.CANCELLED): (Verdict.STALE, [], [Kind.CANCELLED_AND_ENDED], "paid"),
    ("failed", Says.CREATED): (Verdict.CONFIRMED, [], [], "failed"),
    ("failed", Says.IN_TRANSIT): (Verdict.STALE, [], [Kind.MOVED_AFTER_END], "failed"),
    ("failed", Says.PAID): (Verdict.APPLIED, [REOPENED, IS_PAID], [Kind.PAID_AFTER_FAILURE], "paid"),
    ("failed", Says.FAILED): (Verdict.CONFIRMED, [], [], "failed"),
    ("failed", Says.CANCELLED): (Verdict.STALE, [], [Kind.CANCELLED_AND_ENDED], "failed"),
    ("cancelled", Says.CREATED): (Verdict.CONFIRMED, [], [], "cancelled"),
    ("cancelled", Says.IN_TRANSIT): (Verdict.STALE, [], [Kind.MOVED_AFTER_END], "cancelled"),
    ("cancelled", Says.PAID): (Verdict.APPLIED, [REOPENED, IS_PAID], [Kind.CANCELLED_AND_ENDED], "paid"),
    ("cancelled", Says.FAILED): (Verdict.APPLIED, [REOPENED, IS_FAILED], [Kind.CANCELLED_AND_ENDED], "failed"),
    ("cancelled", Says.CANCELLED): (Verdict.CONFIRMED, [], [], "cancelled"),
    ("returned", Says.CREATED): (Verdict.CONFIRMED, [], [], "failed"),
    ("returned", Says.IN_TRANSIT): (Verdict.STALE, [], [Kind.MOVED_AFTER_END], "failed"),
    ("returned", Says.PAID): (Verdict.APPLIED, [REOPENED, PAID_AGAIN], [Kind.PAID_AFTER_FAILURE], "paid"),
    ("returned", Says.FAILED): (Verdict.CONFIRMED, [], [], "failed"),
    ("returned", Says.CANCELLED): (Verdict.STALE, [], [Kind.CANCELLED_AND_ENDED], "failed"),
}
"""(what is known, what is said later) -> the verdict, what changes, the cases it opens, the status after it."""


def money(follows: Sequence[AnyEvent]) -> list[AnyEvent]:
    """What changes the payout's state."""
    apart = (ProviderObserved, CaseOpened, PayoutProviderLinked)
    return [event for event in follows if not isinstance(event, apart)]


def opened_by(follows: Sequence[AnyEvent]) -> list[CaseOpened]:
    return [event for event in follows if isinstance(event, CaseOpened)]


def test_the_table_has_every_state_and_every_statement() -> None:
    assert set(TABLE) == set(product(KNOWN, set(Says) - {Says.OTHER}))


@pytest.mark.parametrize(("state", "says"), TABLE)
def test_a_statement_meets_what_is_known_as_the_table_says(state: str, says: Says) -> None:
    verdict, changes, kinds, status = TABLE[state, says]
    books = known(state)
    said = delivery(says)
    follows = observe(said, books, "pout_1", NEW_ID)
    assert follows[0] == observed(said, verdict)
    assert money(follows) == changes
    cases = opened_by(follows)
    assert [case.kind for case in cases] == kinds
    for case in cases:
        assert (case.payout_id, case.provider_payout_id) == ("pout_1", "po_1")
        assert (MAY_3 if state == "paid" else MAY_4) in case.known, "what the ledger had"
        assert (says.value in case.said, MAY_9 in case.said, "evt_1" in case.said) == (True, True, True), (
            "what was said"
        )
    after = fold(books, follows, said.occurred_at)
    assert after.payouts["pout_1"].status == status
    assert after.payouts["pout_1"].contradictions == tuple(kinds)
    assert open_kinds(after) == set(kinds)
    assert after.balances == {"IDR": balance(status)}
    assert after.version == books.version + len(follows)


@pytest.mark.parametrize(("state", "says"), TABLE)
def test_a_delivery_that_is_known_gives_nothing(state: str, says: Says) -> None:
    books = known(state)
    after = fold(books, observe(delivery(says), books, "pout_1", NEW_ID), MAY_9)
    assert list(observe(delivery(says), after, "pout_1", NEW_ID)) == []
    assert list(observe(delivery(says), after, None, NEW_ID)) == []


def test_a_statement_without_an_amount_is_about_the_payouts_own() -> None:
    silent = replace(delivery(Says.PAID), amount=None, currency=None)
    follows = observe(silent, known("in_transit"), "pout_1", NEW_ID)
    assert list(follows) == [observed(silent, Verdict.APPLIED), IS_PAID]


@pytest.mark.parametrize("payout_id", [None, "pout_1"])
def test_what_is_not_about_a_payouts_life_is_kept_and_moves_nothing(payout_id: str | None) -> None:
    said = delivery(Says.OTHER)
    books = known("pending")
    follows = observe(said, books, payout_id, NEW_ID)
    assert list(follows) == [observed(said, Verdict.IGNORED, payout_id)]
    after = fold(books, follows, MAY_9)
    assert (after.payouts, after.balances, after.cases) == (books.payouts, books.balances, {})


@pytest.mark.parametrize("says", [says for says in Says if says is not Says.OTHER])
def test_the_first_statement_that_names_the_providers_id_links_it(says: Says) -> None:
    unlinked = given(*SUBMITTED).books
    said = delivery(says)
    verdict, changes, _, _ = TABLE["pending", says]
    linked = PayoutProviderLinked("pout_1", "po_1")
    assert list(observe(said, unlinked, "pout_1", NEW_ID)) == [observed(said, verdict), linked, *changes]
    nameless = replace(said, provider_payout_id=None)
    follows = observe(nameless, unlinked, "pout_1", NEW_ID)
    assert list(follows) == [observed(nameless, verdict), *changes]
    assert fold(unlinked, follows, MAY_9).payouts["pout_1"].submission == "accepted", "it has it, whatever its name"


@pytest.mark.parametrize("occurred_at", [MAY_2, MAY_3])
def test_a_failure_that_is_not_newer_than_the_payment_moves_nothing_and_is_looked_at(occurred_at: str) -> None:
    said = delivery(Says.FAILED, occurred_at)
    follows = observe(said, known("paid"), "pout_1", NEW_ID)
    assert follows[0] == observed(said, Verdict.STALE)
    assert money(follows) == []
    assert [case.kind for case in opened_by(follows)][:1] == [Kind.PAID_AFTER_FAILURE]


def test_a_failure_newer_than_the_payment_is_a_return() -> None:
    just_after = "2026-05-03T00:00:00.000001Z"
    books = known("paid")
    after = fold(books, observe(delivery(Says.FAILED, just_after), books, "pout_1", NEW_ID), just_after)
    payout = after.payouts["pout_1"]
    assert (payout.status, payout.failure_reason) == ("failed", "account closed")
    assert (payout.paid_at, payout.failed_at, payout.returned_at) == (MAY_3, just_after, just_after)
    assert after.balances == {"IDR": Balance(available=1000)}


@pytest.mark.parametrize(
    ("state", "kind"),
    [("in_transit", PayoutFailed), ("paid", PayoutReturned)],
)
def test_a_failure_always_has_a_reason(state: str, kind: type[AnyEvent]) -> None:
    silent = replace(delivery(Says.FAILED), failure_reason=None)
    books = known(state)
    follows = observe(silent, books, "pout_1", NEW_ID)
    assert isinstance(follows[1], kind)
    assert "no reason" in str(follows[1])
    assert "no reason" in (fold(books, follows, MAY_9).payouts["pout_1"].failure_reason or "")


@pytest.mark.parametrize("state", ["in_transit", "paid", "failed", "returned"])
def test_an_earlier_time_of_sending_replaces_a_later_one_and_moves_nothing(state: str) -> None:
    books = known(state)
    earlier = "2026-05-01T12:00:00.000000Z"
    follows = observe(delivery(Says.IN_TRANSIT, earlier), books, "pout_1", NEW_ID)
    after = fold(books, follows, earlier)
    payout, was = after.payouts["pout_1"], books.payouts["pout_1"]
    assert payout.in_transit_at == earlier
    assert replace(payout, in_transit_at=was.in_transit_at, told=was.told, reference=was.reference) == was
    assert (after.balances, after.cases) == (books.balances, {})


def test_the_same_time_of_sending_told_again_is_a_confirmation() -> None:
    said = delivery(Says.IN_TRANSIT, MAY_2)
    assert list(observe(said, known("in_transit"), "pout_1", NEW_ID)) == [observed(said, Verdict.CONFIRMED)]


@pytest.mark.parametrize("status", [AccountFrozen("fraud check"), AccountClosed("left us")])
def test_facts_come_in_whatever_the_account_is(status: AnyEvent) -> None:
    said = delivery(Says.PAID)
    follows = observe(said, known("in_transit", status), "pout_1", NEW_ID)
    assert list(follows) == [observed(said, Verdict.APPLIED), IS_PAID]


@pytest.mark.parametrize("says", [Says.CREATED, Says.IN_TRANSIT, Says.PAID, Says.FAILED, Says.CANCELLED])
@pytest.mark.parametrize("occurred_at", [MAY_2, MAY_9])
def test_any_word_of_a_payout_outweighs_that_it_was_refused(says: Says, occurred_at: str) -> None:
    # The refusal's date is our clock's, between the two; it answered one call, and another may have gone through.
    refused = fold(given(*SUBMITTED).books, [PayoutFailed("pout_1", 400, "IDR", "INVALID")], MAY_3)
    assert refused.payouts["pout_1"].status == "failed"
    assert refused.balances == {"IDR": Balance(available=1000)}
    after = fold(refused, observe(delivery(says, occurred_at), refused, "pout_1", NEW_ID), occurred_at)
    payout = after.payouts["pout_1"]
    assert payout.status == ("pending" if says is Says.CREATED else says.value)
    assert payout.returned_at is None, "what was refused was never paid"
    assert after.balances == {"IDR": balance(payout.status)}
    kinds = {Says.CREATED: {Kind.MOVED_AFTER_END}, Says.IN_TRANSIT: {Kind.MOVED_AFTER_END}}
    assert open_kinds(after) == (kinds | {Says.PAID: {Kind.PAID_AFTER_FAILURE}}).get(says, set())


def test_paid_after_we_called_it_off_is_paid() -> None:
    # Nobody but us knew of it, and still the provider says that it paid it.
    called_off = fold(given(*REQUESTED).books, [PayoutCancelled("pout_1", 400, "IDR")], MAY_9)
    follows = observe(delivery(Says.PAID, MAY_3), called_off, "pout_1", NEW_ID)
    after = fold(called_off, follows, MAY_3)
    assert money(follows) == [REOPENED, IS_PAID]
    assert after.balances == {"IDR": balance("paid")}
    assert open_kinds(after) == {Kind.CANCELLED_AND_ENDED}


def test_an_id_that_is_anothers_already_links_no_second_payout() -> None:
    second = PayoutRequested("pout_2", 400, "IDR", "plugipay", "bca", "BCA", "sealed:1", "sealed:2")
    books = given(*START, second).books
    follows = observe(delivery(Says.PAID), books, "pout_2", NEW_ID)
    assert [case.kind for case in opened_by(follows)] == [Kind.OTHER_ID]
    after = fold(books, follows, MAY_9)
    assert (after.payouts["pout_2"].provider_payout_id, after.payouts["pout_2"].status) == (None, "pending")
    assert after.balances == books.balances


def test_both_generations_of_names_are_understood() -> None:
    assert TYPES == {
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


def test_verdicts_are_stored_and_keep_their_spelling() -> None:
    assert {verdict.value for verdict in Verdict} == {
        "applied",
        "confirmed",
        "stale",
        "contradiction",
        "adopted",
        "unmatched",
        "ignored",
    }


def test_kinds_of_cases_are_stored_and_keep_their_spelling() -> None:
    assert {kind.value for kind in Kind} == {
        "paid_after_failure",
        "cancelled_and_ended",
        "moved_after_end",
        "amount_differs",
        "other_id",
        "paid_by_hand",
        "unrequested",
        "submission_unknown",
        "provider_differs",
    }
