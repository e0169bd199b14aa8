"""What the ledger's own statements change: the chain that each continues, and their rows. No money moves."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState, replace
from events.balances.state import Balance
from events.channels.state import PLATFORM, ChannelStatement
from events.instants import Instant
from events.statements.chain import CHANNEL, Link, with_cycle, with_statement
from events.statements.events import StatementClosed, StatementCycleSet, StatementEvent


def evolve(state: AccountState, event: StatementEvent, at: Instant, position: int) -> None:
    """Folds one event of the account's own statements into its state."""
    account = state.account
    assert account is not None, "an account's first event is that it was opened"
    match event:
        case StatementCycleSet():
            standing = {currency: Link(owed(balance), balance.held) for currency, balance in state.balances.items()}
            settings = with_cycle(account.settings, event, standing, state.version, position)
        case StatementClosed():
            settings = with_statement(account.settings, event)
            state.statements[CHANNEL, "", event.number] = _row(event, position)
        case _:
            assert_never(event)
    state.account = replace(account, settings=settings)


def owed(balance: Balance) -> int:
    """What a statement's closing balance is: all that the ledger owes the account, but for what is held."""
    return balance.pending + balance.available + balance.reserved


def _row(event: StatementClosed, position: int) -> ChannelStatement:
    """The statement's row, beside those of marketplaces. It moves no money: it says what was moved."""
    return ChannelStatement(
        source=CHANNEL,
        currency=event.currency,
        content=event.content,
        findings=[],
        digest="",
        reference="",
        collects=PLATFORM,
        first_position=position,
        position=position,
        created_at=event.created_at,
        updated_at=event.created_at,
        paid=True,
        was_paid=True,
        previous=event.previous,
    )
