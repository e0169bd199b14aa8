"""An account's books: the state that decisions are made on.

`Books` holds the account, its totals, and only those orders, payouts, reserves and secrets that a command names
(`events/needs.py`): an account with a million orders costs no more memory than one with ten. Rows are frozen values;
`evolve` replaces them, and the same facts give the same books.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from events.accounts.state import Account, BankAccount, Provider, WebhookSecret
from events.balances.state import Balance, Order, OrderKey, Reserve
from events.banking.state import BankEntry, BankStatement, BankStatementKey, Match
from events.channels.state import Channel, ChannelStatement, StatementKey
from events.disputes.state import Dispute
from events.payouts.state import Payout
from events.provider.state import Case
from events.settlements.state import Settlement, SettlementKey


@dataclass(slots=True)
class AccountState:
    """One account as a decision sees it; `version` counts its events."""

    account_id: str
    version: int = 0
    account: Account | None = None
    bank_account: BankAccount | None = None
    provider: Provider | None = None
    balances: dict[str, Balance] = field(default_factory=dict)
    orders: dict[OrderKey, Order] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)
    reserves: dict[str, Reserve] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    secrets: dict[str, WebhookSecret] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    observed: set[str] = field(default_factory=set)
    """Ids of the provider's events that the account has taken in, of those asked about."""
    channels: dict[str, Channel] = field(default_factory=dict)
    statements: dict[StatementKey, ChannelStatement] = field(default_factory=dict)
    settlements: dict[SettlementKey, Settlement] = field(default_factory=dict)
    bank_entries: dict[str, BankEntry] = field(default_factory=dict)
    bank_statements: dict[BankStatementKey, BankStatement] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)

    def copy(self) -> AccountState:
        """Books that can be changed without changing these."""
        return AccountState(
            account_id=self.account_id,
            version=self.version,
            account=self.account,
            bank_account=self.bank_account,
            provider=self.provider,
            balances=dict(self.balances),
            orders=dict(self.orders),
            payouts=dict(self.payouts),
            reserves=dict(self.reserves),
            disputes=dict(self.disputes),
            secrets=dict(self.secrets),
            cases=dict(self.cases),
            observed=set(self.observed),
            channels=dict(self.channels),
            statements=dict(self.statements),
            settlements=dict(self.settlements),
            bank_entries=dict(self.bank_entries),
            bank_statements=dict(self.bank_statements),
            matches=dict(self.matches),
        )

    def balance(self, currency: str) -> Balance:
        return self.balances.get(currency) or Balance()
