"""Opening, configuring, freezing and closing an account."""

from __future__ import annotations

from collections.abc import Sequence

from events import commands, facts
from events.books import Books
from events.books.accounts import CLOSED, FROZEN, OPEN, PLUGIPAY, SETTLEMENT_TERMS, TOLERANCES, Account
from events.evolve_channels import terms_of
from events.facts import Fact
from events.refusals import AccountExists, InvalidCommand, InvalidTransition, SecretNotFound, WorkspaceTaken
from events.rules.context import Context


def open_account(command: commands.OpenAccount, books: Books, context: Context) -> Sequence[Fact]:
    if books.account is not None:
        raise AccountExists(command.account_id)
    return [facts.AccountOpened(mode=context.mode, backend=command.backend, currency=command.currency)]


def set_backend(command: commands.SetBackend, account: Account) -> Sequence[Fact]:
    if command.backend == account.backend:
        return []
    return [facts.BackendSet(backend=command.backend)]


def freeze(command: commands.FreezeAccount, account: Account) -> Sequence[Fact]:
    if account.status == FROZEN:
        raise InvalidTransition("the account is frozen already")
    return [facts.AccountFrozen(reason=command.reason)]


def unfreeze(command: commands.UnfreezeAccount, account: Account) -> Sequence[Fact]:
    if account.status == OPEN:
        raise InvalidTransition("the account is not frozen")
    return [facts.AccountUnfrozen(reason=command.reason)]


def close(command: commands.CloseAccount, books: Books, account: Account) -> Sequence[Fact]:
    assert account.status != CLOSED, "a closed account takes no command"
    left = {
        currency: {"pending": b.pending, "available": b.available, "reserved": b.reserved, "held": b.held}
        for currency, b in books.balances.items()
        if b.pending or b.available or b.reserved or b.held
    }
    if left:
        raise InvalidTransition(
            f"the account cannot be closed while money is in it ({', '.join(sorted(left))})", details={"balances": left}
        )
    return [facts.AccountClosed(reason=command.reason)]


def set_bank_account(command: commands.SetBankAccount, account: Account) -> Sequence[Fact]:
    if account.backend == PLUGIPAY and command.bank_code is None:
        raise InvalidCommand("bankCode is required while payouts go through Plugipay", field="bankCode")
    return [
        facts.BankAccountSet(
            bank_code=command.bank_code,
            bank_name=command.bank_name,
            bank_account_number=command.bank_account_number,
            bank_account_holder=command.bank_account_holder,
        )
    ]


def set_provider(command: commands.SetProvider, books: Books) -> Sequence[Fact]:
    """A key may be changed at any time; a workspace only while nothing is under way in the old one.

    The provider knows idempotency keys by workspace: a payout without an answer, repeated in another, would be made twice.
    """
    if command.workspace_is_taken:
        raise WorkspaceTaken(command.workspace_id)
    old = books.provider
    moves = old is not None and (old.workspace_id, old.base_url) != (command.workspace_id, command.base_url)
    if moves and any(balance.reserved for balance in books.balances.values()):
        raise InvalidTransition("payouts are under way in the workspace that is set: wait until they have ended")
    return [
        facts.ProviderSet(
            workspace_id=command.workspace_id, key_id=command.key_id, secret=command.secret, base_url=command.base_url
        )
    ]


def add_webhook_secret(command: commands.AddWebhookSecret, context: Context) -> Sequence[Fact]:
    return [facts.WebhookSecretAdded(secret_id=f"whs_{context.new_id}", secret=command.secret)]


def retire_webhook_secret(command: commands.RetireWebhookSecret, books: Books) -> Sequence[Fact]:
    secret = books.secrets.get(command.secret_id)
    if secret is None or secret.retired_at is not None:
        raise SecretNotFound(command.secret_id)
    return [facts.WebhookSecretRetired(secret_id=command.secret_id)]


def set_channel(command: commands.SetChannel) -> Sequence[Fact]:
    return [
        facts.ChannelSet(
            channel=command.channel,
            collects=command.collects,
            seller=command.seller,
            currency=command.currency,
            zone=command.zone,
        )
    ]


def set_tolerance(command: commands.SetTolerance, account: Account) -> Sequence[Fact]:
    if account.settings.get(TOLERANCES, {}).get(command.currency) == command.tolerance:
        return []
    return [facts.ToleranceSet(currency=command.currency, tolerance=command.tolerance)]


def set_settlement_terms(command: commands.SetSettlementTerms, account: Account) -> Sequence[Fact]:
    if command.due_after_days is not None and command.due_after_business_days is not None:
        raise InvalidCommand(
            "give dueAfterDays or dueAfterBusinessDays: both cannot hold", field="dueAfterBusinessDays"
        )
    fact = facts.SettlementTermsSet(
        channel=command.channel,
        period=command.period,
        due_after_days=command.due_after_days,
        due_after_business_days=command.due_after_business_days,
        country=command.country,
    )
    if account.settings.get(SETTLEMENT_TERMS, {}).get(command.channel, {}) == terms_of(fact):
        return []
    return [fact]
