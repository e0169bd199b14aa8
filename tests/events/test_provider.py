"""What the provider says of a payout, and what the ledger makes of it: every known state against every statement."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from events import facts
from events.account import Balance
from events.facts import Fact
from events.provider import TYPES, Says, Verdict, observe
from tests.events.deliveries import KNOWN, MAY_2, MAY_3, MAY_9, START, delivery, known, observed
from tests.spec import fold, given

IN_TRANSIT = facts.PayoutInTransit("pout_1", "trf-9")
IS_PAID = facts.PayoutPaid("pout_1", 400, "IDR", "trf-9")
IS_FAILED = facts.PayoutFailed("pout_1", 400, "IDR", "account closed")
IS_CANCELLED = facts.PayoutCancelled("pout_1", 400, "IDR")
IS_RETURNED = facts.PayoutReturned("pout_1", 400, "IDR", "account closed", "trf-9")

TABLE: dict[tuple[str, Says], tuple[Verdict, list[Fact], str]] = {
    ("pending", Says.CREATED): (Verdict.CONFIRMED, [], "pending"),
    ("pending", Says.IN_TRANSIT): (Verdict.APPLIED, [IN_TRANSIT], "in_transit"),
    ("pending", Says.PAID): (Verdict.APPLIED, [IS_PAID], "paid"),
    ("pending", Says.FAILED): (Verdict.APPLIED, [IS_FAILED], "failed"),
    ("pending", Says.CANCELLED): (Verdict.APPLIED, [IS_CANCELLED], "cancelled"),
    ("in_transit", Says.CREATED): (Verdict.CONFIRMED, [], "in_transit"),
    ("in_transit", Says.IN_TRANSIT): (Verdict.CONFIRMED, [], "in_transit"),
    ("in_transit", Says.PAID): (Verdict.APPLIED, [IS_PAID], "paid"),
    ("in_transit", Says.FAILED): (Verdict.APPLIED, [IS_FAILED], "failed"),
    ("in_transit", Says.CANCELLED): (Verdict.APPLIED, [IS_CANCELLED], "cancelled"),
    ("paid", Says.CREATED): (Verdict.CONFIRMED, [], "paid"),
    ("paid", Says.IN_TRANSIT): (Verdict.CONFIRMED, [], "paid"),
    ("paid", Says.PAID): (Verdict.CONFIRMED, [], "paid"),
    ("paid", Says.FAILED): (Verdict.APPLIED, [IS_RETURNED], "failed"),
    ("paid", Says.CANCELLED): (Verdict.CONTRADICTION, [], "paid"),
    ("failed", Says.CREATED): (Verdict.CONFIRMED, [], "failed"),
    ("failed", Says.IN_TRANSIT): (Verdict.CONTRADICTION, [], "failed"),
    ("failed", Says.PAID): (Verdict.CONTRADICTION, [], "failed"),
    ("failed", Says.FAILED): (Verdict.CONFIRMED, [], "failed"),
    ("failed", Says.CANCELLED): (Verdict.CONTRADICTION, [], "failed"),
    ("cancelled", Says.CREATED): (Verdict.CONFIRMED, [], "cancelled"),
    ("cancelled", Says.IN_TRANSIT): (Verdict.CONTRADICTION, [], "cancelled"),
    ("cancelled", Says.PAID): (Verdict.CONTRADICTION, [], "cancelled"),
    ("cancelled", Says.FAILED): (Verdict.CONTRADICTION, [], "cancelled"),
    ("cancelled", Says.CANCELLED): (Verdict.CONFIRMED, [], "cancelled"),
    ("returned", Says.CREATED): (Verdict.CONFIRMED, [], "failed"),
    ("returned", Says.IN_TRANSIT): (Verdict.CONTRADICTION, [], "failed"),
    ("returned", Says.PAID): (Verdict.CONFIRMED, [], "failed"),
    ("returned", Says.FAILED): (Verdict.CONFIRMED, [], "failed"),
    ("returned", Says.CANCELLED): (Verdict.CONTRADICTION, [], "failed"),
}
"""(what is known, what is said later) -> the verdict, what changes, the status after it."""

WHERE: dict[str, Balance] = {
    "pending": Balance(available=600, reserved=400),
    "in_transit": Balance(available=600, reserved=400),
    "paid": Balance(available=600, paid_out=400),
    "failed": Balance(available=1000),
    "cancelled": Balance(available=1000),
}


def test_the_table_has_every_state_and_every_statement() -> None:
    assert set(TABLE) == set(product(KNOWN, set(Says) - {Says.OTHER}))


@pytest.mark.parametrize(("state", "says"), TABLE)
def test_a_statement_meets_what_is_known_as_the_table_says(state: str, says: Says) -> None:
    verdict, changes, status = TABLE[state, says]
    books = known(state)
    said = delivery(says)
    shown = "failed" if state == "returned" else state
    note = f"the ledger had: {shown}, 400 IDR; the provider said: {says.value}, 400 IDR"
    follows = observe(said, books, "pout_1")
    assert list(follows) == [
        observed(said, verdict, note=note if verdict is Verdict.CONTRADICTION else None),
        *changes,
    ]
    after = fold(books, follows, said.occurred_at)
    assert after.payouts["pout_1"].status == status
    assert after.balances == {"IDR": WHERE[status]}
    assert after.version == books.version + len(follows)


@pytest.mark.parametrize(("state", "says"), TABLE)
def test_a_delivery_that_is_known_gives_nothing(state: str, says: Says) -> None:
    books = known(state)
    after = fold(books, observe(delivery(says), books, "pout_1"), MAY_9)
    assert list(observe(delivery(says), after, "pout_1")) == []
    assert list(observe(delivery(says), after, None)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [({"amount": 399}, "399 IDR"), ({"amount": 0}, "0 IDR"), ({"currency": "USD"}, "400 USD")],
)
@pytest.mark.parametrize(("state", "says"), TABLE)
def test_another_amount_or_currency_contradicts_and_moves_nothing(
    state: str, says: Says, change: dict[str, int | str], said: str
) -> None:
    books = known(state)
    strange = replace(delivery(says), **change)  # type: ignore[arg-type]
    follows = observe(strange, books, "pout_1")
    shown = "failed" if state == "returned" else state
    note = f"the ledger had: {shown}, 400 IDR; the provider said: {says.value}, {said}"
    assert list(follows) == [observed(strange, Verdict.CONTRADICTION, note=note)]
    after = fold(books, follows, MAY_9)
    assert (after.balances, after.payouts) == (books.balances, books.payouts)


def test_another_amount_does_not_even_link_the_payout() -> None:
    unlinked = given(*START[:-1]).books
    strange = replace(delivery(Says.PAID), amount=399)
    assert len(observe(strange, unlinked, "pout_1")) == 1


def test_a_statement_without_an_amount_is_about_the_payouts_own() -> None:
    silent = replace(delivery(Says.PAID), amount=None, currency=None)
    assert list(observe(silent, known("in_transit"), "pout_1")) == [observed(silent, Verdict.APPLIED), IS_PAID]


@pytest.mark.parametrize("says", [says for says in Says if says is not Says.OTHER])
@pytest.mark.parametrize("payout_id", [None, "pout_unknown"])
def test_a_payout_that_was_never_requested_is_kept_and_moves_nothing(says: Says, payout_id: str | None) -> None:
    books = known("pending")
    follows = observe(delivery(says), books, payout_id)
    assert list(follows) == [observed(delivery(says), Verdict.UNMATCHED, payout_id)]
    after = fold(books, follows, MAY_9)
    assert (after.balances, after.payouts) == (books.balances, books.payouts)


@pytest.mark.parametrize("payout_id", [None, "pout_1"])
def test_what_is_not_about_a_payouts_life_is_kept_and_moves_nothing(payout_id: str | None) -> None:
    said = delivery(Says.OTHER)
    assert list(observe(said, known("pending"), payout_id)) == [observed(said, Verdict.IGNORED, payout_id)]


@pytest.mark.parametrize("says", [says for says in Says if says is not Says.OTHER])
def test_the_first_statement_that_names_the_providers_id_links_it(says: Says) -> None:
    unlinked = given(*START[:-1]).books
    said = delivery(says)
    verdict, changes, _ = TABLE["pending", says]
    linked = facts.PayoutProviderLinked("pout_1", "po_1")
    assert list(observe(said, unlinked, "pout_1")) == [observed(said, verdict), linked, *changes]
    nameless = replace(said, provider_payout_id=None)
    assert list(observe(nameless, unlinked, "pout_1")) == [observed(nameless, verdict), *changes]


@pytest.mark.parametrize("occurred_at", [MAY_2, MAY_3])
def test_a_failure_that_is_not_newer_than_the_payment_is_stale(occurred_at: str) -> None:
    said = delivery(Says.FAILED, occurred_at)
    assert list(observe(said, known("paid"), "pout_1")) == [observed(said, Verdict.STALE)]


def test_a_failure_newer_than_the_payment_is_a_return() -> None:
    just_after = "2026-05-03T00:00:00.000001Z"
    books = known("paid")
    after = fold(books, observe(delivery(Says.FAILED, just_after), books, "pout_1"), just_after)
    payout = after.payouts["pout_1"]
    assert (payout.status, payout.failure_reason) == ("failed", "account closed")
    assert (payout.paid_at, payout.failed_at, payout.returned_at) == (MAY_3, just_after, just_after)
    assert after.balances == {"IDR": Balance(available=1000)}


def test_a_failure_always_has_a_reason() -> None:
    silent = replace(delivery(Says.FAILED), failure_reason=None)
    for state, kind in (("in_transit", facts.PayoutFailed), ("paid", facts.PayoutReturned)):
        _, change = observe(silent, known(state), "pout_1")
        assert isinstance(change, kind)
        assert "no reason" in str(change)


@pytest.mark.parametrize("state", ["in_transit", "paid", "failed", "returned"])
def test_an_earlier_time_of_sending_replaces_a_later_one_and_nothing_else(state: str) -> None:
    books = known(state)
    earlier = "2026-05-01T12:00:00.000000Z"
    follows = observe(delivery(Says.IN_TRANSIT, earlier), books, "pout_1")
    after = fold(books, follows, earlier)
    assert after.payouts["pout_1"] == replace(books.payouts["pout_1"], in_transit_at=earlier)
    assert after.balances == books.balances


def test_the_same_time_of_sending_told_again_is_a_confirmation() -> None:
    said = delivery(Says.IN_TRANSIT, MAY_2)
    assert list(observe(said, known("in_transit"), "pout_1")) == [observed(said, Verdict.CONFIRMED)]


def test_the_time_of_sending_is_the_earliest_that_the_log_holds() -> None:
    twice = fold(known("in_transit"), [facts.PayoutInTransit("pout_1")], MAY_9)
    assert twice.payouts["pout_1"].in_transit_at == MAY_2


@pytest.mark.parametrize("status", [facts.AccountFrozen("fraud check"), facts.AccountClosed("left us")])
def test_facts_come_in_whatever_the_account_is(status: Fact) -> None:
    said = delivery(Says.PAID)
    assert list(observe(said, known("in_transit", status), "pout_1")) == [observed(said, Verdict.APPLIED), IS_PAID]


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
        "unmatched",
        "ignored",
    }
