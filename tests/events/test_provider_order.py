"""What the provider's story amounts to, in whatever order and however often its parts arrive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations, product

import pytest

from events.account import Balance, Books, Payout
from events.provider import Observation, Says, observe
from tests.events.deliveries import MAY_2, MAY_3, MAY_4, START, delivery
from tests.spec import fold, given


def told(deliveries: Iterable[Observation]) -> Books:
    """A pending payout, not linked yet, after the deliveries in the order of their arrival."""
    books = given(*START[:-1]).books
    for said in deliveries:
        books = fold(books, observe(said, books, "pout_1"), said.occurred_at)
    return books


INITIATED = replace(delivery(Says.IN_TRANSIT, MAY_2, "evt_sent"), reference="trf-0")
SETTLED = delivery(Says.PAID, MAY_3, "evt_paid")
BACK = delivery(Says.FAILED, MAY_4, "evt_back")
ACCEPTED = delivery(Says.CREATED, MAY_2, "evt_made")


@pytest.mark.parametrize("length", [2, 3, 4, 5])
def test_sent_and_paid_end_the_same_in_every_order_and_with_every_repetition(length: int) -> None:
    orders = [order for order in product((INITIATED, SETTLED), repeat=length) if {*order} == {INITIATED, SETTLED}]
    assert len(orders) == 2**length - 2
    expected = given(*START[:-1]).books.payouts["pout_1"]
    expected = replace(
        expected,
        status="paid",
        provider_payout_id="po_1",
        reference="trf-9",
        in_transit_at=MAY_2,
        paid_at=MAY_3,
    )
    for order in orders:
        books = told(order)
        assert books.payouts["pout_1"] == expected
        assert books.balances == {"IDR": Balance(available=600, paid_out=400)}
        # Four facts before, two observations, one link, one stamp each: repetitions add nothing.
        assert books.version == 4 + 2 + 1 + 2


@pytest.mark.parametrize("reference", [None, "trf-1"])
def test_repetitions_under_another_event_id_change_nothing_either(reference: str | None) -> None:
    again = [
        replace(said, event_id=f"{said.event_id}_{copy}", reference=reference)
        for said in (INITIATED, SETTLED)
        for copy in (1, 2)
    ]
    ends: list[Payout] = [told(order).payouts["pout_1"] for order in permutations(again)]
    assert all(end == ends[0] for end in ends)


def test_a_payment_told_without_a_reference_keeps_the_one_of_its_sending() -> None:
    wordless = replace(SETTLED, reference=None)
    for order in permutations((INITIATED, wordless)):
        assert told(order).payouts["pout_1"].reference == "trf-0"


def test_created_sent_and_paid_end_the_same_in_every_order() -> None:
    ends = [told(order).payouts["pout_1"] for order in permutations((ACCEPTED, INITIATED, SETTLED))]
    assert len(ends) == 6
    assert all(end == ends[0] for end in ends)


def test_money_that_came_back_is_available_in_whatever_order_the_story_arrives() -> None:
    for order in permutations((ACCEPTED, INITIATED, SETTLED, BACK)):
        assert told(order).balances == {"IDR": Balance(available=1000)}
        assert told(order).payouts["pout_1"].status == "failed"
