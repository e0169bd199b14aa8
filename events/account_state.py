"""The state of one account: what decisions are made on.

It holds the account, its totals, and only those orders, payouts, reserves and so on that a command or an event names
(`events/read_set.py`): an account with a million orders costs no more memory than one with ten. Rows are values that
nobody changes; `evolve` replaces them, and the same events give the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from events.accounts.state import Account, BankAccount, Provider, WebhookSecret
from events.balances.state import Balance, Order, OrderKey, Reserve
from events.banking.state import BankEntry, BankStatement, BankStatementKey, Match
from events.channels.events import ChannelMoneyBooked
from events.channels.state import Channel, ChannelStatement, StatementKey
from events.currency import AMOUNT_MAX
from events.disputes.state import Dispute
from events.payouts.state import Payout
from events.policies.cycles import CYCLES, after_leaving
from events.provider.events import ProviderObserved
from events.provider.state import Case
from events.refusals import InvalidCommand
from events.settlements.state import Settlement, SettlementKey
from events.values import value


@value
class BucketChange:
    """Signed changes of the buckets that a payout can be in, and of what the channel is owed by the available."""

    pending: int = 0
    available: int = 0
    paid_out: int = 0
    owed: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.available + self.paid_out

    def __add__(self, other: BucketChange) -> BucketChange:
        return BucketChange(
            self.pending + other.pending,
            self.available + other.available,
            self.paid_out + other.paid_out,
            self.owed + other.owed,
        )


def owed_change(before: int, after: int, pending: int, apart: int) -> BucketChange:
    """How it moves what an order is still owed: pending, or where that is below zero, missing in the available.

    `apart` changes the pending alone: what commands or disputes did with the same money. What is not pending any more,
    because commands have settled it, is taken from available.
    """
    change, short = pending_change(before, after, pending, apart)
    return BucketChange(pending=change, available=min(after, 0) - min(before, 0) - short)


def pending_change(before: int, after: int, pending: int, apart: int) -> tuple[int, int]:
    """How `owed_change` changes the pending; and how much is not pending any more, which is taken from available."""
    change = max(after, 0) - max(before, 0) + apart
    short = max(0, -change - pending)
    return change + short, short


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
    observed: dict[str, ProviderObserved] = field(default_factory=dict)
    """The provider's events that the account has taken in, of those asked about, by the provider's id."""
    channels: dict[str, Channel] = field(default_factory=dict)
    statements: dict[StatementKey, ChannelStatement] = field(default_factory=dict)
    settlements: dict[SettlementKey, Settlement] = field(default_factory=dict)
    bank_entries: dict[str, BankEntry] = field(default_factory=dict)
    bank_statements: dict[BankStatementKey, BankStatement] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)

    def copy(self) -> AccountState:
        """A state that can be changed without changing this one."""
        # Name by name: a loop over the names takes three times as long, and every command copies.
        made = object.__new__(AccountState)
        made.account_id = self.account_id
        made.version = self.version
        made.account = self.account
        made.bank_account = self.bank_account
        made.provider = self.provider
        made.balances = self.balances.copy()
        made.orders = self.orders.copy()
        made.payouts = self.payouts.copy()
        made.reserves = self.reserves.copy()
        made.disputes = self.disputes.copy()
        made.secrets = self.secrets.copy()
        made.cases = self.cases.copy()
        made.observed = self.observed.copy()
        made.channels = self.channels.copy()
        made.statements = self.statements.copy()
        made.settlements = self.settlements.copy()
        made.bank_entries = self.bank_entries.copy()
        made.bank_statements = self.bank_statements.copy()
        made.matches = self.matches.copy()
        return made

    def balance(self, currency: str) -> Balance:
        return self.balances.get(currency) or _NO_BALANCE

    def order(self, currency: str, reference: str) -> Order:
        return self.orders.get((currency, reference)) or _NO_ORDER

    def channel(self, name: str) -> Channel:
        return self.channels.get(name) or _NO_CHANNEL

    def has_room_for(self, change: ChannelMoneyBooked) -> bool:
        """Whether the change, and the currency's total after it, stay within what the ledger counts to."""
        if max(map(abs, (change.pending, change.available, change.held, change.paid_out))) > AMOUNT_MAX:
            return False
        balance = self.balance(change.currency)
        inside = balance.pending + balance.available + balance.reserved + balance.held + balance.paid_out
        total = inside + change.pending + change.available + change.held + change.paid_out
        return total <= AMOUNT_MAX and balance.available + change.available >= -AMOUNT_MAX

    def require_currency(self, currency: str) -> None:
        """InvalidCommand where the account does not hold the currency."""
        held = self.account.currencies if self.account is not None else ()
        if currency not in held:
            raise InvalidCommand(f"the account does not hold {currency}: it holds {', '.join(held)}", field="currency")

    def add_amounts(
        self,
        currency: str,
        *,
        pending: int = 0,
        available: int = 0,
        reserved: int = 0,
        held: int = 0,
        paid_out: int = 0,
    ) -> None:
        """Moves one currency's money between buckets: signed amounts in minor units."""
        if available < 0 and self.account is not None and CYCLES in self.account.settings:
            self.account = after_leaving(self.account, currency, -available)
        old = self.balance(currency)
        self.balances[currency] = Balance(
            old.pending + pending,
            old.available + available,
            old.reserved + reserved,
            old.held + held,
            old.paid_out + paid_out,
        )


_NO_BALANCE, _NO_ORDER, _NO_CHANNEL = Balance(), Order(), Channel()


if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 - it is taken from here
else:

    def replace(of, **changes):
        """As `dataclasses.replace`, for a value, in a third of its time: most events replace several."""
        made = type(of)(*fields_of(type(of))(of))
        for name, changed in changes.items():
            setattr(made, name, changed)
        return made


@cache
def fields_of(cls: type) -> Callable[[Any], Iterable[Any]]:
    """What gives the fields of a value of this class, in the order in which it is made of them."""
    names = [each.name for each in fields(cls)]
    return attrgetter(*names) if len(names) > 1 else lambda of: [getattr(of, name) for name in names]
