"""What happens to the account itself."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState, replace
from events.accounts.events import (
    AccountClosed,
    AccountEvent,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    BackendSet,
    BankAccountSet,
    CurrencyAdded,
    LedgerBegun,
    ProviderSet,
    WebhookSecretAdded,
    WebhookSecretRetired,
)
from events.accounts.state import FROZEN, MANUAL, OPEN, SYSTEM_MODE, Account, BankAccount, Provider, WebhookSecret
from events.balances.state import Balance
from events.envelope import Envelope
from events.instants import Instant
from events.policies import cycles


def evolve(
    state: AccountState, event: AccountEvent, at: Instant, position: int, envelope: Envelope | None = None
) -> None:
    if isinstance(event, LedgerBegun):
        state.account = Account(mode=SYSTEM_MODE, backend=MANUAL, currencies=(), opened_at=at)
        return
    if isinstance(event, AccountOpened):
        state.account = Account(mode=event.mode, backend=event.backend, currencies=(event.currency,), opened_at=at)
        state.balances[event.currency] = Balance()
        return
    account = state.account
    assert account is not None, "an account's first event is that it was opened"
    match event:
        case CurrencyAdded():
            state.account = replace(account, currencies=(*account.currencies, event.currency))
            state.balances[event.currency] = Balance()
        case BackendSet():
            state.account = replace(account, backend=event.backend)
        case AccountFrozen():
            state.account = replace(account, status=FROZEN)
        case AccountUnfrozen():
            state.account = replace(account, status=OPEN)
        case AccountClosed():
            state.account = cycles.close(account)
        case BankAccountSet():
            state.bank_account = BankAccount(
                event.bank_code,
                event.bank_name,
                event.bank_account_number,
                event.bank_account_holder,
                at,
                set_by=envelope.actor.name if envelope else None,
                # Not the time at which it is said to have happened: that may lie as far back as one likes.
                changed_at=envelope.recorded_at if envelope and state.bank_account else None,
            )
        case ProviderSet():
            state.provider = Provider(event.workspace_id, event.key_id, event.secret, event.base_url)
        case WebhookSecretAdded():
            state.secrets[event.secret_id] = WebhookSecret(event.secret, added_at=at)
        case WebhookSecretRetired():
            state.secrets[event.secret_id] = replace(state.secrets[event.secret_id], retired_at=at)
        case _:
            assert_never(event)
