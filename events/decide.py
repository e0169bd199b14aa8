"""`decide`: a command and the account's state give events, or a refusal. Pure and total.

A command in the wrong state is refused, a repeat included: repeats are settled by the idempotency key before a
decision is asked for. An empty answer means that what was asked for is so already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import events.accounts.decide as accounts
import events.balances.decide as balances
import events.banking.decide as banking
import events.channels.decide as channels
import events.disputes.decide as disputes
import events.payouts.decide as payouts
import events.policies.decide as policies
import events.provider.decide as provider
import events.statements.decide as statements
from events.account_state import AccountState
from events.accounts.commands import AccountCommand, OpenAccount
from events.accounts.state import CLOSED
from events.balances.commands import BalanceCommand
from events.banking.commands import BankingCommand
from events.catalog import AnyCommand, AnyEvent
from events.channels.commands import ChannelCommand
from events.decision_context import DecisionContext
from events.disputes.commands import DisputeCommand
from events.payouts.commands import PayoutCommand
from events.policies.commands import PolicyCommand
from events.provider.commands import CaseCommand
from events.refusals import AccountIsClosed, AccountNotFound, InvalidCommand, VersionConflict
from events.statements.commands import StatementCommand

Decide = Callable[..., Sequence[AnyEvent]]

_SUBJECTS: tuple[tuple[Any, Decide], ...] = (
    (AccountCommand, accounts.decide),
    (BalanceCommand, balances.decide),
    (PayoutCommand, payouts.decide),
    (CaseCommand, provider.decide),
    (ChannelCommand, channels.decide),
    (DisputeCommand, disputes.decide),
    (PolicyCommand, policies.decide),
    (BankingCommand, banking.decide),
    (StatementCommand, statements.decide),
)

_DECIDE: dict[type, Decide] = {
    command_type: rule for subject, rule in _SUBJECTS for command_type in get_args(subject) or (subject,)
}
assert _DECIDE.keys() == set(get_args(get_args(AnyCommand)[0])), "every command's subject decides it"


def decide(command: AnyCommand, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    """The events that follow from the command; raises a Refusal and changes nothing where none may."""
    account = state.account
    if account is not None and account.mode != context.mode:
        raise AccountNotFound(command.account_id)
    if account is None and not isinstance(command, OpenAccount):
        raise AccountNotFound(command.account_id)
    if command.expected_version is not None and command.expected_version != state.version:
        raise VersionConflict(expected=command.expected_version, actual=state.version)
    _check_time(command, context)
    if isinstance(command, OpenAccount):
        return accounts.open_account(command, state, context)
    assert account is not None, "only openAccount is about no account"
    if account.status == CLOSED and not command.also_when_closed:
        raise AccountIsClosed(command.account_id)
    return _DECIDE[type(command)](command, state, account, context)


def _check_time(command: AnyCommand, context: DecisionContext) -> None:
    if command.effective_at is None:
        return
    if command.effective_at > context.now:
        raise InvalidCommand("effectiveAt lies in the future: it is when something happened", field="effectiveAt")
    if command.effective_at < context.earliest:
        raise InvalidCommand(f"effectiveAt lies before {context.earliest}, the earliest allowed", field="effectiveAt")
