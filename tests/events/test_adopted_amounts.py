"""An adopted payout's amount is what the provider says when it is asked: nobody here ever asked for one."""

from __future__ import annotations

from dataclasses import astuple, replace
from itertools import permutations

from events.account_state import AccountState
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.provider.observation import Observation
from events.provider.reports import CaseKind, ReportedStatus
from tests.events.deliveries import MAY_2, MAY_3, MAY_4, SUBMITTED, delivery, open_kinds, take_in
from tests.spec import NEW_ID, earned, given, opened

ADOPTED = f"pout_{NEW_ID}"
WRONG = replace(delivery(ReportedStatus.CREATED, MAY_2, "evt_wrong"), provider_payout_id="po_9", amount=700)
SENT = replace(delivery(ReportedStatus.IN_TRANSIT, MAY_3, "evt_sent"), provider_payout_id="po_9", amount=7)
PAID = replace(delivery(ReportedStatus.PAID, MAY_4, "evt_paid"), provider_payout_id="po_9", amount=7)
ANSWER = replace(PAID, event_id="answer:po_9:paid", asked=True)


def _account() -> AccountState:
    history: list[AnyEvent] = [opened("plugipay"), *earned(1000)]
    return given(*history).state


def test_the_answer_puts_right_what_a_webhook_said_wrong_in_whatever_order_the_others_come() -> None:
    for order in permutations((SENT, PAID, ANSWER)):
        state = take_in(_account(), [WRONG, *order], None)
        payout = state.payouts[ADOPTED]
        assert (payout.amount, payout.status, payout.paid_at) == (7, "paid", MAY_4), order
        assert state.balances == {"IDR": Balance(available=993, paid_out=7)}
        assert sum(astuple(state.balances["IDR"])) == 1000
        assert open_kinds(state) == set()


def test_without_an_answer_it_stays_a_case_and_nothing_moves() -> None:
    state = take_in(_account(), [WRONG, SENT, PAID], None)
    assert (state.payouts[ADOPTED].amount, state.payouts[ADOPTED].status) == (700, "pending")
    assert state.balances == {"IDR": Balance(available=300, reserved=700)}
    assert open_kinds(state) == {CaseKind.AMOUNT_DIFFERS}


def test_an_answer_of_another_amount_than_was_asked_for_is_a_case_whoever_was_asked() -> None:
    """Ours was requested with 400: the provider's word does not change what the merchant asked for."""
    answer: Observation = replace(delivery(ReportedStatus.PAID, MAY_4, "answer:po_1"), amount=7, asked=True)
    state = take_in(given(*SUBMITTED).state, [answer])
    assert (state.payouts["pout_1"].amount, state.payouts["pout_1"].status) == (400, "pending")
    assert open_kinds(state) == {CaseKind.AMOUNT_DIFFERS}
