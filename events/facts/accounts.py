"""The account: opened, configured, frozen and closed; and the ledger's own beginning."""

from __future__ import annotations

from events.values import value


@value
class LedgerBegun:
    """Position 1 of a lane: which ledger this is and how many decimals each currency has in it, for ever."""

    digest_version: int
    exponents: dict[str, int]


@value
class AccountOpened:
    """The account exists, in live or test mode, with its first currency."""

    mode: str
    backend: str
    currency: str


@value
class CurrencyAdded:
    """The account holds one more currency. Currencies are never mixed or converted."""

    currency: str


@value
class BackendSet:
    """Payouts requested from now on go this way: `manual` or `plugipay`."""

    backend: str


@value
class AccountFrozen:
    """No payout leaves until it is unfrozen; facts still come in."""

    reason: str


@value
class AccountUnfrozen:
    """Payouts may leave again."""

    reason: str


@value
class AccountClosed:
    """No command is taken any more; facts still come in."""

    reason: str


@value
class BankAccountSet:
    """Where payouts requested from now on go. Number and holder are *sealed*."""

    bank_code: str | None
    bank_name: str
    bank_account_number: str
    bank_account_holder: str


@value
class ProviderSet:
    """How to reach this account's workspace at Plugipay. The secret is *sealed*."""

    workspace_id: str
    key_id: str
    secret: str
    base_url: str | None


@value
class WebhookSecretAdded:
    """Deliveries signed with this secret (*sealed*) are believed from now on."""

    secret_id: str
    secret: str


@value
class WebhookSecretRetired:
    """Deliveries received from now on are not believed on this secret's word."""

    secret_id: str
