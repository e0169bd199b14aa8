"""Payout policies: which instants follow from one, and what is due at them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given as having
from hypothesis import settings

from events import commands, facts
from events.books import Books
from events.books.money import Balance
from events.cycles import cuts_of, due_at, last_of, next_cutoff_of
from events.evolve import evolve
from events.facts import Fact
from events.instants import Instant, from_datetime, shifted
from events.policies import Policy, Weekends, cutoffs_until, next_cutoff, pay_date, pay_instant, policy_of
from events.rules.policies import due
from tests.spec import ACCOUNT, NOW, Dated, earned, fold, given, opened

BANK = facts.BankAccountSet("bca", "BCA", "sealed:1", "sealed:2")


class Holidays(Weekends):
    """Weekends and these days."""

    def __init__(self, *days: str) -> None:
        self.days = {date.fromisoformat(day) for day in days}

    def is_known(self, country: str) -> bool:
        return country in ("ID", "SG")

    def country_of(self, currency: str) -> str | None:
        return {"IDR": "ID"}.get(currency)

    def business_day_on_or_after(self, day: date, country: str | None) -> date:
        while super().business_day_on_or_after(day, country) != day or (country and day in self.days):
            day += timedelta(days=1)
        return day


CALENDARS = Holidays("2026-05-14", "2026-05-15", "2026-05-27", "2026-05-28", "2026-06-01")

WEEKLY = Policy("weekly", "thursday", "monday", "17:00", automatic=True, country="ID")
DAILY = Policy("daily", time="17:00", automatic=True, country="ID")
MONTHLY = Policy("monthly", 31, 5, "00:00", automatic=True, country="ID")


def instants(policy: Policy, after: Instant, how_many: int) -> list[Instant]:
    found: list[Instant] = []
    for _ in range(how_many):
        after = next_cutoff(policy, after)
        found.append(after.replace(":00.000000Z", "Z"))
    return found


def pays(policy: Policy, cutoff: Instant) -> str:
    return pay_date(policy, cutoff, CALENDARS).isoformat()


def test_a_weekly_cutoff_is_at_the_time_of_day_in_its_zone() -> None:
    # 17:00 in Jakarta is 10:00 in UTC; 14 May 2026 is a Thursday and a holiday, which moves no cutoff.
    assert instants(WEEKLY, NOW, 3) == ["2026-05-14T10:00Z", "2026-05-21T10:00Z", "2026-05-28T10:00Z"]
    assert instants(WEEKLY, "2026-05-14T10:00:00.000000Z", 1) == ["2026-05-21T10:00Z"]
    assert instants(WEEKLY, "2026-05-14T09:59:59.999999Z", 1) == ["2026-05-14T10:00Z"]


def test_a_pay_date_is_the_first_pay_day_on_or_after_the_cutoff_moved_to_a_business_day() -> None:
    assert pays(WEEKLY, "2026-05-14T10:00:00.000000Z") == "2026-05-18"
    # The Monday after is 1 June, Pancasila day.
    assert pays(WEEKLY, "2026-05-28T10:00:00.000000Z") == "2026-06-02"
    same_day = Policy("weekly", "thursday", "thursday", "17:00", country="ID")
    assert pays(same_day, "2026-05-21T10:00:00.000000Z") == "2026-05-21"
    # Thursday and Friday are holidays, then comes the weekend.
    assert pays(same_day, "2026-05-14T10:00:00.000000Z") == "2026-05-18"


def test_the_last_day_of_a_month_is_whichever_it_has() -> None:
    zone = Policy("monthly", 31, 30, "23:30", zone="UTC", country=None)
    assert instants(zone, "2026-01-15T00:00:00.000000Z", 4) == [
        "2026-01-31T23:30Z",
        "2026-02-28T23:30Z",
        "2026-03-31T23:30Z",
        "2026-04-30T23:30Z",
    ]
    # February has no 30th: its last day, the 28th, a Saturday. Then 30 March and 30 April.
    assert pays(zone, "2026-01-31T23:30:00.000000Z") == "2026-03-02"
    assert pays(zone, "2026-02-28T23:30:00.000000Z") == "2026-03-02"
    assert pays(zone, "2026-03-31T23:30:00.000000Z") == "2026-04-30"
    # In a leap year the 29th is the last.
    assert instants(zone, "2028-02-01T00:00:00.000000Z", 1) == ["2028-02-29T23:30Z"]


def test_a_daily_policy_pays_what_a_weekend_set_apart_on_monday() -> None:
    friday, saturday, monday = (f"2026-05-{day}T10:00:00.000000Z" for day in (22, 23, 25))
    assert [pays(DAILY, cutoff) for cutoff in (friday, saturday, monday)] == ["2026-05-22", "2026-05-25", "2026-05-25"]
    assert pay_instant(DAILY, saturday, date(2026, 5, 25)) == monday


def test_a_time_of_day_that_a_clock_leaves_out_comes_as_late_as_the_clock_is_put_forward() -> None:
    half_past_two = Policy("daily", time="02:30", zone="America/New_York")
    # 8 March 2026: 02:00 becomes 03:00. 02:30 is 07:30 UTC by the old offset, which is 03:30 on that day's clocks.
    assert instants(half_past_two, "2026-03-06T12:00:00.000000Z", 3) == [
        "2026-03-07T07:30Z",
        "2026-03-08T07:30Z",
        "2026-03-09T06:30Z",
    ]


def test_of_a_time_of_day_that_comes_twice_the_first_counts_and_only_once() -> None:
    half_past_one = Policy("daily", time="01:30", zone="America/New_York")
    # 1 November 2026: 01:30 is first 05:30 UTC, and an hour later 06:30 UTC.
    assert instants(half_past_one, "2026-10-31T00:00:00.000000Z", 3) == [
        "2026-10-31T05:30Z",
        "2026-11-01T05:30Z",
        "2026-11-02T06:30Z",
    ]


@pytest.mark.parametrize(
    ("zone", "cutoff"),
    [
        ("Pacific/Kiritimati", "2026-05-13T10:00Z"),
        ("Pacific/Pago_Pago", "2026-05-14T11:00Z"),
        ("UTC", "2026-05-14T00:00Z"),
    ],
)
def test_midnight_is_the_zones(zone: str, cutoff: str) -> None:
    # Thursday's first moment: 14 hours before UTC's, or 11 hours after.
    assert instants(Policy("weekly", "thursday", "friday", zone=zone), "2026-05-13T09:59:59.000000Z", 1) == [cutoff]


def test_a_day_that_a_zone_left_out_has_no_cutoff_of_its_own() -> None:
    # Samoa went from 29 to 31 December 2011 overnight.
    samoa = Policy("daily", time="17:00", zone="Pacific/Apia")
    found = list(islice(cutoffs_until(samoa, "2012-01-01T12:00:00.000000Z"), 4))
    assert found == sorted(set(found), reverse=True)
    assert instants(samoa, "2011-12-29T12:00:00.000000Z", 3) == [
        "2011-12-30T03:00Z",
        "2011-12-31T03:00Z",
        "2012-01-01T03:00Z",
    ]


POLICIES = st.builds(
    lambda shape, time, zone: Policy(shape[0], shape[1], shape[2], time, zone=zone, country="ID"),
    st.one_of(
        st.just(("daily", None, None)),
        st.tuples(st.just("weekly"), st.sampled_from(commands.WEEKDAYS), st.sampled_from(commands.WEEKDAYS)),
        st.tuples(st.just("monthly"), st.integers(1, 31), st.integers(1, 31)),
    ),
    st.sampled_from(["00:00", "02:30", "17:00", "23:59"]),
    st.sampled_from(["Asia/Jakarta", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Casablanca"]),
)

FIRST, LAST = 1_230_768_000, 1_924_992_000
"""Epoch seconds of the years 2009 and 2031."""


@settings(max_examples=150)
@having(POLICIES, st.integers(FIRST, LAST))
def test_cutoffs_come_one_after_another_and_are_paid_in_their_order(policy: Policy, epoch: int) -> None:
    after = from_datetime(datetime.fromtimestamp(epoch, UTC))
    cutoffs: list[Instant] = []
    while len(cutoffs) < 6:
        cutoffs.append(next_cutoff(policy, cutoffs[-1] if cutoffs else after))
    assert after < cutoffs[0]
    assert cutoffs == sorted(set(cutoffs))
    assert list(islice(cutoffs_until(policy, cutoffs[-1]), 6)) == cutoffs[::-1]
    assert list(islice(cutoffs_until(policy, shifted(cutoffs[-1], -timedelta(microseconds=1))), 5)) == cutoffs[-2::-1]
    paid = [pay_instant(policy, cutoff, pay_date(policy, cutoff, CALENDARS)) for cutoff in cutoffs]
    assert paid == sorted(paid)
    assert all(cutoff <= at for cutoff, at in zip(cutoffs, paid, strict=True))


def wish(**fields: Any) -> commands.SetPayoutPolicy:
    return commands.SetPayoutPolicy.model_validate({"account_id": ACCOUNT, "currency": "IDR", **fields})


def weekly(**fields: Any) -> commands.SetPayoutPolicy:
    week = {"schedule": "weekly", "cutoff": {"day": "thursday", "time": "17:00"}, "payDay": "monday"}
    return wish(**{**week, **fields})


def policy_set(policy: Policy, ahead: Instant | None = None, currency: str = "IDR") -> facts.PayoutPolicySet:
    return facts.PayoutPolicySet(
        currency=currency,
        schedule=policy.schedule,
        time=policy.time,
        automatic=policy.automatic,
        minimum=policy.minimum,
        reserve=policy.reserve,
        zone=policy.zone,
        cutoff_day=policy.cutoff_day,
        pay_day=policy.pay_day,
        country=policy.country,
        next_cutoff=ahead,
    )


def test_a_policy_that_pays_by_itself_says_when_it_first_sets_money_apart() -> None:
    expected = Policy("weekly", "thursday", "monday", "17:00", automatic=True, minimum=50)
    books = (
        given(opened())
        .when(weekly(automatic=True, minimum=50))
        .then(policy_set(expected, "2026-05-14T10:00:00.000000Z"))
    )
    assert books.account is not None
    assert policy_of(books.account, "IDR") == expected
    assert due_at(books.account) == next_cutoff_of(books.account, "IDR") == "2026-05-14T10:00:00.000000Z"


def test_a_policy_that_only_informs_has_nothing_due() -> None:
    books = given(opened()).when(weekly()).then(policy_set(Policy("weekly", "thursday", "monday", "17:00")))
    assert books.account is not None
    assert due_at(books.account) is None


def test_the_same_policy_again_is_no_change() -> None:
    standing = policy_set(
        Policy("weekly", "thursday", "monday", "17:00", automatic=True), "2026-05-14T10:00:00.000000Z"
    )
    given(opened(), standing).when(weekly(automatic=True)).then_nothing_changes()


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (wish(schedule="off", automatic=True), "automatic"),
        (wish(schedule="off", cutoff={"time": "17:00"}), "cutoff"),
        (wish(schedule="off", payDay=1), "payDay"),
        (wish(schedule="daily", cutoff={"day": "monday"}), "cutoff.day"),
        (wish(schedule="daily", payDay="monday"), "payDay"),
        (wish(schedule="weekly", payDay="monday"), "cutoff.day"),
        (wish(schedule="weekly", cutoff={"day": 3}, payDay="monday"), "cutoff.day"),
        (wish(schedule="weekly", cutoff={"day": "friday"}), "payDay"),
        (wish(schedule="monthly", cutoff={"day": "friday"}, payDay=1), "cutoff.day"),
        (wish(schedule="monthly", cutoff={"day": 31}, payDay="friday"), "payDay"),
        (weekly(zone="Asia/Jakartaa"), "zone"),
        (weekly(country="ZZ"), "country"),
        (weekly(currency="USD"), "currency"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_the_field(command: commands.SetPayoutPolicy, field: str) -> None:
    given(opened()).when(command).then_refused("VALIDATION_ERROR", field)


@pytest.mark.parametrize("day", ["Monday", "mon", 0, 32, True, 1.5, ""])
def test_a_day_that_is_none_is_refused_at_the_door(day: object) -> None:
    with pytest.raises(ValueError, match="give a weekday"):
        weekly(payDay=day)


@pytest.mark.parametrize("time", ["24:00", "7:00", "17:60", "17", "17:00:00"])
def test_a_time_of_day_that_is_none_is_refused_at_the_door(time: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        weekly(cutoff={"day": "monday", "time": time})


def request(amount: int) -> commands.RequestPayout:
    return commands.RequestPayout(account_id=ACCOUNT, amount=amount, currency="IDR")


def test_a_payout_below_the_minimum_is_refused_and_the_minimum_itself_is_not() -> None:
    minimum = policy_set(Policy(minimum=50))
    before = given(opened(), BANK, *earned(100), minimum)
    before.when(request(49)).then_refused("BELOW_MINIMUM", "amount", {"minimum": 50, "currency": "IDR"})
    assert before.when(request(50)).refusal is None


def test_a_minimum_is_its_currencys_and_is_never_converted() -> None:
    before = given(
        opened(), BANK, *earned(100), facts.CurrencyAdded("USD"), policy_set(Policy(minimum=50), None, "USD")
    )
    assert before.when(request(1)).refusal is None


# ---- what is due

CUT = "2026-05-14T10:00:00.000000Z"
PAY = "2026-05-18T10:00:00.000000Z"
NEXT_CUT = "2026-05-21T10:00:00.000000Z"
NEXT_PAY = "2026-05-25T10:00:00.000000Z"


def cut(amount: int, cutoff: Instant = CUT, pay_at: Instant = PAY, ahead: Instant = NEXT_CUT) -> facts.PayoutCycleCut:
    return facts.PayoutCycleCut("IDR", cutoff, pay_at[:10], pay_at, amount, ahead)


def requested(amount: int, which: int = 0, **changes: Any) -> facts.PayoutRequested:
    fields = {"backend": "manual", "bank_code": "bca", "bank_name": "BCA", **changes}
    return facts.PayoutRequested(
        f"pout_{which}", amount, "IDR", bank_account_number="sealed:1", bank_account_holder="sealed:2", **fields
    )


def ended(amount: int, pay_at: Instant = PAY, cutoff: Instant = CUT, which: int = 0) -> facts.PayoutCycleEnded:
    return facts.PayoutCycleEnded("IDR", pay_at[:10], cutoff, "requested", amount, payout_id=f"pout_{which}")


def books_of(*happened: Fact | Dated, policy: Policy = WEEKLY) -> Books:
    return fold(Books(ACCOUNT), [opened(), BANK, policy_set(policy, CUT), *happened])


def due_now(books: Books, now: Instant, **more: Any) -> list[Fact]:
    ids = count()
    untouched = books.copy()
    found = due(books, now, lambda: str(next(ids)), CALENDARS, **more)
    assert books == untouched
    return found


def after(books: Books, happened: Sequence[Fact]) -> Books:
    return fold(books, happened, NOW)


def reason_of(found: Sequence[Fact]) -> tuple[str, int]:
    """How the only cycle ended, and that somebody can read why."""
    [last] = found
    assert isinstance(last, facts.PayoutCycleEnded)
    assert last.reason
    assert last.payout_id is None
    return last.outcome, last.amount


def test_nothing_is_due_before_the_cutoff() -> None:
    assert due_now(books_of(*earned(100)), "2026-05-14T09:59:59.999999Z") == []


def test_at_the_cutoff_what_is_available_is_set_apart() -> None:
    books = books_of(*earned(100), facts.RevenueRecorded(900, "IDR", "o-pending"))
    found = due_now(books, CUT)
    assert found == [cut(100)]
    books = after(books, found)
    assert books.account is not None
    assert due_at(books.account) == PAY
    assert due_now(books, "2026-05-18T09:59:59.999999Z") == []


def test_on_the_pay_date_that_much_is_requested_and_what_came_later_is_not() -> None:
    books = books_of(*earned(100), cut(100), *earned(500, reference="o-later"))
    found = due_now(books, PAY)
    assert found == [requested(100), ended(100)]
    books = after(books, found)
    assert books.balance("IDR") == Balance(available=500, reserved=100)
    assert due_now(books, PAY) == []
    assert books.account is not None
    assert due_at(books.account) == NEXT_CUT


def test_what_left_since_the_cutoff_left_from_what_was_set_apart() -> None:
    # 100 at the cutoff; then a fee of 10, 50 paid out by hand, and 500 that came in: 40 are left of the 100.
    books = books_of(
        *earned(100), cut(100), facts.FeeCharged(10, "IDR", "f", "fee"), *earned(500, reference="o"), requested(50, 9)
    )
    assert due_now(books, PAY) == [requested(40), ended(40)]


def test_money_that_came_back_since_the_cutoff_is_paid_in_the_next_cycle() -> None:
    books = books_of(*earned(100), cut(100), requested(60, 9), facts.PayoutCancelled("pout_9", 60, "IDR"))
    found = due_now(books, PAY)
    assert found == [requested(40), ended(40)]
    assert due_now(after(books, found), NEXT_CUT) == [cut(60, NEXT_CUT, NEXT_PAY, "2026-05-28T10:00:00.000000Z")]


def test_a_fee_of_another_currency_takes_nothing_from_what_was_set_apart() -> None:
    fee = facts.FeeCharged(10, "USD", "f", "fee")
    assert due_now(books_of(facts.CurrencyAdded("USD"), *earned(100), cut(100), fee), PAY)[0] == requested(100)


def test_what_is_below_the_minimum_waits_for_the_next_cycle() -> None:
    policy = Policy("weekly", "thursday", "monday", "17:00", automatic=True, minimum=50, country="ID")
    books = books_of(*earned(40), cut(40), policy=policy)
    found = due_now(books, PAY)
    assert reason_of(found) == ("BELOW_MINIMUM", 40)
    books = after(books, [*found, *earned(10, reference="o-2")])
    assert books.account is not None
    last = last_of(books.account, "IDR")
    assert last is not None
    assert (last["outcome"], last["payDate"], last["amount"]) == ("BELOW_MINIMUM", "2026-05-18", 40)
    assert due_now(books, NEXT_PAY) == [
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
        ([facts.AccountFrozen("check")], ("ACCOUNT_FROZEN", 100)),
        ([facts.FeeCharged(150, "IDR", "f", "fee")], ("INSUFFICIENT_BALANCE", -50)),
        ([facts.BackendSet("plugipay"), facts.BankAccountSet(None, "BCA", "s", "s")], ("VALIDATION_ERROR", 100)),
    ):
        books = books_of(*earned(100), cut(100), *happened)
        found = due_now(books, PAY)
        assert reason_of(found) == outcome
        books = after(books, found)
        assert due_now(books, PAY) == []
        assert books.account is not None
        assert due_at(books.account) == NEXT_CUT


def test_without_a_bank_account_nothing_goes() -> None:
    books = fold(Books(ACCOUNT), [opened(), policy_set(WEEKLY, CUT), *earned(100), cut(100)])
    assert reason_of(due_now(books, PAY)) == ("BANK_ACCOUNT_NOT_SET", 100)


def test_an_erased_account_pays_nothing_out() -> None:
    assert reason_of(due_now(books_of(*earned(100), cut(100)), PAY, payable=False)) == ("ERASED", 100)


def test_the_accounts_backend_decides_how_it_goes() -> None:
    found = due_now(books_of(facts.BackendSet("plugipay"), *earned(100), cut(100)), PAY)
    assert found[0] == requested(100, backend="plugipay")


def test_a_ledger_that_was_down_over_two_pay_dates_pays_the_money_once() -> None:
    books = books_of(*earned(100))
    # Back on Tuesday 26 May: both Thursdays and both Mondays have passed. Only the last cycle counts.
    found = due_now(books, "2026-05-26T00:00:00.000000Z")
    assert found == [
        cut(100, NEXT_CUT, NEXT_PAY, "2026-05-28T10:00:00.000000Z"),
        requested(100),
        ended(100, NEXT_PAY, NEXT_CUT),
    ]
    assert due_now(after(books, found), "2026-05-26T00:00:00.000000Z") == []


def test_a_ledger_that_went_down_after_a_cutoff_pays_that_at_once_and_the_next_cycle_in_its_time() -> None:
    books = books_of(*earned(100), cut(100), *earned(70, reference="o"))
    # Back on Friday 22 May: Monday's pay date was missed, Thursday's cutoff has passed, its pay date is still to come.
    found = due_now(books, "2026-05-22T00:00:00.000000Z")
    assert found == [requested(100), ended(100), cut(70, NEXT_CUT, NEXT_PAY, "2026-05-28T10:00:00.000000Z")]
    assert due_now(after(books, found), NEXT_PAY) == [requested(70), ended(70, NEXT_PAY, NEXT_CUT)]


def test_cutoffs_with_the_same_pay_date_are_one_cycle() -> None:
    # Saturday's, Sunday's and Monday's money is paid on Monday 18 May, once.
    saturday, sunday, monday, tuesday = (f"2026-05-{day}T10:00:00.000000Z" for day in (16, 17, 18, 19))
    books = fold(Books(ACCOUNT), [opened(), BANK, policy_set(DAILY, saturday), *earned(100)])
    for now, cut_off, ahead in ((saturday, saturday, sunday), (sunday, sunday, monday)):
        found = due_now(books, now)
        assert found == [cut(100, cut_off, monday, ahead)]
        books = after(books, found)
    books = after(books, earned(11, reference="o-monday"))
    assert due_now(books, monday) == [cut(111, monday, monday, tuesday), requested(111), ended(111, monday, monday)]


def test_a_cycle_whose_payment_waits_beyond_the_next_cutoff_keeps_its_own_date() -> None:
    # Cutoff Thursday, pay Wednesday. Wednesday 27 and Thursday 28 May are holidays: 20 May's money goes on Friday 29,
    # after the cutoff of the 28th, whose own pay date is 3 June.
    policy = Policy("weekly", "thursday", "wednesday", "17:00", automatic=True, country="ID")
    first, second = "2026-05-21T10:00:00.000000Z", "2026-05-28T10:00:00.000000Z"
    friday, wednesday = "2026-05-29T10:00:00.000000Z", "2026-06-03T10:00:00.000000Z"
    books = fold(Books(ACCOUNT), [opened(), BANK, policy_set(policy, first), *earned(100)])
    books = after(books, due_now(books, first))
    books = after(books, earned(30, reference="o-2"))
    books = after(books, due_now(books, second))
    assert books.account is not None
    assert [(one.pay_at, one.amount) for one in cuts_of(books.account, "IDR")] == [(friday, 100), (wednesday, 130)]
    found = due_now(books, friday)
    assert found == [requested(100), ended(100, friday, first)]
    books = after(books, [*found, *earned(5, reference="o-3")])
    assert due_now(books, wednesday) == [requested(30), ended(30, wednesday, second)]


def test_a_policy_that_is_changed_between_cutoff_and_pay_date_pays_what_was_set_apart() -> None:
    books = books_of(*earned(100), cut(100), policy_set(DAILY, "2026-05-16T10:00:00.000000Z"))
    assert books.account is not None
    assert [one.amount for one in cuts_of(books.account, "IDR")] == [100]


def test_a_policy_that_is_switched_off_pays_nothing_any_more() -> None:
    for policy in (Policy(), Policy("weekly", "thursday", "monday", "17:00")):
        books = books_of(*earned(100), cut(100), policy_set(policy))
        assert books.account is not None
        assert due_at(books.account) is None
        assert due_now(books, PAY) == []


def test_a_closed_account_has_nothing_due() -> None:
    books = books_of(cut(0), facts.AccountClosed("left us"))
    assert books.account is not None
    assert due_at(books.account) is None
    assert due_now(books, PAY) == []


def test_currencies_are_paid_each_for_itself() -> None:
    books = books_of(
        facts.CurrencyAdded("USD"), policy_set(WEEKLY, CUT, "USD"), *earned(100), *earned(70, "USD", "usd-1")
    )
    found = due_now(books, PAY)
    assert [(fact.currency, fact.amount) for fact in found if isinstance(fact, facts.PayoutRequested)] == [
        ("IDR", 100),
        ("USD", 70),
    ]


MONEY = st.tuples(st.sampled_from(["earn", "fee", "request", "cancel", "tick", "tick", "tick"]), st.integers(1, 99))


@settings(max_examples=200)
@having(st.lists(MONEY, max_size=40), st.sampled_from([DAILY, WEEKLY, MONTHLY]))
def test_a_cycle_never_pays_more_than_was_there_at_its_cutoff_and_nothing_twice(
    steps: list[tuple[str, int]], policy: Policy
) -> None:
    books = fold(Books(ACCOUNT), [opened(), BANK, policy_set(policy, next_cutoff(policy, NOW))])
    now, ids, at_cutoff = NOW, count(), dict[str, int]()
    paid: set[str] = set()
    for number, (kind, amount) in enumerate(steps):
        now = shifted(now, timedelta(hours=amount))
        for fact in due(books, now, lambda: f"auto_{next(ids)}", CALENDARS):
            if isinstance(fact, facts.PayoutCycleCut):
                at_cutoff[fact.pay_date] = books.balance("IDR").available
            elif isinstance(fact, facts.PayoutCycleEnded):
                assert fact.pay_date not in paid, "one cycle, one payout"
                paid.add(fact.pay_date)
                assert fact.amount <= at_cutoff[fact.pay_date]
            evolve(books, fact, now, books.version + 1)
            assert not isinstance(fact, facts.PayoutRequested) or books.balance("IDR").available >= 0
        available = books.balance("IDR").available
        pending = [name for name, row in books.payouts.items() if row.status == "pending"]
        happened: dict[str, list[Fact]] = {
            "earn": earned(amount, reference=f"o-{number}"),
            "fee": [facts.FeeCharged(amount, "IDR", "f", "fee")],
            "request": [requested(min(amount, available), number)] if available > 0 else [],
            "cancel": [facts.PayoutCancelled(pending[0], books.payouts[pending[0]].amount, "IDR")] if pending else [],
            "tick": [],
        }
        books = fold(books, happened[kind], now)
        assert books.account is not None
        upcoming = due_at(books.account)
        assert upcoming is not None
        assert upcoming > now
