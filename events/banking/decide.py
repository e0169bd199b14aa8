"""Matching what a bank says with what it is for, by hand: made and unmade by an operator, with a reason.

The money of an entry is claimed once: all matches of an entry that stand claim no more than its amount. What is claimed
for a target may be less or more than was expected of it: reconciliation shows that, and nobody is refused for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events.account_state import AccountState
from events.accounts.state import TOLERANCES, Account
from events.banking.commands import BankingCommand, MakeMatch, MatchTarget, SetTolerance, UnmakeMatch
from events.banking.events import MatchMade, MatchUnmade, ToleranceSet
from events.banking.state import BankEntry
from events.catalog import AnyEvent
from events.decision_context import DecisionContext
from events.refusals import (
    AlreadyMatched,
    BankEntryNotFound,
    InvalidCommand,
    InvalidTransition,
    MatchNotFound,
    PayoutNotFound,
    StatementNotFound,
)
from events.values import Data


def decide(
    command: BankingCommand, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    match command:
        case MakeMatch():
            return make_match(command, state, context)
        case UnmakeMatch():
            return unmake_match(command, state, context)
        case SetTolerance():
            return set_tolerance(command, account)
        case _:
            assert_never(command)


def make_match(command: MakeMatch, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    entry = state.bank_entries.get(command.entry_id)
    if entry is None:
        raise BankEntryNotFound(command.entry_id)
    left = abs(entry.amount) - entry.claimed
    expected = [_expected(f"targets[{index}]", target, entry, state) for index, target in enumerate(command.targets)]
    named = [(target.kind, target.channel, target.seller, target.id) for target in command.targets]
    for index, name in enumerate(named):
        if name in named[:index]:
            raise InvalidCommand("this target stands twice in the match", field=f"targets[{index}].id")
    if left <= 0:
        raise AlreadyMatched(entry_id=command.entry_id, asked=0, left=left, currency=entry.currency)
    targets: list[Data] = []
    for index, target in enumerate(command.targets):
        amount = target.amount
        if amount is None:
            # One target without an amount gets what is left; several get what is expected of each.
            amount = left if len(command.targets) == 1 else expected[index]
        if amount is None:
            raise InvalidCommand(
                "say how much of the entry is for this target: the ledger does not know what is expected of it",
                field=f"targets[{index}].amount",
            )
        given = {"kind": target.kind, "id": target.id, "channel": target.channel, "seller": target.seller}
        targets.append({**{name: said for name, said in given.items() if said is not None}, "amount": amount})
    asked = sum(target["amount"] for target in targets)
    if asked > left:
        raise AlreadyMatched(entry_id=command.entry_id, asked=asked, left=left, currency=entry.currency)
    return [
        MatchMade(
            match_id=f"mat_{context.new_id}",
            entry_id=command.entry_id,
            currency=entry.currency,
            targets=targets,
            reason=command.reason,
            made_by=context.actor,
        )
    ]


def _expected(where: str, target: MatchTarget, entry: BankEntry, state: AccountState) -> int | None:
    """What is expected of the target; None where the rows of a decision do not tell."""
    names = target.kind in ("statement", "order", "withdrawal")
    if names != (target.channel is not None):
        message = f"a target of kind {target.kind} names {'its' if names else 'no'} channel"
        raise InvalidCommand(message, field=f"{where}.channel")
    if target.seller is not None and not names:
        raise InvalidCommand(f"a target of kind {target.kind} names no seller", field=f"{where}.seller")
    if target.kind == "statement":
        assert target.channel is not None
        statement = state.statements.get((target.channel, target.seller or "", target.id))
        if statement is None:
            raise StatementNotFound(target.channel, target.id, field=f"{where}.id")
        _check_currency(where, entry, statement.currency)
        if entry.amount * statement.booked < 0:
            raise InvalidCommand(
                "the entry goes the other way: what came in pays what a statement owes, what went out what it takes back",
                field=f"{where}.id",
            )
        return abs(statement.booked) or None
    if target.kind == "payout":
        payout = state.payouts.get(target.id)
        if payout is None:
            raise PayoutNotFound(target.id)
        _check_currency(where, entry, payout.currency)
        return payout.amount
    return None


def _check_currency(where: str, entry: BankEntry, currency: str) -> None:
    if entry.currency != currency:
        raise InvalidCommand(f"the entry is in {entry.currency}, this target in {currency}", field=f"{where}.id")


def unmake_match(command: UnmakeMatch, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    match = state.matches.get(command.match_id)
    if match is None:
        raise MatchNotFound(command.match_id)
    if match.unmade_at is not None:
        raise InvalidTransition(f"match {command.match_id} was unmade already, by {match.unmade_by}")
    return [
        MatchUnmade(match_id=command.match_id, entry_id=match.entry_id, reason=command.reason, unmade_by=context.actor)
    ]


def set_tolerance(command: SetTolerance, account: Account) -> Sequence[AnyEvent]:
    if account.settings.get(TOLERANCES, {}).get(command.currency) == command.tolerance:
        return []
    return [ToleranceSet(currency=command.currency, tolerance=command.tolerance)]
