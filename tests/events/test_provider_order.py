"""What the provider's story amounts to, in whatever order and however often its parts arrive.

A state is the set of facts that have arrived. If every fact leads from a state to the same next one whatever way the
state was come by, then all orders of the same facts end alike, and that is looked at for every step between all sets
of up to six. Sequences of up to four, repetitions included, are also played one by one, without that argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, replace
from itertools import permutations

import pytest

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.payouts.events import PayoutCancelled, PayoutFailed, PayoutPaid, PayoutReopened, PayoutReturned
from events.provider.events import ProviderObserved
from events.provider.observation import Observation
from events.provider.observe import observe
from events.provider.reports import ReportedStatus
from tests.events.deliveries import MAY_2, MAY_3, MAY_4, SUBMITTED, delivery, take_in
from tests.events.provider_model import Told, balance, conflicts, place, shown
from tests.spec import NEW_ID, fold, given

FACTS: list[Observation] = [
    delivery(ReportedStatus.CREATED, MAY_2, "evt_created"),
    *(
        replace(
            delivery(says, moment, f"evt_{says.value}_{number}"),
            # Some name a reference or a reason, and some do not: which of them shows may not depend on the order.
            reference=[None, f"trf-{says.value}", None][number],
            failure_reason=["account closed", None, "dormant"][number] if says is ReportedStatus.FAILED else None,
        )
        for says in (ReportedStatus.IN_TRANSIT, ReportedStatus.PAID, ReportedStatus.FAILED, ReportedStatus.CANCELLED)
        for number, moment in enumerate((MAY_2, MAY_3, MAY_4))
        # Of cancellations it only matters which was first, and what came before it, with it and after it.
        if (says, moment) != (ReportedStatus.CANCELLED, MAY_2)
    ),
]
"""Everything that can be told of a payout at three moments: equal ones and different ones."""

PENDING = given(*SUBMITTED).state


def arrives(state: AccountState, said: Observation) -> tuple[Sequence[AnyEvent], AccountState]:
    follows = observe(said, state, "pout_1", NEW_ID)
    return follows, fold(state, follows, said.occurred_at)


def told(deliveries: Sequence[Observation]) -> Told:
    return frozenset((said.says.value, said.occurred_at) for said in deliveries)


def core(state: AccountState) -> tuple[object, ...]:
    """All that can matter later; versions, and how a case was worded, may depend on the order."""
    cases = {name: (case.kind, case.closed_at is None, case.told) for name, case in state.cases.items()}
    return state.payouts, state.balances, cases, state.account


def check(state: AccountState, deliveries: Sequence[Observation]) -> None:
    """What the model says of these deliveries, whatever their order."""
    story = told(deliveries)
    payout = state.payouts["pout_1"]
    assert shown(payout) == place(story), deliveries
    assert state.balances == {"IDR": balance(payout.status)}
    assert sum(astuple(state.balances["IDR"])) == 1000
    assert {case.kind for case in state.cases.values()} == set(payout.contradictions) == conflicts(story), deliveries
    assert all(case.closed_at is None for case in state.cases.values())
    assert (payout.provider_payout_id, payout.submission) == (("po_1", "accepted") if deliveries else (None, "started"))
    assert set(state.observed) == {said.event_id for said in deliveries}


def is_kept_once(follows: Sequence[AnyEvent], said: Observation) -> None:
    kept = [event for event in follows if isinstance(event, ProviderObserved)]
    assert [(event.event_id, event.says, event.occurred_at, event.payout_id) for event in kept] == [
        (said.event_id, said.says.value, said.occurred_at, "pout_1")
    ]


def test_all_orders_of_up_to_six_facts_end_where_the_model_says_and_repetitions_change_nothing() -> None:
    states: dict[frozenset[int], AccountState] = {frozenset(): PENDING}
    steps = 0
    for size in range(6):
        for arrived in [state for state in states if len(state) == size]:
            for number, said in enumerate(FACTS):
                if number in arrived:
                    continue
                steps += 1
                follows, after = arrives(states[arrived], said)
                is_kept_once(follows, said)
                reached = arrived | {number}
                if reached not in states:
                    states[reached] = after
                    check(after, [FACTS[one] for one in reached])
                assert core(after) == core(states[reached]), (arrived, number)
    # Sets of up to six of twelve, and the steps between them.
    assert (len(FACTS), len(states), steps) == (12, 2510, 12288)
    for arrived, state in states.items():
        for number in arrived:
            again, _ = arrives(state, FACTS[number])
            assert list(again) == []
            if len(arrived) == 6:
                continue  # With a copy it would be seven.
            copy = replace(FACTS[number], event_id="evt_copy")
            follows, after = arrives(state, copy)
            is_kept_once(follows, copy)
            assert len(follows) == 1
            assert core(after) == core(state), "told again under another event id, it says nothing new"


def test_every_sequence_of_up_to_four_with_repetitions_ends_where_the_model_says() -> None:
    # Every other moment is enough here: earlier, equal and later all occur.
    chosen = [said for said in FACTS if said.occurred_at != MAY_3]
    assert len(chosen) == 8
    played = 0

    def play(state: AccountState, sequence: list[Observation]) -> None:
        nonlocal played
        for said in chosen:
            follows, after = arrives(state, said)
            assert len(follows) == 0 if said in sequence else len(follows) > 0
            played += 1
            longer = [*sequence, said]
            check(after, longer)
            if len(longer) < 4:
                play(after, longer)

    play(PENDING, [])
    assert played == 8 + 8**2 + 8**3 + 8**4


def test_what_the_log_holds_moves_the_money_once_whatever_the_order() -> None:
    # Counted from the facts alone, as the journal does: into reserved once more than out of it, or as often.
    story = [said for said in FACTS if said.says in (ReportedStatus.PAID, ReportedStatus.FAILED)][:4]
    for order in permutations(story):
        counted: Counter[str] = Counter(reserved=400)
        state = PENDING
        for said in order:
            follows, state = arrives(state, said)
            for event in follows:
                match event:
                    case PayoutReopened():
                        counted.update(reserved=event.amount)
                    case PayoutPaid():
                        counted.update(reserved=-event.amount, paid_out=event.amount)
                    case PayoutFailed() | PayoutCancelled():
                        counted.update(reserved=-event.amount)
                    case PayoutReturned():
                        counted.update(paid_out=-event.amount)
                    case _:
                        pass
            held = state.balances["IDR"]
            assert (held.reserved, held.paid_out) == (counted["reserved"], counted["paid_out"])


@pytest.mark.parametrize(
    "first", [said for said in FACTS if said.says is ReportedStatus.PAID], ids=lambda said: said.event_id
)
def test_a_reference_told_in_between_shows_in_every_order(first: Observation) -> None:
    # Of many payments told only the first, the last and the first with a reference are kept.
    wordless = [
        replace(said, event_id=f"{said.event_id}_x", reference=None)
        for said in FACTS
        if said.says is ReportedStatus.PAID
    ]
    middle = replace(first, reference="trf-middle")
    for order in permutations([*wordless, middle]):
        assert take_in(PENDING, order).payouts["pout_1"].reference == "trf-middle"


def test_a_payment_told_without_a_reference_shows_the_one_of_its_sending() -> None:
    sent = replace(delivery(ReportedStatus.IN_TRANSIT, MAY_2, "evt_sent"), reference="trf-0")
    wordless = replace(delivery(ReportedStatus.PAID, MAY_3, "evt_paid"), reference=None)
    for order in permutations((sent, wordless)):
        assert take_in(PENDING, order).payouts["pout_1"].reference == "trf-0"
