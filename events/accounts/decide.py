"""Opening, configuring, freezing and closing an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events.account_state import AccountState
from events.accounts.commands import (
    AccountCommand,
    AddWebhookSecret,
    CloseAccount,
    FreezeAccount,
    OpenAccount,
    RetireWebhookSecret,
    SetBackend,
    SetBankAccount,
    SetProvider,
    UnfreezeAccount,
)
from events.accounts.events import (
    AccountClosed,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    BackendSet,
    BankAccountSet,
    ProviderSet,
    WebhookSecretAdded,
    WebhookSecretRetired,
)
from events.accounts.state import CLOSED, FROZEN, OPEN, PLUGIPAY, TEST, Account
from events.catalog import AnyEvent
from events.decision_context import DecisionContext
from events.refusals import AccountExists, InvalidCommand, InvalidTransition, SecretNotFound, WorkspaceTaken


def decide(
    command: AccountCommand, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    match command:
        case OpenAccount():
            return open_account(command, state, context)
        case SetBankAccount():
            return set_bank_account(command, account)
        case SetBackend():
            return set_backend(command, account)
        case FreezeAccount():
            return freeze(command, account)
        case UnfreezeAccount():
            return unfreeze(command, account)
        case CloseAccount():
            return close(command, state, account)
        case SetProvider():
            return set_provider(command, state)
        case AddWebhookSecret():
            return add_webhook_secret(command, context)
        case RetireWebhookSecret():
            return retire_webhook_secret(command, state)
        case _:
            assert_never(command)


def open_account(command: OpenAccount, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    if state.account is not None:
        raise AccountExists(command.account_id)
    return [AccountOpened(mode=context.mode, backend=command.backend, currency=command.currency)]


def check_account_id(command: OpenAccount, state: AccountState, mode: str, test_prefix: str) -> None:
    """InvalidCommand for an id that only accounts of the other mode have, whether or not there is such an account.

    Of its own mode, an account that was opened before ids were kept apart keeps its id.
    """
    if state.account is not None and state.account.mode == mode:
        return
    if command.account_id.startswith(test_prefix) != (mode == TEST):
        only = "begins" if mode == TEST else "does not begin"
        raise InvalidCommand(f"the id of an account in {mode} mode {only} with {test_prefix}", field="accountId")


def set_backend(command: SetBackend, account: Account) -> Sequence[AnyEvent]:
    if command.backend == account.backend:
        return []
    return [BackendSet(backend=command.backend)]


def freeze(command: FreezeAccount, account: Account) -> Sequence[AnyEvent]:
    if account.status == FROZEN:
        raise InvalidTransition("the account is frozen already")
    return [AccountFrozen(reason=command.reason)]


def unfreeze(command: UnfreezeAccount, account: Account) -> Sequence[AnyEvent]:
    if account.status == OPEN:
        raise InvalidTransition("the account is not frozen")
    return [AccountUnfrozen(reason=command.reason)]


def close(command: CloseAccount, state: AccountState, account: Account) -> Sequence[AnyEvent]:
    assert account.status != CLOSED, "a closed account takes no command"
    left = {
        currency: {"pending": b.pending, "available": b.available, "reserved": b.reserved, "held": b.held}
        for currency, b in state.balances.items()
        if b.pending or b.available or b.reserved or b.held
    }
    if left:
        raise InvalidTransition(
            f"the account cannot be closed while money is in it ({', '.join(sorted(left))})", details={"balances": left}
        )
    return [AccountClosed(reason=command.reason)]


def set_bank_account(command: SetBankAccount, account: Account) -> Sequence[AnyEvent]:
    if account.backend == PLUGIPAY and command.bank_code is None:
        raise InvalidCommand("bankCode is required while payouts go through Plugipay", field="bankCode")
    return [
        BankAccountSet(
            bank_code=command.bank_code,
            bank_name=command.bank_name,
            bank_account_number=command.bank_account_number,
            bank_account_holder=command.bank_account_holder,
        )
    ]


def set_provider(command: SetProvider, state: AccountState) -> Sequence[AnyEvent]:
    """A key may be changed at any time; a workspace only while nothing is under way in the old one.

    The provider knows idempotency keys by workspace: a payout without an answer, repeated in another, would be made twice.
    """
    if command.workspace_is_taken:
        raise WorkspaceTaken(command.workspace_id)
    old = state.provider
    moves = old is not None and (old.workspace_id, old.base_url) != (command.workspace_id, command.base_url)
    if moves and any(balance.reserved for balance in state.balances.values()):
        raise InvalidTransition("payouts are under way in the workspace that is set: wait until they have ended")
    return [
        ProviderSet(
            workspace_id=command.workspace_id, key_id=command.key_id, secret=command.secret, base_url=command.base_url
        )
    ]


def add_webhook_secret(command: AddWebhookSecret, context: DecisionContext) -> Sequence[AnyEvent]:
    return [WebhookSecretAdded(secret_id=f"whs_{context.new_id}", secret=command.secret)]


def retire_webhook_secret(command: RetireWebhookSecret, state: AccountState) -> Sequence[AnyEvent]:
    secret = state.secrets.get(command.secret_id)
    if secret is None or secret.retired_at is not None:
        raise SecretNotFound(command.secret_id)
    return [WebhookSecretRetired(secret_id=command.secret_id)]
