"""`decide`: a command and the books as they stand give facts, or a refusal. Pure and total.

A command in the wrong state is refused, a repeat included: repeats are settled by the idempotency key before a
decision is asked for. An empty answer means that what was wished for is so already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events import commands
from events.books import Books
from events.books.accounts import CLOSED
from events.commands import AnyCommand
from events.facts import Fact
from events.refusals import AccountIsClosed, AccountNotFound, InvalidCommand, VersionConflict
from events.rules import accounts, balances, disputes, matches, own_statements, payouts, policies, submissions
from events.rules.context import Context

_ALSO_WHEN_CLOSED = (
    commands.RecordBankReturn,
    commands.OpenDispute,
    commands.ResolveDispute,
    commands.CloseCase,
    commands.SetProvider,
    commands.MakeMatch,
    commands.UnmakeMatch,
)
"""Bank returns and disputes are facts that somebody reports; cases and matches concern facts: they come in whatever the state.
And a closed account may give its workspace away."""


def decide(command: AnyCommand, books: Books, context: Context) -> Sequence[Fact]:
    """The facts that follow from the command; raises a Refusal and changes nothing where none may."""
    account = books.account
    if account is not None and account.mode != context.mode:
        raise AccountNotFound(command.account_id)
    if account is None and not isinstance(command, commands.OpenAccount):
        raise AccountNotFound(command.account_id)
    if command.expected_version is not None and command.expected_version != books.version:
        raise VersionConflict(expected=command.expected_version, actual=books.version)
    _check_time(command, context)
    if account is None or isinstance(command, commands.OpenAccount):
        assert isinstance(command, commands.OpenAccount)
        return accounts.open_account(command, books, context)
    if account.status == CLOSED and not isinstance(command, _ALSO_WHEN_CLOSED):
        raise AccountIsClosed(command.account_id)
    match command:
        case commands.RequestPayout():
            return payouts.request(command, books, account, context)
        case commands.RecordRevenue():
            return balances.record_revenue(command, books, account)
        case commands.SettleRevenue():
            return balances.settle_revenue(command, books, account)
        case commands.RecordRefund():
            return balances.record_refund(command, books, account)
        case commands.ChargeFee():
            return balances.charge_fee(command, books, account)
        case commands.Adjust():
            return balances.adjust(command, books, account)
        case commands.HoldReserve():
            return balances.hold_reserve(command, books, account, context)
        case commands.ReleaseReserve():
            return balances.release_reserve(command, books)
        case commands.OpenDispute():
            return disputes.open_dispute(command, books, account, context)
        case commands.ResolveDispute():
            return disputes.resolve_dispute(command, books)
        case commands.SetPayoutPolicy():
            return policies.set_policy(command, account, context)
        case commands.CancelPayout():
            return payouts.cancel(command, books)
        case commands.MarkInTransit():
            return payouts.mark_in_transit(command, books, account)
        case commands.MarkPaid():
            return payouts.mark_paid(command, books)
        case commands.MarkFailed():
            return payouts.mark_failed(command, books)
        case commands.RecordBankReturn():
            return payouts.record_return(command, books, context)
        case commands.LinkProviderPayout():
            return submissions.link_provider(command, books)
        case commands.ResubmitPayout():
            return submissions.resubmit(command, books, account, context)
        case commands.CloseCase():
            return submissions.close_case(command, books, context)
        case commands.SetBankAccount():
            return accounts.set_bank_account(command, account)
        case commands.SetBackend():
            return accounts.set_backend(command, account)
        case commands.FreezeAccount():
            return accounts.freeze(command, account)
        case commands.UnfreezeAccount():
            return accounts.unfreeze(command, account)
        case commands.CloseAccount():
            return accounts.close(command, books, account)
        case commands.SetProvider():
            return accounts.set_provider(command, books)
        case commands.AddWebhookSecret():
            return accounts.add_webhook_secret(command, context)
        case commands.RetireWebhookSecret():
            return accounts.retire_webhook_secret(command, books)
        case commands.SetChannel():
            return accounts.set_channel(command)
        case commands.SetStatementCycle():
            return own_statements.set_cycle(command, account, context)
        case commands.SetTolerance():
            return accounts.set_tolerance(command, account)
        case commands.SetSettlementTerms():
            return accounts.set_settlement_terms(command, account)
        case commands.MakeMatch():
            return matches.make_match(command, books, context)
        case commands.UnmakeMatch():
            return matches.unmake_match(command, books, context)
        case _:
            assert_never(command)


def _check_time(command: AnyCommand, context: Context) -> None:
    if command.effective_at is None:
        return
    if command.effective_at > context.now:
        raise InvalidCommand("effectiveAt lies in the future: it is when something happened", field="effectiveAt")
    if command.effective_at < context.earliest:
        raise InvalidCommand(f"effectiveAt lies before {context.earliest}, the earliest allowed", field="effectiveAt")
