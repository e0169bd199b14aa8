"""Choosing a statement cycle, and closing statements so that each continues the one before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from events.account_state import AccountState
from events.balances.events import ReserveHeld, RevenueRecorded
from events.refusals import InvalidCommand
from events.statements.chain import CHANNEL, Chain, read_chain
from events.statements.commands import SetStatementCycle
from events.statements.decide import DoesNotTie, NotYet, close
from events.statements.events import StatementClosed, StatementCycleSet
from tests.spec import ACCOUNT, NOW, earned, fold, given, opened

MONDAY = "2026-05-17T17:00:00.000000Z"
"""The end of the week in Jakarta that NOW, a Wednesday, lies in."""
LATER = "2026-05-17T17:00:05.000000Z"

WEEKLY = StatementCycleSet("weekly", "Asia/Jakarta", "monday", NOW, MONDAY)


def cycle(kind: str, zone: str | None = None, week_starts_on: str | None = None) -> SetStatementCycle:
    return SetStatementCycle.model_validate(
        {"account_id": ACCOUNT, "cycle": kind, "zone": zone, "week_starts_on": week_starts_on}
    )


def test_a_cycle_says_when_its_first_period_ends() -> None:
    given(opened()).when(cycle("weekly", "Asia/Jakarta")).then(WEEKLY)
    given(opened()).when(cycle("weekly", "Asia/Jakarta", "sunday")).then(
        StatementCycleSet("weekly", "Asia/Jakarta", "sunday", NOW, "2026-05-16T17:00:00.000000Z")
    )
    given(opened()).when(cycle("delivered_order", "UTC")).then(
        StatementCycleSet("delivered_order", "UTC", "monday", NOW)
    )


def test_what_is_not_said_anew_stays() -> None:
    sunday = StatementCycleSet("weekly", "Asia/Jakarta", "sunday", NOW, MONDAY)
    given(opened(), sunday).when(cycle("weekly")).then_nothing_changes()
    given(opened(), sunday).when(cycle("weekly", None, "sunday")).then_nothing_changes()
    given(opened(), sunday).when(cycle("off")).then(StatementCycleSet("off", "Asia/Jakarta", "monday", NOW))
    given(opened()).when(cycle("off")).then_nothing_changes()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (cycle("weekly"), "zone"),
        (cycle("monthly", "Mars/Olympus"), "zone"),
        (cycle("monthly", "UTC", "monday"), "weekStartsOn"),
    ],
)
def test_a_cycle_that_cannot_be_is_refused_by_its_field(wish: SetStatementCycle, field: str) -> None:
    given(opened()).when(wish).then_refused(InvalidCommand.code, field)


def chain_of(state: AccountState) -> Chain:
    assert state.account is not None
    chain = read_chain(state.account.settings)
    assert chain is not None
    return chain


def test_the_chain_begins_with_what_stands_there_and_survives_another_cycle() -> None:
    state = fold(AccountState(ACCOUNT), [opened(), *earned(700), ReserveHeld("rsv_1", 100, "IDR", "dispute"), WEEKLY])
    chain = chain_of(state)
    assert (chain.link("IDR").closing, chain.link("IDR").held, chain.link("IDR").number) == (600, 100, None)
    assert (chain.through_version, chain.due_at) == (state.version, MONDAY)
    monthly = StatementCycleSet("monthly", "UTC", "monday", LATER, "2026-06-01T00:00:00.000000Z")
    after = chain_of(fold(state, [monthly]))
    assert (after.cycle.kind, after.cycle_at_cut.kind) == ("monthly", "weekly")
    assert (after.due_at, after.through_version) == (MONDAY, chain.through_version), "what is due already stays due"


def due(state: AccountState, **changes: object) -> StatementClosed:
    """A statement that continues the books' chain up to their last event."""
    chain, balance = chain_of(state), state.balance("IDR")
    made = StatementClosed(
        number="acc_1-2026-W20-IDR-1",
        currency="IDR",
        cycle="weekly",
        zone="Asia/Jakarta",
        week_starts_on="monday",
        starts_at=NOW,
        ends_at=MONDAY,
        after_position=chain.through_position,
        after_version=chain.through_version,
        through_position=state.version,
        through_version=state.version,
        opening=chain.link("IDR").closing,
        closing=balance.pending + balance.available + balance.reserved,
        held_before=chain.link("IDR").held,
        held=balance.held,
        content={"Payout": "0.00 IDR"},
        created_at="",
        previous=chain.link("IDR").number,
        next_due_at="2026-05-24T17:00:00.000000Z",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def state() -> AccountState:
    return fold(AccountState(ACCOUNT), [opened(), WEEKLY, RevenueRecorded(500, "IDR", "o-1")])


def test_a_statement_is_closed_once_and_stands_beside_those_of_marketplaces(state: AccountState) -> None:
    (closed,) = close([due(state)], state, LATER, certain=False)
    assert (closed.created_at, closed.content["CreatedAt"]) == (LATER, "2026-05-18 00:00:05")
    after = fold(state, [closed])
    chain = chain_of(after)
    assert (chain.link("IDR").number, chain.link("IDR").closing, chain.link("IDR").count) == (closed.number, 500, 1)
    assert (chain.cut_at, chain.due_at) == (MONDAY, "2026-05-24T17:00:00.000000Z")
    row = after.statements[CHANNEL, "", closed.number]
    assert (row.source, row.paid, row.findings, row.content) == ("ledger", True, [], closed.content)
    assert close([due(state)], after, LATER, certain=True) == [], "somebody else was faster"


@pytest.mark.parametrize(
    "changes", [{"after_position": 1}, {"opening": 1}, {"held_before": 1}, {"previous": "another"}]
)
def test_a_statement_that_does_not_continue_the_chain_is_none(state: AccountState, changes: dict[str, object]) -> None:
    assert close([due(state, **changes)], state, LATER, certain=True) == []


def test_a_cut_waits_until_nothing_more_can_come_before_it(state: AccountState) -> None:
    with pytest.raises(NotYet):
        close([due(state)], state, "2026-05-17T16:59:59.999999Z", certain=True)
    moved = fold(state, [RevenueRecorded(1, "IDR", "o-2")])
    with pytest.raises(NotYet):
        close([due(state)], moved, LATER, certain=False)
    assert len(close([due(state)], moved, LATER, certain=True)) == 1, "what came later is known to be later"


@pytest.mark.parametrize("changes", [{"closing": 501}, {"held": 1}])
def test_a_statement_that_does_not_tie_out_is_not_stated(state: AccountState, changes: dict[str, object]) -> None:
    with pytest.raises(DoesNotTie, match="acc_1-2026-W20-IDR-1"):
        close([due(state, **changes)], state, LATER, certain=False)
