"""What marketplaces' records of orders do to an account: each source's word is kept, and money is booked once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.account_state import AccountState
from events.accounts.events import CurrencyAdded
from events.balances.events import RefundRecorded, RevenueRecorded, RevenueSettled
from events.balances.state import Balance, Order
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked, ChannelSet, StatementObserved
from events.channels.observe import observe_statement
from events.channels.state import PLATFORM, SELLER
from events.currency import AMOUNT_MAX
from events.disputes.commands import ResolveDispute
from events.disputes.decide import resolve_dispute
from events.disputes.events import DisputeOpened
from events.settlements.events import SettlementObserved
from events.settlements.evolve import record_digest
from events.settlements.observe import observe_settlement
from tests.spec import ACCOUNT, NOW, fold, opened

ORDER = "2602170GS576N1"


def record(
    amount: int | None, source: str = "shopee.escrow_detail", reference: str = f"order/{ORDER}", **fields: Any
) -> SettlementObserved:
    """A record as a source's reader would hand it over: a total that books `amount`, or only explains where it is None."""
    kind, text = fields.pop("kind", "payout"), fields.pop("text", str(amount))
    line = {"level": "order", "kind": kind, "amount": text, "text": text, "field": "escrow_amount"}
    return replace(
        SettlementObserved(
            channel="shopee",
            source=source,
            reference=reference,
            currency="IDR",
            stage="owed",
            lines=[line if amount is None else {**line, "books": True}],
            findings=[],
            digest="digest",
            collects="",
            counts_for=ORDER,
            totals=True,
            order=ORDER,
            amount=amount,
        ),
        **fields,
    )


OWED = record(480)
RELEASE = record(None, "shopee.escrow_list", stage="released", releases=f"order/{ORDER}", text="480")
WALLET = record(None, "shopee.wallet", "wallet/9", stage="released", releases=f"order/{ORDER}", text="480")
REPORT = record(480, "shopee.income_report", stage="released", releases=f"order/{ORDER}")


def account(*before: AnyEvent, collects: str = SELLER) -> AccountState:
    return fold(AccountState(ACCOUNT), [opened(), ChannelSet("shopee", collects), *before])


def after(state: AccountState, *observed: SettlementObserved) -> AccountState:
    for each in observed:
        state = fold(state, observe_settlement(each, state), NOW)
    return state


def rules(made: Sequence[AnyEvent]) -> list[str]:
    return [found["rule"] for event in made if isinstance(event, SettlementObserved) for found in event.findings]


def test_what_an_order_is_worth_is_pending_until_the_channel_lets_it_go() -> None:
    state = after(account(), OWED)
    assert state.balance("IDR") == Balance(pending=480)
    assert state.orders["IDR", ORDER] == Order(recorded=480, pending=480, channel="shopee", told=480, told_by="shopee")
    state = after(state, RELEASE)
    assert state.balance("IDR") == Balance(paid_out=480)
    assert state.orders["IDR", ORDER].pending == 0


def test_where_we_collect_the_release_makes_it_available() -> None:
    assert after(account(collects=PLATFORM), OWED, RELEASE).balance("IDR") == Balance(available=480)


def test_the_same_word_of_each_source_again_is_no_fact() -> None:
    state = after(account(), OWED, RELEASE, REPORT, WALLET)
    for again in (OWED, RELEASE, REPORT, WALLET):
        assert observe_settlement(replace(again, digest="of another file"), state) == []


@pytest.mark.parametrize("order", list(itertools.permutations([OWED, RELEASE, REPORT, WALLET])))
@pytest.mark.parametrize("collects", [SELLER, PLATFORM])
def test_in_every_order_in_which_sources_tell_it_the_money_is_booked_once(
    order: Sequence[SettlementObserved], collects: str
) -> None:
    state, completed = account(collects=collects), 0
    for each in (*order, *order):
        made = observe_settlement(each, state)
        state = fold(state, made, NOW)
        completed += sum(isinstance(event, ChannelMoneyBooked) and event.completes is True for event in made)
    assert completed == 1, "and the order is delivered once"
    assert state.balance("IDR") == (Balance(paid_out=480) if collects == SELLER else Balance(available=480))
    assert state.orders["IDR", ORDER].pending == 0
    assert state.orders["IDR", ORDER].told == 480


def test_a_change_and_its_reversal_are_two_facts() -> None:
    state = account()
    for amount in (480, 450, 480):
        made = observe_settlement(record(amount), state)
        state = fold(state, made, NOW)
        assert state.balance("IDR") == Balance(pending=amount)
        assert len(made) == 2


def test_a_change_after_the_release_is_booked_where_the_money_is() -> None:
    paid = after(account(), OWED, RELEASE)
    assert after(paid, record(500)).balance("IDR") == Balance(paid_out=500)
    assert after(paid, record(380)).balance("IDR") == Balance(paid_out=380)
    ours = after(account(collects=PLATFORM), OWED, RELEASE)
    assert after(ours, record(-20)).balance("IDR") == Balance(available=-20)


def test_who_collected_is_settled_by_the_release() -> None:
    state = fold(after(account(), OWED, RELEASE), [ChannelSet("shopee", PLATFORM)])
    assert after(state, record(500), record(520)).balance("IDR") == Balance(paid_out=520)


def test_a_second_source_that_tells_of_the_release_contradicts_nothing() -> None:
    for state in (after(account(), OWED, RELEASE), after(account(), OWED, WALLET)):
        for again in (RELEASE, WALLET, REPORT):
            assert rules(observe_settlement(again, state)) == []


def test_a_charge_of_its_own_is_taken_from_what_was_paid() -> None:
    charge = record(
        -80, "shopee.wallet", "wallet/7", kind="service_fee", stage="released", releases="wallet/7", order=None
    )
    charge = replace(charge, counts_for="")
    state = after(account(), OWED, RELEASE, charge)
    assert state.balance("IDR") == Balance(paid_out=400)
    assert state.orders["IDR", "shopee/wallet/7"] == Order(
        recorded=-80, channel="shopee", told=-80, told_by="shopee", let_go=-80
    )
    # More than was ever paid out is owed.
    assert after(account(), charge).balance("IDR") == Balance(available=-80)


def test_a_commission_row_of_its_own_lowers_its_order() -> None:
    sale = record(4000, "tokopedia.saldo_history", "deposit/1", stage="released", releases="deposit/1")
    fee = record(
        -400, "tokopedia.saldo_history", "deposit/2", kind="commission", stage="released", releases="deposit/2"
    )
    for told in ((sale, fee), (fee, sale)):
        state = after(account(), *told)
        balance = state.balance("IDR")
        assert balance.paid_out + balance.available == 3600
        assert state.orders["IDR", ORDER].told == 3600
    assert after(account(), sale, fee).balance("IDR") == Balance(paid_out=3600)


def test_revenue_that_commands_recorded_is_the_same_money() -> None:
    recorded = RevenueRecorded(amount=500, currency="IDR", reference=ORDER)
    assert after(account(recorded), OWED).balance("IDR") == Balance(pending=480)
    state = after(account(recorded), OWED, RELEASE)
    assert state.balance("IDR") == Balance(paid_out=480)


def test_a_refund_that_commands_recorded_is_not_taken_again_when_the_channel_tells_of_it() -> None:
    refund = RefundRecorded(amount=100, currency="IDR", reference=ORDER, from_pending=100, from_available=0)
    state = fold(after(account(), OWED), [refund])
    assert after(state, record(380)).balance("IDR") == Balance(pending=380)
    assert after(state, record(350)).balance("IDR") == Balance(pending=350)


def test_a_statement_that_booked_the_money_is_explained_by_its_lines() -> None:
    statement = StatementObserved(
        channel="shopee",
        number="S-1",
        source="shopee.statement",
        currency="IDR",
        content={},
        findings=[],
        digest="",
        collects=SELLER,
        reference="S-1",
        payout=480,
    )
    state = account(statement, ChannelMoneyBooked("shopee", "S-1", "IDR", 480, 0, 0, 0, number="S-1"))
    (made,) = observe_settlement(record(480, statement="S-1"), state)
    assert isinstance(made, SettlementObserved)
    assert made.amount is None


def test_another_currency_is_a_finding_and_moves_nothing() -> None:
    state = after(account(), OWED)
    made = observe_settlement(record(500, currency="SGD"), state)
    assert rules(made) == ["currency_stays"]
    assert fold(state, made).balance("IDR") == Balance(pending=480)
    assert fold(state, made).balance("SGD") == Balance()


def test_a_new_currency_is_added() -> None:
    made = observe_settlement(record(480, currency="SGD"), account())
    assert made[0] == CurrencyAdded(currency="SGD")


def test_what_the_ledger_cannot_count_is_kept_and_not_booked() -> None:
    recorded = RevenueRecorded(amount=AMOUNT_MAX - 1, currency="IDR", reference="another")
    state = account(recorded)
    made = observe_settlement(record(480), state)
    assert rules(made) == ["amounts_fit_the_ledger"]
    assert fold(state, made).balance("IDR").pending == AMOUNT_MAX - 1


def test_what_was_settled_by_command_is_not_released_again() -> None:
    settled = RevenueSettled(amount=480, currency="IDR", reference=ORDER)
    state = fold(after(account(), OWED), [settled])
    made = observe_settlement(RELEASE, state)
    assert rules(made) == ["payout_was_pending"]
    assert fold(state, made).balance("IDR") == Balance(available=480)


def test_another_channels_order_of_the_same_number_is_another_order() -> None:
    state = after(account(), OWED, replace(OWED, channel="tokopedia", source="tokopedia.saldo_history"))
    assert state.balance("IDR") == Balance(pending=960)
    assert state.orders["IDR", f"tokopedia/{ORDER}"].pending == 480


def test_naming_the_seller_later_does_not_book_again() -> None:
    state = after(account(), OWED)
    assert observe_settlement(replace(OWED, seller="shop"), state) == []


_WORDS = st.lists(
    st.one_of(
        st.builds(record, st.integers(-500, 500)),
        st.builds(lambda amount: replace(REPORT, **_worth(amount)), st.integers(-500, 500)),
        st.sampled_from([RELEASE, WALLET]),
    ),
    max_size=8,
)


def _worth(amount: int) -> dict[str, Any]:
    told = record(amount, "shopee.income_report")
    return {"amount": amount, "lines": told.lines}


@given(_WORDS, st.sampled_from([SELLER, PLATFORM]))
def test_whatever_is_told_the_buckets_come_to_the_newest_word_that_books(
    words: list[SettlementObserved], collects: str
) -> None:
    state, worth, last = account(collects=collects), 0, dict[str, Any]()
    for word in words:
        if word.amount is not None and last.get(word.source) != word.lines:
            worth = word.amount
        last[word.source] = word.lines
        state = after(state, word)
        balance = state.balance("IDR")
        assert balance.pending + balance.available + balance.paid_out == worth
        assert balance.pending == state.orders.get(("IDR", ORDER), Order()).pending
        assert balance.pending >= 0
        assert balance.paid_out >= 0
        if collects == PLATFORM:
            assert balance.paid_out == 0


def test_a_release_by_a_seller_named_later_is_of_the_money_known_before() -> None:
    wallet = replace(WALLET, seller="shop-1")
    state = after(account(), OWED, wallet, replace(OWED, seller="shop-1"), wallet)
    assert state.balance("IDR") == Balance(paid_out=480)
    assert state.orders["IDR", ORDER].told == 480


def test_lines_of_a_seller_named_later_explain_the_statement_known_before() -> None:
    statement = StatementObserved(
        channel="blibli", number="S1", source="blibli.settlements", currency="IDR", content={"Payout": "480"},
        findings=[], digest="d", collects="", reference="", paid=True, payout=480,
    )  # fmt: skip
    state = account()
    state = fold(state, observe_statement(statement, state), NOW)
    line = record(480, "blibli.report", "order/1", channel="blibli", statement="S1", counts_for="S1", seller="shop-1")
    other = replace(line, reference="order/2")
    assert after(state, line, other).balance("IDR") == Balance(paid_out=480)


def test_who_collected_is_settled_by_a_release_that_another_record_tells_of() -> None:
    state = fold(after(account(), OWED), [ChannelSet("shopee", PLATFORM)])
    assert after(state, WALLET, record(500)).balance("IDR") == Balance(available=500)


@pytest.mark.parametrize("release", [RELEASE, WALLET, REPORT])
def test_what_is_let_go_while_a_dispute_holds_it_is_available_when_the_dispute_is_won(
    release: SettlementObserved,
) -> None:
    opened_ = DisputeOpened("dsp_1", 480, "IDR", ORDER, "not received", from_pending=480, from_available=0)
    state = after(fold(after(account(collects=PLATFORM), OWED), [opened_]), release)
    won = ResolveDispute(account_id=ACCOUNT, dispute_id="dsp_1", outcome="won", reason="tracked")
    state = fold(state, resolve_dispute(won, state), NOW)
    assert state.balance("IDR") == Balance(available=480)


def told(amount: int, hour: int) -> SettlementObserved:
    """What a record said at an hour, as the service takes it in."""
    at = f"2026-05-01T{hour:02}:00:00.000000Z"
    return record(amount, digest=f"record {amount} {hour}", observed_at=at, observed_by="given")


def test_what_a_record_says_is_digested_once_to_judge_it_and_to_fold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    digested: list[SettlementObserved] = []

    def counted(observed: SettlementObserved) -> str:
        digested.append(observed)
        return record_digest(observed)

    monkeypatch.setattr("events.settlements.evolve.record_digest", counted)
    after(account(), told(100, 1), told(120, 2))
    assert len(digested) == 2


@given(st.lists(st.builds(told, st.integers(1, 3), st.integers(0, 3)), max_size=6))
def test_a_judgement_that_is_remembered_is_the_one_that_is_made_anew(records: list[SettlementObserved]) -> None:
    """Folded as they were judged, as another process folds them, which has judged nothing, and on another state."""
    state, events, other = account(), list[AnyEvent](), after(account(), told(9, 2))
    for each in records:
        made = observe_settlement(each, state)
        assert fold(other, made, NOW) == fold(other, [replace(event) for event in made], NOW)
        state, events = fold(state, made, NOW), [*events, *made]
    assert fold(account(), [replace(event) for event in events], NOW) == state
