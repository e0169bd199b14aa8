"""What marketplaces' statements do to an account: every change is kept, and money is booked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from events.account_state import AccountState
from events.accounts.events import CurrencyAdded
from events.balances.events import RefundRecorded, RevenueRecorded
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked, ChannelSet, StatementObserved
from events.channels.observe import FIELDS, observe_statement
from events.channels.state import PLATFORM, SELLER
from tests.spec import ACCOUNT, NOW, earned, fold, opened

FIRST = "EG100RT-20141228"
SECOND = "EG100RT-20141229"


def said(number: str = FIRST, payout: int | None = 396_241, *, paid: bool | None = False) -> StatementObserved:
    """The statement as a source's reader would hand it over, in euro cents."""
    return StatementObserved(
        channel="lazada",
        number=number,
        source="lazada.sellercenter",
        currency="EUR",
        content={
            **dict.fromkeys(FIELDS),
            "StatementNumber": number,
            "Payout": None if payout is None else f"{payout / 100:.2f} EUR",
            "Paid": None if paid is None else str(int(paid)),
        },
        findings=[],
        digest="digest",
        collects="",
        reference="",
        created_at=f"2014-01-0{number[-1]}T00:00:00.000000Z",
        paid=paid,
        payout=payout,
    )


def account(*before: AnyEvent, collects: str = SELLER) -> AccountState:
    return fold(AccountState(ACCOUNT), [opened(currency="EUR"), ChannelSet("lazada", collects), *before])


def after(state: AccountState, *observed: StatementObserved) -> AccountState:
    """The books after observations, one after the other; nothing but the currency's own buckets moves."""
    for each in observed:
        state = fold(state, observe_statement(each, state), NOW)
    return state


def rules(made: Sequence[AnyEvent]) -> list[str]:
    return [finding["rule"] for event in made if isinstance(event, StatementObserved) for finding in event.findings]


def bookings(made: Sequence[AnyEvent]) -> list[AnyEvent]:
    return [event for event in made if isinstance(event, ChannelMoneyBooked)]


def test_what_the_seed_statements_owe_is_pending() -> None:
    state = after(account(), said(), said(SECOND, 66_666))
    assert state.balance("EUR") == Balance(pending=462_907)
    assert state.orders["EUR", SECOND].pending == 66_666
    assert state.orders["EUR", SECOND].channel == "lazada"


def test_the_same_content_again_is_no_fact_however_its_amounts_are_written() -> None:
    state = after(account(), said())
    assert observe_statement(said(), state) == []
    again = said()
    again = replace(again, content={**again.content, "Payout": "3962.410 EUR", "Paid": "false"}, digest="another")
    assert observe_statement(again, state) == []


def test_a_change_and_its_reversal_are_two_facts() -> None:
    state = account()
    for payout, pending in ((396_241, 396_241), (396_240, 396_240), (396_241, 396_241)):
        made = observe_statement(said(payout=payout), state)
        assert len([event for event in made if isinstance(event, StatementObserved)]) == 1
        state = fold(state, made, NOW)
        assert state.balance("EUR") == Balance(pending=pending)


@pytest.mark.parametrize(
    ("collects", "expected"), [(SELLER, Balance(paid_out=396_241)), (PLATFORM, Balance(available=396_241))]
)
def test_paid_moves_the_money_once_to_where_the_collector_has_it(collects: str, expected: Balance) -> None:
    paid = said(paid=True)
    state = after(account(collects=collects), said(), paid, paid)
    assert state.balance("EUR") == expected
    assert state.orders["EUR", FIRST].pending == 0
    assert after(account(collects=collects), paid).balance("EUR") == expected, "also where it was never seen unpaid"


def test_paid_turned_back_is_a_finding_and_moves_nothing_and_paid_once_more_nothing_twice() -> None:
    state = after(account(), said(), said(paid=True))
    back = observe_statement(said(paid=False), state)
    assert rules(back) == ["paid_stays_paid"]
    assert bookings(back) == []
    state = fold(state, back, NOW)
    forth = observe_statement(said(paid=True), state)
    assert rules(forth) == []
    assert bookings(forth) == []
    assert fold(state, forth, NOW).balance("EUR") == Balance(paid_out=396_241)


@pytest.mark.parametrize(
    ("collects", "less", "more"),
    [
        (SELLER, Balance(paid_out=390_000), Balance(paid_out=400_000)),
        (PLATFORM, Balance(available=390_000), Balance(available=400_000)),
    ],
)
def test_another_amount_books_the_difference_where_the_money_is(collects: str, less: Balance, more: Balance) -> None:
    state = after(account(collects=collects), said(), said(paid=True))
    assert after(state, said(payout=390_000, paid=True)).balance("EUR") == less
    assert after(state, said(payout=390_000, paid=True), said(payout=400_000, paid=True)).balance("EUR") == more


def test_who_collects_from_now_on_does_not_move_what_was_paid_before() -> None:
    state = fold(after(account(), said(), said(paid=True)), [ChannelSet("lazada", PLATFORM)])
    state = after(state, said(payout=400_000, paid=True))
    assert state.balance("EUR") == Balance(paid_out=400_000)
    assert after(state, said(payout=410_000, paid=True)).balance("EUR") == Balance(paid_out=410_000)


def test_paid_and_another_amount_at_once() -> None:
    state = after(account(), said(), said(payout=400_000, paid=True))
    assert state.balance("EUR") == Balance(paid_out=400_000)


def test_what_commands_recorded_under_the_number_is_matched_and_only_the_difference_booked() -> None:
    recorded = RevenueRecorded(390_000, "EUR", FIRST)
    state = account(recorded)
    (_, booked) = observe_statement(said(), state)
    assert isinstance(booked, ChannelMoneyBooked)
    assert (booked.pending, booked.available, booked.paid_out) == (6_241, 0, 0)
    assert after(state, said()).balance("EUR") == Balance(pending=396_241)
    assert len(observe_statement(said(payout=390_000), state)) == 1, "what matches is only kept"
    assert after(state, said(payout=380_000)).balance("EUR") == Balance(pending=380_000)
    assert after(state, said(payout=390_000), said(payout=390_000, paid=True)).balance("EUR") == Balance(
        paid_out=390_000
    )


def test_what_was_settled_by_a_command_before_it_was_paid_is_a_finding() -> None:
    state = account(*earned(390_000, "EUR", FIRST))
    made = observe_statement(said(paid=True), state)
    assert rules(made) == ["payout_was_pending"]
    assert fold(state, made, NOW).balance("EUR") == Balance(available=390_000, paid_out=6_241)


def test_less_than_was_settled_already_is_taken_from_available() -> None:
    state = after(account(*earned(390_000, "EUR", FIRST)), said(payout=100_000))
    assert state.balance("EUR") == Balance(available=100_000)


def test_a_zero_payout_is_carried_and_a_claw_back_is_not_pending() -> None:
    assert bookings(observe_statement(said(payout=0), account())) == []
    assert bookings(observe_statement(said(payout=0, paid=True), account())) == []
    assert bookings(observe_statement(said(payout=None), account())) == []
    assert after(account(), said(payout=-500)).balance("EUR") == Balance(available=-500)


def test_an_amount_that_comes_later_is_booked_where_the_money_is_by_then() -> None:
    state = after(account(), said(payout=None, paid=True), said(payout=700, paid=True))
    assert state.balance("EUR") == Balance(paid_out=700)


def test_a_deposit_is_a_level_of_the_newest_statement() -> None:
    first, second = replace(said(), deposit=5_000), replace(said(SECOND, 66_666), deposit=3_000)
    state = after(account(), first)
    assert state.balance("EUR") == Balance(pending=396_241, held=5_000)
    state = after(state, second)
    assert state.balance("EUR") == Balance(pending=462_907, held=3_000)
    assert after(account(), second, first).balance("EUR").held == 3_000, (
        "an older statement that comes late says nothing"
    )
    changed = replace(second, deposit=0, content={**second.content, "GuaranteeDeposit": "0"})
    assert after(state, changed).balance("EUR").held == 0


def test_another_currency_is_a_finding_and_the_money_stays() -> None:
    state = after(account(), said())
    other = replace(said(paid=True), currency="USD", content={**said(paid=True).content, "Payout": "3962.41 USD"})
    made = observe_statement(other, state)
    assert rules(made) == ["currency_stays"]
    assert bookings(made) == []
    state = fold(state, made, NOW)
    assert after(state, said(paid=True)).balance("EUR") == Balance(paid_out=396_241)


def test_the_same_number_of_another_shop_is_another_statement_and_other_money() -> None:
    state = after(account(), said(), replace(said(), seller="shop-2"), replace(said(), channel="tiktok"))
    assert state.balance("EUR") == Balance(pending=3 * 396_241)
    assert len(state.statements) == 3
    assert len({row.reference for row in state.statements.values()}) == 3


def test_a_statement_knows_the_one_before_it() -> None:
    state = after(account(), said(SECOND, 66_666))
    made = observe_statement(said(), state)
    state = fold(state, made, NOW)
    third = replace(said(SECOND, 66_666), number="EG100RT-20141230", created_at="2015-01-11T00:00:00.000000Z")
    observed = observe_statement(third, state)[0]
    assert isinstance(observed, StatementObserved)
    assert observed.previous == SECOND
    assert isinstance(made[0], StatementObserved)
    assert made[0].previous is None


def test_a_currency_that_the_account_does_not_hold_is_added() -> None:
    state = fold(AccountState(ACCOUNT), [opened()])
    made = observe_statement(said(), state)
    assert made[0] == CurrencyAdded("EUR")
    assert fold(state, made, NOW).balance("EUR") == Balance(pending=396_241)


def test_more_than_the_ledger_counts_to_is_kept_and_not_booked() -> None:
    most = 2**53 - 1
    state = after(account(), said(payout=most))
    made = observe_statement(said(SECOND, most), state)
    assert rules(made) == ["amounts_fit_the_ledger"]
    assert fold(state, made, NOW).balance("EUR") == Balance(pending=most)


@pytest.mark.parametrize("collects", [SELLER, PLATFORM])
def test_money_that_was_paid_says_whether_its_order_is_delivered(collects: str) -> None:
    def completes(*observed: StatementObserved, before: Sequence[AnyEvent] = ()) -> list[bool | None]:
        state = after(account(*before, collects=collects), *observed[:-1])
        return [
            event.completes for event in observe_statement(observed[-1], state) if isinstance(event, ChannelMoneyBooked)
        ]

    assert completes(said()) == [None]
    assert completes(said(), said(paid=True)) == [True]
    assert completes(said(paid=True)) == [True]
    assert completes(said(), said(payout=300_000)) == [None], "less is owed, and nothing was paid"
    # Commands recorded ten more under the number, of which the statement knows nothing: they stay pending.
    recorded = RevenueRecorded(396_251, "EUR", FIRST)
    refunded = RefundRecorded(10, "EUR", FIRST, 0, 10)
    assert completes(said(paid=True), before=[recorded, refunded]) == [None]
