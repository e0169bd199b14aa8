"""What happened to the account itself: opened, configured, frozen and closed; and how the ledger began."""

from __future__ import annotations

from events.event import Event
from events.read_set import ReadSet
from events.values import value


@value
class LedgerBegun(Event):
    """Position 1 of a lane: which ledger this is and how many decimals each currency has in it, for ever."""

    stored_name = "ledger.begun"

    digest_version: int
    exponents: dict[str, int]


@value
class AccountOpened(Event):
    """The account exists, in live or test mode, with its first currency."""

    stored_name = "account.opened"

    mode: str
    backend: str
    currency: str


@value
class CurrencyAdded(Event):
    """The account holds one more currency. Currencies are never mixed or converted."""

    stored_name = "account.currency_added"

    currency: str


@value
class BackendSet(Event):
    """Payouts requested from now on go this way: `manual` or `plugipay`."""

    stored_name = "account.backend_set"

    backend: str


@value
class AccountFrozen(Event):
    """No payout leaves until it is unfrozen. What others report still comes in."""

    stored_name = "account.frozen"

    reason: str


@value
class AccountUnfrozen(Event):
    """Payouts may leave again."""

    stored_name = "account.unfrozen"

    reason: str


@value
class AccountClosed(Event):
    """No command is taken any more. What others report still comes in."""

    stored_name = "account.closed"

    reason: str


@value
class BankAccountSet(Event):
    """Where payouts requested from now on go. Number and holder are *sealed*."""

    stored_name = "account.bank_account_set"
    sealed = ("bankAccountNumber", "bankAccountHolder")

    bank_code: str | None
    bank_name: str
    bank_account_number: str
    bank_account_holder: str


@value
class ProviderSet(Event):
    """How to reach this account's workspace at Plugipay. The secret is *sealed*."""

    stored_name = "account.provider_set"
    sealed = ("secret",)

    workspace_id: str
    key_id: str
    secret: str
    base_url: str | None


@value
class WebhookSecretAdded(Event):
    """Deliveries signed with this secret (*sealed*) are believed from now on."""

    stored_name = "account.webhook_secret_added"
    sealed = ("secret",)

    secret_id: str
    secret: str


@value
class WebhookSecretRetired(Event):
    """Deliveries received from now on are not believed on this secret's word."""

    stored_name = "account.webhook_secret_retired"

    secret_id: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.secrets.add((account_id, self.secret_id))


AccountEvent = (
    LedgerBegun
    | AccountOpened
    | CurrencyAdded
    | BackendSet
    | AccountFrozen
    | AccountUnfrozen
    | AccountClosed
    | BankAccountSet
    | ProviderSet
    | WebhookSecretAdded
    | WebhookSecretRetired
)
