"""Payout policies: which instants follow from one, and which are taken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice

import hypothesis.strategies as st
import pytest
from hypothesis import given as having
from hypothesis import settings

from events.accounts.events import CurrencyAdded
from events.command import WEEKDAYS
from events.instants import Instant, from_datetime, shifted
from events.payouts.commands import RequestPayout
from events.policies.commands import SetPayoutPolicy
from events.policies.cycles import due_at, next_cutoff_of
from events.policies.schedule import Policy, cutoffs_until, next_cutoff, pay_date, pay_instant, policy_of
from tests.events.payout_policies import CALENDARS, DAILY, WEEKLY, policy_set, weekly, wish
from tests.events.test_payout_cycles import BANK
from tests.spec import ACCOUNT, NOW, earned, given, opened


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
        st.tuples(st.just("weekly"), st.sampled_from(WEEKDAYS), st.sampled_from(WEEKDAYS)),
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


def test_a_policy_that_pays_by_itself_says_when_it_first_sets_money_apart() -> None:
    expected = Policy("weekly", "thursday", "monday", "17:00", automatic=True, minimum=50)
    state = (
        given(opened())
        .when(weekly(automatic=True, minimum=50))
        .then(policy_set(expected, "2026-05-14T10:00:00.000000Z"))
    )
    assert state.account is not None
    assert policy_of(state.account, "IDR") == expected
    assert due_at(state.account) == next_cutoff_of(state.account, "IDR") == "2026-05-14T10:00:00.000000Z"


def test_a_policy_that_only_informs_has_nothing_due() -> None:
    state = given(opened()).when(weekly()).then(policy_set(Policy("weekly", "thursday", "monday", "17:00")))
    assert state.account is not None
    assert due_at(state.account) is None


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
def test_a_policy_that_makes_no_sense_is_refused_by_the_field(command: SetPayoutPolicy, field: str) -> None:
    given(opened()).when(command).then_refused("VALIDATION_ERROR", field)


@pytest.mark.parametrize("day", ["Monday", "mon", 0, 32, True, 1.5, ""])
def test_a_day_that_is_none_is_refused_at_the_door(day: object) -> None:
    with pytest.raises(ValueError, match="give a weekday"):
        weekly(payDay=day)


@pytest.mark.parametrize("time", ["24:00", "7:00", "17:60", "17", "17:00:00"])
def test_a_time_of_day_that_is_none_is_refused_at_the_door(time: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        weekly(cutoff={"day": "monday", "time": time})


def request(amount: int) -> RequestPayout:
    return RequestPayout(account_id=ACCOUNT, amount=amount, currency="IDR")


def test_a_payout_below_the_minimum_is_refused_and_the_minimum_itself_is_not() -> None:
    minimum = policy_set(Policy(minimum=50))
    before = given(opened(), BANK, *earned(100), minimum)
    before.when(request(49)).then_refused("BELOW_MINIMUM", "amount", {"minimum": 50, "currency": "IDR"})
    assert before.when(request(50)).refusal is None


def test_a_minimum_is_its_currencys_and_is_never_converted() -> None:
    before = given(opened(), BANK, *earned(100), CurrencyAdded("USD"), policy_set(Policy(minimum=50), None, "USD"))
    assert before.when(request(1)).refusal is None
