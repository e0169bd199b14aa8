"""Payout cycles: what is set apart at a cutoff, and what is requested on its pay date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import hypothesis.strategies as st
from hypothesis import given as having
from hypothesis import settings

from events.account_state import AccountState
from events.accounts.events import AccountClosed, AccountFrozen, BackendSet, BankAccountSet, CurrencyAdded
from events.balances.events import FeeCharged, RevenueRecorded
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.evolve import evolve
from events.instants import Instant, shifted
from events.payouts.events import PayoutCancelled, PayoutRequested
from events.policies.cycles import cutoffs_of, due_at, last_cycle
from events.policies.decide import due
from events.policies.events import PayoutCycleCut, PayoutCycleEnded
from events.policies.schedule import Policy, next_cutoff
from tests.events.payout_policies import CALENDARS, DAILY, MONTHLY, WEEKLY, policy_set
from tests.spec import ACCOUNT, NOW, Dated, earned, fold, opened

BANK = BankAccountSet("bca", "BCA", "sealed:1", "sealed:2")

CUT = "2026-05-14T10:00:00.000000Z"
PAY = "2026-05-18T10:00:00.000000Z"
NEXT_CUT = "2026-05-21T10:00:00.000000Z"
NEXT_PAY = "2026-05-25T10:00:00.000000Z"


def cut(amount: int, cutoff: Instant = CUT, pay_at: Instant = PAY, ahead: Instant = NEXT_CUT) -> PayoutCycleCut:
    return PayoutCycleCut("IDR", cutoff, pay_at[:10], pay_at, amount, ahead)


def requested(amount: int, which: int = 0, **changes: Any) -> PayoutRequested:
    fields = {"backend": "manual", "bank_code": "bca", "bank_name": "BCA", **changes}
    return PayoutRequested(
        f"pout_{which}", amount, "IDR", bank_account_number="sealed:1", bank_account_holder="sealed:2", **fields
    )


def ended(amount: int, pay_at: Instant = PAY, cutoff: Instant = CUT, which: int = 0) -> PayoutCycleEnded:
    return PayoutCycleEnded("IDR", pay_at[:10], cutoff, "requested", amount, payout_id=f"pout_{which}")


def books_of(*happened: AnyEvent | Dated, policy: Policy = WEEKLY) -> AccountState:
    return fold(AccountState(ACCOUNT), [opened(), BANK, policy_set(policy, CUT), *happened])


def due_now(state: AccountState, now: Instant, **more: Any) -> list[AnyEvent]:
    ids = count()
    untouched = state.copy()
    found = due(state, now, lambda: str(next(ids)), CALENDARS, **more)
    assert state == untouched
    return found


def after(state: AccountState, happened: Sequence[AnyEvent]) -> AccountState:
    return fold(state, happened, NOW)


def reason_of(found: Sequence[AnyEvent]) -> tuple[str, int]:
    """How the only cycle ended, and that somebody can read why."""
    [last] = found
    assert isinstance(last, PayoutCycleEnded)
    assert last.reason
    assert last.payout_id is None
    return last.outcome, last.amount


def test_nothing_is_due_before_the_cutoff() -> None:
    assert due_now(books_of(*earned(100)), "2026-05-14T09:59:59.999999Z") == []


def test_at_the_cutoff_what_is_available_is_set_apart() -> None:
    state = books_of(*earned(100), RevenueRecorded(900, "IDR", "o-pending"))
    found = due_now(state, CUT)
    assert found == [cut(100)]
    state = after(state, found)
    assert state.account is not None
    assert due_at(state.account) == PAY
    assert due_now(state, "2026-05-18T09:59:59.999999Z") == []


def test_on_the_pay_date_that_much_is_requested_and_what_came_later_is_not() -> None:
    state = books_of(*earned(100), cut(100), *earned(500, reference="o-later"))
    found = due_now(state, PAY)
    assert found == [requested(100), ended(100)]
    state = after(state, found)
    assert state.balance("IDR") == Balance(available=500, reserved=100)
    assert due_now(state, PAY) == []
    assert state.account is not None
    assert due_at(state.account) == NEXT_CUT


def test_what_left_since_the_cutoff_left_from_what_was_set_apart() -> None:
    # 100 at the cutoff; then a fee of 10, 50 paid out by hand, and 500 that came in: 40 are left of the 100.
    state = books_of(
        *earned(100), cut(100), FeeCharged(10, "IDR", "f", "fee"), *earned(500, reference="o"), requested(50, 9)
    )
    assert due_now(state, PAY) == [requested(40), ended(40)]


def test_money_that_came_back_since_the_cutoff_is_paid_in_the_next_cycle() -> None:
    state = books_of(*earned(100), cut(100), requested(60, 9), PayoutCancelled("pout_9", 60, "IDR"))
    found = due_now(state, PAY)
    assert found == [requested(40), ended(40)]
    assert due_now(after(state, found), NEXT_CUT) == [cut(60, NEXT_CUT, NEXT_PAY, "2026-05-28T10:00:00.000000Z")]


def test_a_fee_of_another_currency_takes_nothing_from_what_was_set_apart() -> None:
    fee = FeeCharged(10, "USD", "f", "fee")
    assert due_now(books_of(CurrencyAdded("USD"), *earned(100), cut(100), fee), PAY)[0] == requested(100)


def test_what_is_below_the_minimum_waits_for_the_next_cycle() -> None:
    policy = Policy("weekly", "thursday", "monday", "17:00", automatic=True, minimum=50, country="ID")
    state = books_of(*earned(40), cut(40), policy=policy)
    found = due_now(state, PAY)
    assert reason_of(found) == ("BELOW_MINIMUM", 40)
    state = after(state, [*found, *earned(10, reference="o-2")])
    assert state.account is not None
    last = last_cycle(state.account, "IDR")
    assert last is not None
    assert (last["outcome"], last["payDate"], last["amount"]) == ("BELOW_MINIMUM", "2026-05-18", 40)
    assert due_now(state, NEXT_PAY) == [
        cut(50, NEXT_CUT, NEXT_PAY, "2026-05-28T10:00:00.000000Z"),
        requested(50),
        ended(50, NEXT_PAY, NEXT_CUT),
    ]


def test_a_reserve_stays_in_the_account() -> None:
    policy = Policy("weekly", "thursday", "monday", "17:00", automatic=True, reserve=30, country="ID")
    assert due_now(books_of(*earned(100), cut(100), policy=policy), PAY) == [requested(70), ended(70)]
    # What came since makes the reserve up, so all that was set apart goes.
    more = books_of(*earned(100), cut(100), *earned(30, reference="o"), policy=policy)
    assert due_now(more, PAY) == [requested(100), ended(100)]
    assert reason_of(due_now(books_of(*earned(30), cut(30), policy=policy), PAY)) == ("INSUFFICIENT_BALANCE", 0)


def test_an_account_that_may_not_pay_out_says_why_and_tries_in_the_next_cycle() -> None:
    for happened, outcome in (
        ([AccountFrozen("check")], ("ACCOUNT_FROZEN", 100)),
        ([FeeCharged(150, "IDR", "f", "fee")], ("INSUFFICIENT_BALANCE", -50)),
        ([BackendSet("plugipay"), BankAccountSet(None, "BCA", "s", "s")], ("VALIDATION_ERROR", 100)),
    ):
        state = books_of(*earned(100), cut(100), *happened)
        found = due_now(state, PAY)
        assert reason_of(found) == outcome
        state = after(state, found)
        assert due_now(state, PAY) == []
        assert state.account is not None
        assert due_at(state.account) == NEXT_CUT


def test_without_a_bank_account_nothing_goes() -> None:
    state = fold(AccountState(ACCOUNT), [opened(), policy_set(WEEKLY, CUT), *earned(100), cut(100)])
    assert reason_of(due_now(state, PAY)) == ("BANK_ACCOUNT_NOT_SET", 100)


def test_an_erased_account_pays_nothing_out() -> None:
    assert reason_of(due_now(books_of(*earned(100), cut(100)), PAY, payable=False)) == ("ERASED", 100)


def test_the_accounts_backend_decides_how_it_goes() -> None:
    found = due_now(books_of(BackendSet("plugipay"), *earned(100), cut(100)), PAY)
    assert found[0] == requested(100, backend="plugipay")


def test_a_ledger_that_was_down_over_two_pay_dates_pays_the_money_once() -> None:
    state = books_of(*earned(100))
    # Back on Tuesday 26 May: both Thursdays and both Mondays have passed. Only the last cycle counts.
    found = due_now(state, "2026-05-26T00:00:00.000000Z")
    assert found == [
        cut(100, NEXT_CUT, NEXT_PAY, "2026-05-28T10:00:00.000000Z"),
        requested(100),
        ended(100, NEXT_PAY, NEXT_CUT),
    ]
    assert due_now(after(state, found), "2026-05-26T00:00:00.000000Z") == []


def test_a_ledger_that_went_down_after_a_cutoff_pays_that_at_once_and_the_next_cycle_in_its_time() -> None:
    state = books_of(*earned(100), cut(100), *earned(70, reference="o"))
    # Back on Friday 22 May: Monday's pay date was missed, Thursday's cutoff has passed, its pay date is still to come.
    found = due_now(state, "2026-05-22T00:00:00.000000Z")
    assert found == [requested(100), ended(100), cut(70, NEXT_CUT, NEXT_PAY, "2026-05-28T10:00:00.000000Z")]
    assert due_now(after(state, found), NEXT_PAY) == [requested(70), ended(70, NEXT_PAY, NEXT_CUT)]


def test_cutoffs_with_the_same_pay_date_are_one_cycle() -> None:
    # Saturday's, Sunday's and Monday's money is paid on Monday 18 May, once.
    saturday, sunday, monday, tuesday = (f"2026-05-{day}T10:00:00.000000Z" for day in (16, 17, 18, 19))
    state = fold(AccountState(ACCOUNT), [opened(), BANK, policy_set(DAILY, saturday), *earned(100)])
    for now, cut_off, ahead in ((saturday, saturday, sunday), (sunday, sunday, monday)):
        found = due_now(state, now)
        assert found == [cut(100, cut_off, monday, ahead)]
        state = after(state, found)
    state = after(state, earned(11, reference="o-monday"))
    assert due_now(state, monday) == [cut(111, monday, monday, tuesday), requested(111), ended(111, monday, monday)]


def test_a_cycle_whose_payment_waits_beyond_the_next_cutoff_keeps_its_own_date() -> None:
    # Cutoff Thursday, pay Wednesday. Wednesday 27 and Thursday 28 May are holidays: 20 May's money goes on Friday 29,
    # after the cutoff of the 28th, whose own pay date is 3 June.
    policy = Policy("weekly", "thursday", "wednesday", "17:00", automatic=True, country="ID")
    first, second = "2026-05-21T10:00:00.000000Z", "2026-05-28T10:00:00.000000Z"
    friday, wednesday = "2026-05-29T10:00:00.000000Z", "2026-06-03T10:00:00.000000Z"
    state = fold(AccountState(ACCOUNT), [opened(), BANK, policy_set(policy, first), *earned(100)])
    state = after(state, due_now(state, first))
    state = after(state, earned(30, reference="o-2"))
    state = after(state, due_now(state, second))
    assert state.account is not None
    assert [(one.pay_at, one.amount) for one in cutoffs_of(state.account, "IDR")] == [(friday, 100), (wednesday, 130)]
    found = due_now(state, friday)
    assert found == [requested(100), ended(100, friday, first)]
    state = after(state, [*found, *earned(5, reference="o-3")])
    assert due_now(state, wednesday) == [requested(30), ended(30, wednesday, second)]


def test_a_policy_that_is_changed_between_cutoff_and_pay_date_pays_what_was_set_apart() -> None:
    state = books_of(*earned(100), cut(100), policy_set(DAILY, "2026-05-16T10:00:00.000000Z"))
    assert state.account is not None
    assert [one.amount for one in cutoffs_of(state.account, "IDR")] == [100]


def test_a_policy_that_is_switched_off_pays_nothing_any_more() -> None:
    for policy in (Policy(), Policy("weekly", "thursday", "monday", "17:00")):
        state = books_of(*earned(100), cut(100), policy_set(policy))
        assert state.account is not None
        assert due_at(state.account) is None
        assert due_now(state, PAY) == []


def test_a_closed_account_has_nothing_due() -> None:
    state = books_of(cut(0), AccountClosed("left us"))
    assert state.account is not None
    assert due_at(state.account) is None
    assert due_now(state, PAY) == []


def test_currencies_are_paid_each_for_itself() -> None:
    state = books_of(CurrencyAdded("USD"), policy_set(WEEKLY, CUT, "USD"), *earned(100), *earned(70, "USD", "usd-1"))
    found = due_now(state, PAY)
    assert [(event.currency, event.amount) for event in found if isinstance(event, PayoutRequested)] == [
        ("IDR", 100),
        ("USD", 70),
    ]


MONEY = st.tuples(st.sampled_from(["earn", "fee", "request", "cancel", "tick", "tick", "tick"]), st.integers(1, 99))


@settings(max_examples=200)
@having(st.lists(MONEY, max_size=40), st.sampled_from([DAILY, WEEKLY, MONTHLY]))
def test_a_cycle_never_pays_more_than_was_there_at_its_cutoff_and_nothing_twice(
    steps: list[tuple[str, int]], policy: Policy
) -> None:
    state = fold(AccountState(ACCOUNT), [opened(), BANK, policy_set(policy, next_cutoff(policy, NOW))])
    now, ids, at_cutoff = NOW, count(), dict[str, int]()
    paid: set[str] = set()
    for number, (kind, amount) in enumerate(steps):
        now = shifted(now, timedelta(hours=amount))
        for event in due(state, now, lambda: f"auto_{next(ids)}", CALENDARS):
            if isinstance(event, PayoutCycleCut):
                at_cutoff[event.pay_date] = state.balance("IDR").available
            elif isinstance(event, PayoutCycleEnded):
                assert event.pay_date not in paid, "one cycle, one payout"
                paid.add(event.pay_date)
                assert event.amount <= at_cutoff[event.pay_date]
            evolve(state, event, now, state.version + 1)
            assert not isinstance(event, PayoutRequested) or state.balance("IDR").available >= 0
        available = state.balance("IDR").available
        pending = [name for name, row in state.payouts.items() if row.status == "pending"]
        happened: dict[str, list[AnyEvent]] = {
            "earn": earned(amount, reference=f"o-{number}"),
            "fee": [FeeCharged(amount, "IDR", "f", "fee")],
            "request": [requested(min(amount, available), number)] if available > 0 else [],
            "cancel": [PayoutCancelled(pending[0], state.payouts[pending[0]].amount, "IDR")] if pending else [],
            "tick": [],
        }
        state = fold(state, happened[kind], now)
        assert state.account is not None
        upcoming = due_at(state.account)
        assert upcoming is not None
        assert upcoming > now
