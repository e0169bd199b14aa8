"""What the ledger's own statements do to an account's books: the chain they hang on, and their rows. No money moves."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from events.books import Books
from events.books.channels import PLATFORM, ChannelStatement
from events.books.money import Balance
from events.facts import StatementClosed, StatementCycleSet
from events.own_statements import CHANNEL, Link, with_cycle, with_statement


def move_own_statements(books: Books, fact: StatementCycleSet | StatementClosed, position: int) -> None:
    """Folds one fact about the account's own statements into the books."""
    account = books.account
    assert account is not None, "an account's first fact is that it was opened"
    match fact:
        case StatementCycleSet():
            standing = {currency: Link(owed(balance), balance.held) for currency, balance in books.balances.items()}
            settings = with_cycle(account.settings, fact, standing, books.version, position)
        case StatementClosed():
            settings = with_statement(account.settings, fact)
            books.statements[CHANNEL, "", fact.number] = _row(fact, position)
        case _:
            assert_never(fact)
    books.account = replace(account, settings=settings)


def owed(balance: Balance) -> int:
    """What a statement's closing balance is: all that the ledger owes the account, but for what is held."""
    return balance.pending + balance.available + balance.reserved


def _row(fact: StatementClosed, position: int) -> ChannelStatement:
    """The statement beside those of marketplaces. It books nothing: it says what was booked."""
    return ChannelStatement(
        source=CHANNEL,
        currency=fact.currency,
        content=fact.content,
        findings=[],
        digest="",
        reference="",
        collects=PLATFORM,
        first_position=position,
        position=position,
        created_at=fact.created_at,
        updated_at=fact.created_at,
        paid=True,
        was_paid=True,
        previous=fact.previous,
    )
