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
from events.provider.reports import CaseKind, ReportedStatus
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

Row = tuple[Verdict, list[AnyEvent], list[CaseKind], str]
TABLE: dict[tuple[str, ReportedStatus], Row] = {
    ("pending", ReportedStatus.CREATED): (Verdict.CONFIRMED, [], [], "pending"),
    ("pending", ReportedStatus.IN_TRANSIT): (Verdict.APPLIED, [IN_TRANSIT], [], "in_transit"),
    ("pending", ReportedStatus.PAID): (Verdict.APPLIED, [IS_PAID], [], "paid"),
    ("pending", ReportedStatus.FAILED): (Verdict.APPLIED, [IS_FAILED], [], "failed"),
    ("pending", ReportedStatus.CANCELLED): (Verdict.APPLIED, [IS_CANCELLED], [], "cancelled"),
    ("in_transit", ReportedStatus.CREATED): (Verdict.CONFIRMED, [], [], "in_transit"),
    ("in_transit", ReportedStatus.IN_TRANSIT): (Verdict.CONFIRMED, [], [], "in_transit"),
    ("in_transit", ReportedStatus.PAID): (Verdict.APPLIED, [IS_PAID], [], "paid"),
    ("in_transit", ReportedStatus.FAILED): (Verdict.APPLIED, [IS_FAILED], [], "failed"),
    ("in_transit", ReportedStatus.CANCELLED): (Verdict.APPLIED, [IS_CANCELLED], [], "cancelled"),
    ("paid", ReportedStatus.CREATED): (Verdict.CONFIRMED, [], [], "paid"),
    ("paid", ReportedStatus.IN_TRANSIT): (Verdict.STALE, [], [], "paid"),
    ("paid", ReportedStatus.PAID): (Verdict.CONFIRMED, [], [], "paid"),
    ("paid", ReportedStatus.FAILED): (Verdict.APPLIED, [IS_RETURNED], [], "failed"),
    ("paid", ReportedStatus.CANCELLED): (Verdict.STALE, [], [CaseKind.CANCELLED_AND_ENDED], "paid"),
    ("failed", ReportedStatus.CREATED): (Verdict.CONFIRMED, [], [], "failed"),
    ("failed", ReportedStatus.IN_TRANSIT): (Verdict.STALE, [], [CaseKind.MOVED_AFTER_END], "failed"),
    ("failed", ReportedStatus.PAID): (Verdict.APPLIED, [REOPENED, IS_PAID], [CaseKind.PAID_AFTER_FAILURE], "paid"),
    ("failed", ReportedStatus.FAILED): (Verdict.CONFIRMED, [], [], "failed"),
    ("failed", ReportedStatus.CANCELLED): (Verdict.STALE, [], [CaseKind.CANCELLED_AND_ENDED], "failed"),
    ("cancelled", ReportedStatus.CREATED): (Verdict.CONFIRMED, [], [], "cancelled"),
    ("cancelled", ReportedStatus.IN_TRANSIT): (Verdict.STALE, [], [CaseKind.MOVED_AFTER_END], "cancelled"),
    ("cancelled", ReportedStatus.PAID): (Verdict.APPLIED, [REOPENED, IS_PAID], [CaseKind.CANCELLED_AND_ENDED], "paid"),
    ("cancelled", ReportedStatus.FAILED): (
        Verdict.APPLIED,
        [REOPENED, IS_FAILED],
        [CaseKind.CANCELLED_AND_ENDED],
        "failed",
    ),
    ("cancelled", ReportedStatus.CANCELLED): (Verdict.CONFIRMED, [], [], "cancelled"),
    ("returned", ReportedStatus.CREATED): (Verdict.CONFIRMED, [], [], "failed"),
    ("returned", ReportedStatus.IN_TRANSIT): (Verdict.STALE, [], [CaseKind.MOVED_AFTER_END], "failed"),
    ("returned", ReportedStatus.PAID): (Verdict.APPLIED, [REOPENED, PAID_AGAIN], [CaseKind.PAID_AFTER_FAILURE], "paid"),
    ("returned", ReportedStatus.FAILED): (Verdict.CONFIRMED, [], [], "failed"),
    ("returned", ReportedStatus.CANCELLED): (Verdict.STALE, [], [CaseKind.CANCELLED_AND_ENDED], "failed"),
}
"""(what is known, what is said later) -> the verdict, what changes, the cases it opens, the status after it."""


def money(follows: Sequence[AnyEvent]) -> list[AnyEvent]:
    """What changes the payout's state."""
    apart = (ProviderObserved, CaseOpened, PayoutProviderLinked)
    return [event for event in follows if not isinstance(event, apart)]


def opened_by(follows: Sequence[AnyEvent]) -> list[CaseOpened]:
    return [event for event in follows if isinstance(event, CaseOpened)]


def test_the_table_has_every_state_and_every_statement() -> None:
    assert set(TABLE) == set(product(KNOWN, set(ReportedStatus) - {ReportedStatus.OTHER}))


@pytest.mark.parametrize(("status", "says"), TABLE)
def test_a_statement_meets_what_is_known_as_the_table_says(status: str, says: ReportedStatus) -> None:
    verdict, changes, kinds, ends = TABLE[status, says]
    state = known(status)
    said = delivery(says)
    follows = observe(said, state, "pout_1", NEW_ID)
    assert follows[0] == observed(said, verdict)
    assert money(follows) == changes
    cases = opened_by(follows)
    assert [case.kind for case in cases] == kinds
    for case in cases:
        assert (case.payout_id, case.provider_payout_id) == ("pout_1", "po_1")
        assert (MAY_3 if status == "paid" else MAY_4) in case.known, "what the ledger had"
        assert (says.value in case.said, MAY_9 in case.said, "evt_1" in case.said) == (True, True, True), (
            "what was said"
        )
    after = fold(state, follows, said.occurred_at)
    assert after.payouts["pout_1"].status == ends
    assert after.payouts["pout_1"].contradictions == tuple(kinds)
    assert open_kinds(after) == set(kinds)
    assert after.balances == {"IDR": balance(ends)}
    assert after.version == state.version + len(follows)


@pytest.mark.parametrize(("status", "says"), TABLE)
def test_a_delivery_that_is_known_gives_nothing(status: str, says: ReportedStatus) -> None:
    state = known(status)
    after = fold(state, observe(delivery(says), state, "pout_1", NEW_ID), MAY_9)
    assert list(observe(delivery(says), after, "pout_1", NEW_ID)) == []
    assert list(observe(delivery(says), after, None, NEW_ID)) == []


def test_a_statement_without_an_amount_is_about_the_payouts_own() -> None:
    silent = replace(delivery(ReportedStatus.PAID), amount=None, currency=None)
    follows = observe(silent, known("in_transit"), "pout_1", NEW_ID)
    assert list(follows) == [observed(silent, Verdict.APPLIED), IS_PAID]


@pytest.mark.parametrize("payout_id", [None, "pout_1"])
def test_what_is_not_about_a_payouts_life_is_kept_and_moves_nothing(payout_id: str | None) -> None:
    said = delivery(ReportedStatus.OTHER)
    state = known("pending")
    follows = observe(said, state, payout_id, NEW_ID)
    assert list(follows) == [observed(said, Verdict.IGNORED, payout_id)]
    after = fold(state, follows, MAY_9)
    assert (after.payouts, after.balances, after.cases) == (state.payouts, state.balances, {})


@pytest.mark.parametrize("says", [says for says in ReportedStatus if says is not ReportedStatus.OTHER])
def test_the_first_statement_that_names_the_providers_id_links_it(says: ReportedStatus) -> None:
    unlinked = given(*SUBMITTED).state
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
    said = delivery(ReportedStatus.FAILED, occurred_at)
    follows = observe(said, known("paid"), "pout_1", NEW_ID)
    assert follows[0] == observed(said, Verdict.STALE)
    assert money(follows) == []
    assert [case.kind for case in opened_by(follows)][:1] == [CaseKind.PAID_AFTER_FAILURE]


def test_a_failure_newer_than_the_payment_is_a_return() -> None:
    just_after = "2026-05-03T00:00:00.000001Z"
    state = known("paid")
    after = fold(state, observe(delivery(ReportedStatus.FAILED, just_after), state, "pout_1", NEW_ID), just_after)
    payout = after.payouts["pout_1"]
    assert (payout.status, payout.failure_reason) == ("failed", "account closed")
    assert (payout.paid_at, payout.failed_at, payout.returned_at) == (MAY_3, just_after, just_after)
    assert after.balances == {"IDR": Balance(available=1000)}


@pytest.mark.parametrize(
    ("status", "kind"),
    [("in_transit", PayoutFailed), ("paid", PayoutReturned)],
)
def test_a_failure_always_has_a_reason(status: str, kind: type[AnyEvent]) -> None:
    silent = replace(delivery(ReportedStatus.FAILED), failure_reason=None)
    state = known(status)
    follows = observe(silent, state, "pout_1", NEW_ID)
    assert isinstance(follows[1], kind)
    assert "no reason" in str(follows[1])
    assert "no reason" in (fold(state, follows, MAY_9).payouts["pout_1"].failure_reason or "")


@pytest.mark.parametrize("status", ["in_transit", "paid", "failed", "returned"])
def test_an_earlier_time_of_sending_replaces_a_later_one_and_moves_nothing(status: str) -> None:
    state = known(status)
    earlier = "2026-05-01T12:00:00.000000Z"
    follows = observe(delivery(ReportedStatus.IN_TRANSIT, earlier), state, "pout_1", NEW_ID)
    after = fold(state, follows, earlier)
    payout, was = after.payouts["pout_1"], state.payouts["pout_1"]
    assert payout.in_transit_at == earlier
    assert replace(payout, in_transit_at=was.in_transit_at, told=was.told, reference=was.reference) == was
    assert (after.balances, after.cases) == (state.balances, {})


def test_the_same_time_of_sending_told_again_is_a_confirmation() -> None:
    said = delivery(ReportedStatus.IN_TRANSIT, MAY_2)
    assert list(observe(said, known("in_transit"), "pout_1", NEW_ID)) == [observed(said, Verdict.CONFIRMED)]


@pytest.mark.parametrize("status", [AccountFrozen("fraud check"), AccountClosed("left us")])
def test_facts_come_in_whatever_the_account_is(status: AnyEvent) -> None:
    said = delivery(ReportedStatus.PAID)
    follows = observe(said, known("in_transit", status), "pout_1", NEW_ID)
    assert list(follows) == [observed(said, Verdict.APPLIED), IS_PAID]


@pytest.mark.parametrize(
    "says",
    [
        ReportedStatus.CREATED,
        ReportedStatus.IN_TRANSIT,
        ReportedStatus.PAID,
        ReportedStatus.FAILED,
        ReportedStatus.CANCELLED,
    ],
)
@pytest.mark.parametrize("occurred_at", [MAY_2, MAY_9])
def test_any_word_of_a_payout_outweighs_that_it_was_refused(says: ReportedStatus, occurred_at: str) -> None:
    # The refusal's date is our clock's, between the two; it answered one call, and another may have gone through.
    refused = fold(given(*SUBMITTED).state, [PayoutFailed("pout_1", 400, "IDR", "INVALID")], MAY_3)
    assert refused.payouts["pout_1"].status == "failed"
    assert refused.balances == {"IDR": Balance(available=1000)}
    after = fold(refused, observe(delivery(says, occurred_at), refused, "pout_1", NEW_ID), occurred_at)
    payout = after.payouts["pout_1"]
    assert payout.status == ("pending" if says is ReportedStatus.CREATED else says.value)
    assert payout.returned_at is None, "what was refused was never paid"
    assert after.balances == {"IDR": balance(payout.status)}
    kinds = {ReportedStatus.CREATED: {CaseKind.MOVED_AFTER_END}, ReportedStatus.IN_TRANSIT: {CaseKind.MOVED_AFTER_END}}
    assert open_kinds(after) == (kinds | {ReportedStatus.PAID: {CaseKind.PAID_AFTER_FAILURE}}).get(says, set())


def test_paid_after_we_called_it_off_is_paid() -> None:
    # Nobody but us knew of it, and still the provider says that it paid it.
    called_off = fold(given(*REQUESTED).state, [PayoutCancelled("pout_1", 400, "IDR")], MAY_9)
    follows = observe(delivery(ReportedStatus.PAID, MAY_3), called_off, "pout_1", NEW_ID)
    after = fold(called_off, follows, MAY_3)
    assert money(follows) == [REOPENED, IS_PAID]
    assert after.balances == {"IDR": balance("paid")}
    assert open_kinds(after) == {CaseKind.CANCELLED_AND_ENDED}


def test_an_id_that_is_anothers_already_links_no_second_payout() -> None:
    second = PayoutRequested("pout_2", 400, "IDR", "plugipay", "bca", "BCA", "sealed:1", "sealed:2")
    state = given(*START, second).state
    follows = observe(delivery(ReportedStatus.PAID), state, "pout_2", NEW_ID)
    assert [case.kind for case in opened_by(follows)] == [CaseKind.OTHER_ID]
    after = fold(state, follows, MAY_9)
    assert (after.payouts["pout_2"].provider_payout_id, after.payouts["pout_2"].status) == (None, "pending")
    assert after.balances == state.balances


def test_both_generations_of_names_are_understood() -> None:
    assert TYPES == {
        "payout.initiated": ReportedStatus.IN_TRANSIT,
        "payout.created": ReportedStatus.CREATED,
        "payout.in_transit": ReportedStatus.IN_TRANSIT,
        "payout.paid": ReportedStatus.PAID,
        "payout.failed": ReportedStatus.FAILED,
        "payout.cancelled": ReportedStatus.CANCELLED,
        "plugipay.payout.created.v1": ReportedStatus.CREATED,
        "plugipay.payout.in_transit.v1": ReportedStatus.IN_TRANSIT,
        "plugipay.payout.paid.v1": ReportedStatus.PAID,
        "plugipay.payout.failed.v1": ReportedStatus.FAILED,
        "plugipay.payout.cancelled.v1": ReportedStatus.CANCELLED,
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
    assert {kind.value for kind in CaseKind} == {
        "paid_after_failure",
        "cancelled_and_ended",
        "moved_after_end",
        "amount_differs",
        "other_id",
        "paid_by_hand",
        "unrequested",
        "submission_unknown",
        "unknown_to_provider",
        "provider_differs",
        "status_differs",
        "event_id_reused",
        "unknown_event_type",
        "dated_ahead",
    }
