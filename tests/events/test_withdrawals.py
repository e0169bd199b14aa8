"""What was read wrongly and is withdrawn leaves what there would have been without it, whatever commands did beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event as noted
from hypothesis import given
from hypothesis import strategies as st

from events.account_state import AccountState
from events.balances.commands import RecordRefund, RecordRevenue, SettleRevenue
from events.balances.events import RevenueRecorded, RevenueSettled
from events.balances.state import Balance
from events.catalog import AnyCommand, AnyEvent
from events.channels.events import ChannelSet, StatementObserved
from events.channels.observe import observe_statement
from events.channels.state import PLATFORM, SELLER
from events.channels.withdraw import withdraw_statement
from events.decide import decide
from events.decision_context import DecisionContext
from events.refusals import InvalidTransition, Refusal
from events.settlements.events import SettlementObserved
from events.settlements.evolve import said_by
from events.settlements.observe import observe_settlement
from events.settlements.withdraw import SaidOfMoney, withdraw_settlement
from events.statements.chain import CHANNEL as OWN
from tests.events.test_channels import said
from tests.events.test_settlements import ORDER, record
from tests.spec import ACCOUNT, EARLIEST, NEW_ID, NOW, fold, opened

WHY = "the file was read anew"
ORDER_KEY = ("shopee", "", f"order/{ORDER}")
STATEMENT_KEY = ("shopee", "", ORDER)
Observed = SettlementObserved | StatementObserved


def account(collects: str = SELLER) -> AccountState:
    return fold(AccountState(ACCOUNT), [opened(), ChannelSet("shopee", collects)])


def dated(observed: Any, at: int) -> Any:
    return replace(observed, observed_at=f"2026-05-{at:02}T00:00:00.000000Z", observed_by="given")


def told(amount: int, at: int) -> SettlementObserved:
    found: SettlementObserved = dated(record(amount, digest=f"record {at} {amount}"), at)
    return found


def reported(amount: int, at: int) -> SettlementObserved:
    """What an order is worth, and that it was let go of."""
    found = record(amount, "shopee.income_report", stage="released", releases=f"order/{ORDER}", digest=f"{at} {amount}")
    report: SettlementObserved = dated(found, at)
    return report


def let_go(at: int) -> SettlementObserved:
    found = record(None, "shopee.wallet", "wallet/9", stage="released", releases=f"order/{ORDER}", digest=f"{at}")
    release: SettlementObserved = dated(found, at)
    return release


def stated(amount: int, at: int, *, paid: bool) -> StatementObserved:
    of = said(ORDER, amount, paid=paid)
    content = {**of.content, "Payout": f"{amount}.00 IDR"}
    created = f"2026-05-{at:02}T00:00:00.000000Z"
    statement: StatementObserved = dated(
        replace(of, channel="shopee", currency="IDR", created_at=created, content=content, digest=f"{at} {amount}"), at
    )
    return statement


def observe(state: AccountState, observed: Sequence[Observed]) -> AccountState:
    for each in observed:
        made = (
            observe_settlement(each, state) if isinstance(each, SettlementObserved) else observe_statement(each, state)
        )
        state = fold(state, made, NOW)
    return state


def withdrawal(each: Observed, state: AccountState, **known: Any) -> Sequence[AnyEvent]:
    if isinstance(each, StatementObserved):
        return withdraw_statement(STATEMENT_KEY, each.digest, WHY, state, **known)
    key = ("shopee", "", each.reference)
    what = SaidOfMoney(key, each.source, each.reference, said_by(each).content, each.releases, **known)
    return withdraw_settlement(what, WHY, state, {"IDR": 2})


def without(state: AccountState, wrong: Sequence[Observed]) -> AccountState:
    for each in wrong:
        state = fold(state, withdrawal(each, state), NOW)
    return state


def command(state: AccountState, name: str, amount: int) -> tuple[Sequence[AnyEvent], str]:
    """The command's events, or why it is refused."""
    fields = {"account_id": ACCOUNT, "amount": amount, "currency": "IDR", "reference": ORDER}
    kinds: dict[str, type[AnyCommand]] = {"record": RecordRevenue, "settle": SettleRevenue, "refund": RecordRefund}
    try:
        made = decide(kinds[name].model_validate(fields), state, DecisionContext(NOW, EARLIEST, NEW_ID, "live"))
    except Refusal as refusal:
        return [], refusal.code
    return made, ""


def lived(state: AccountState, commands: Sequence[tuple[str, int]]) -> tuple[AccountState, list[Any]]:
    outcomes = []
    for name, amount in commands:
        made, refused = command(state, name, amount)
        outcomes.append((made, refused))
        state = fold(state, made, NOW)
    return state, outcomes


def standing(state: AccountState) -> Any:
    """All that stands, without rows of nothing, positions, and who was named first."""
    moneys = {key: replace(each, position=0) for key, each in state.settlements.items()}
    statements = {key: replace(each, position=0, first_position=0) for key, each in state.statements.items()}
    orders = {
        key: (each.recorded, each.pending, each.refunded, each.told, each.let_go)
        for key, each in state.orders.items()
        if each.recorded or each.pending or each.refunded or each.told or each.let_go
    }
    balances = {key: each for key, each in state.balances.items() if each != Balance()}
    channels = {
        key: ({of: n for of, n in each.paid_out.items() if n}, {of: n for of, n in each.owed.items() if n})
        for key, each in state.channels.items()
    }
    return moneys, statements, orders, balances, channels


AMOUNTS = st.sampled_from([1, 30, 40, 60, 100, 150])
COMMANDS = st.lists(st.tuples(st.sampled_from(["record", "settle", "refund"]), AMOUNTS), max_size=4)
SIGNED = st.one_of(AMOUNTS, st.sampled_from([-50, 0]))


@st.composite
def readings(draw: st.DrawFn) -> tuple[list[Observed], list[Observed]]:
    """Records as they were read wrongly, and as they are read rightly."""
    wrong, right, kind = draw(SIGNED), draw(SIGNED), draw(st.sampled_from(["order", "released", "report", "statement"]))
    paid = draw(st.booleans())
    match kind:
        case "order":
            return [told(wrong, 3)], [told(right, 3)]
        case "released":
            return [told(wrong, 3), let_go(4)], [told(right, 3), let_go(4)]
        case "report":
            return [reported(wrong, 3)], [reported(right, 3)]
        case _:
            return [stated(wrong, 3, paid=paid)], [stated(right, 3, paid=paid)]


@given(COMMANDS, readings(), COMMANDS, st.sampled_from([SELLER, PLATFORM]), st.booleans())
def test_a_wrong_reading_and_a_right_one_end_where_the_right_one_alone_ends(
    before: list[tuple[str, int]],
    read: tuple[list[Observed], list[Observed]],
    between: list[tuple[str, int]],
    collects: str,
    backwards: bool,
) -> None:
    wrong, right = read
    start, _ = lived(account(collects), before)
    mistaken, accepted = lived(observe(start, wrong), between)
    alone, as_alone = lived(start, between)
    withdrawn = without(mistaken, wrong[::-1] if backwards else wrong)
    for key, order in withdrawn.orders.items():
        assert order.pending >= 0, key
    if accepted != as_alone:
        # Commands had money that was there by mistake: what they did with it stays, and no more than it was.
        noted("commands met the mistake")
        signs = {"record": 1, "settle": 0, "refund": -1}
        theirs = sum(signs[name] * amount for (name, amount), (made, _) in zip(between, accepted, strict=True) if made)
        assert total(withdrawn) == total(start) + theirs
        return
    noted("commands did the same")
    assert standing(withdrawn) == standing(alone)
    assert standing(observe(withdrawn, right)) == standing(observe(alone, right))


def total(state: AccountState) -> int:
    """All money in the currency: what is owed, and what was paid."""
    balance = state.balance("IDR")
    return balance.pending + balance.available + balance.held + balance.reserved + balance.paid_out


def test_a_statement_of_the_ledgers_own_is_never_withdrawn() -> None:
    state = observe(account(), [stated(100, 3, paid=False)])
    state.statements = {(OWN, "", "own-1"): state.statements[STATEMENT_KEY]}
    with pytest.raises(InvalidTransition, match="the ledger's own"):
        withdraw_statement((OWN, "", "own-1"), "d", WHY, state)


def of_an_older_release(state: AccountState) -> AccountState:
    """The same, where the rows do not know what commands had to do with the money."""
    found = state.copy()
    unknown: Any = {"absorbed": None, "settled": None, "short": None}
    found.settlements = {key: replace(row, **unknown) for key, row in state.settlements.items()}
    unmoved: Any = {"moved_pending": None, "moved_available": None}
    found.statements = {key: replace(row, **unmoved) for key, row in state.statements.items()}
    return found


@pytest.mark.parametrize("collects", [SELLER, PLATFORM])
@pytest.mark.parametrize(
    "each",
    [told(100, 3), told(-50, 3), reported(100, 3), stated(100, 3, paid=False), stated(100, 3, paid=True), stated(-5, 3, paid=True)],
    ids=["told", "below zero", "reported", "statement", "paid statement", "paid statement below zero"],
)  # fmt: skip
def test_what_a_row_of_an_older_release_does_not_know_is_not_taken_for_zero(each: Observed, collects: str) -> None:
    state = of_an_older_release(observe(account(collects), [each]))
    with pytest.raises(InvalidTransition, match="payout-ledger rebuild inline"):
        withdrawal(each, state)
    known = (
        withdraw_statement(STATEMENT_KEY, each.digest, WHY, state, by_commands=False)
        if isinstance(each, StatementObserved)
        else withdrawal(each, state, by_commands=False)
    )
    assert standing(fold(state, known, NOW)) == standing(account(collects))


@pytest.mark.parametrize("each", [told(100, 3), reported(100, 3), stated(100, 3, paid=True)])
def test_money_that_commands_recorded_and_settled_in_part_is_theirs_again(each: Observed) -> None:
    commands: list[AnyEvent] = [
        RevenueRecorded(amount=100, currency="IDR", reference=ORDER),
        RevenueSettled(amount=60, currency="IDR", reference=ORDER),
    ]
    before = fold(account(), commands)
    assert standing(without(observe(before, [each]), [each])) == standing(before)


@pytest.mark.parametrize("amount", [-50, 40])
def test_what_commands_had_settled_of_money_that_a_wrong_reading_took_is_available_again(amount: int) -> None:
    commands: list[AnyEvent] = [
        RevenueRecorded(amount=100, currency="IDR", reference=ORDER),
        RevenueSettled(amount=100, currency="IDR", reference=ORDER),
    ]
    before, wrong = fold(account(), commands), told(amount, 3)
    assert observe(before, [wrong]).balance("IDR").available == amount
    assert standing(without(observe(before, [wrong]), [wrong])) == standing(before)
