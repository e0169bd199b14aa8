"""An account's books: the state that decisions are made on, and what each fact does to it.

`Books` holds the account, its totals, and only those orders, payouts, reserves and secrets that a command names
(`needs`): an account with a million orders costs no more memory than one with ten. Rows are frozen values; `evolve`
replaces them. It is pure but for that: no clock, no random, no I/O, and the same facts give the same books.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from events import commands
from events.facts import Data
from events.instants import Instant
from events.statements import CANCELLED, FAILED, IN_TRANSIT, PAID, PENDING, Kind, Told, case_id
from events.values import value

PAYOUT_STATUSES = (PENDING, IN_TRANSIT, PAID, FAILED, CANCELLED)
MANUAL, PLUGIPAY = "manual", "plugipay"
OPEN, FROZEN, CLOSED = "open", "frozen", "closed"
LIVE, TEST = "live", "test"
SELLER, PLATFORM = "seller", "platform"
"""Who collects a channel's money: the seller's own bank, or us."""
STARTED, ACCEPTED, UNKNOWN = "started", "accepted", "unknown"
"""How far a payout's submission to the provider is; None before it began."""
TOLERANCES, SETTLEMENT_TERMS = "tolerances", "settlementTerms"
"""Settings of an account: tolerances by currency, and the terms of channels that do not pay as they usually do."""
SYSTEM_MODE = "system"
"""The mode of a lane's own stream: no key has it, so no caller sees it."""


@value
class Account:
    mode: str
    backend: str
    currencies: tuple[str, ...]
    status: str = OPEN
    opened_at: Instant = ""
    settings: Data = field(default_factory=dict)
    """By the setting's name; each is as its fact's data stands. Replaced as a whole, never changed in place."""


@value
class BankAccount:
    """Number and holder are sealed."""

    bank_code: str | None
    bank_name: str
    bank_account_number: str
    bank_account_holder: str
    updated_at: Instant = ""


@value
class Balance:
    """Where one currency's money is, in minor units."""

    pending: int = 0
    available: int = 0
    reserved: int = 0
    held: int = 0
    paid_out: int = 0


DISPUTE_OPEN, WON, LOST = "open", "won", "lost"


@value
class Disputed:
    """How an order stands with its disputes."""

    claimed: int = 0
    """By disputes that stand open or were lost."""
    lost: int = 0
    held: int = 0
    held_pending: int = 0
    """How much of what is held goes back to pending."""
    overlap: int = 0
    """What refunds and lost disputes both asked for, and left only once."""


@value
class Order:
    """What one order has earned and what of it is still pending. `refunded` is what has left, lost disputes included."""

    recorded: int = 0
    pending: int = 0
    refunded: int = 0
    channel: str | None = None
    expected_at: Instant | None = None
    told: int = 0
    """What a channel's records, order by order, have told that it is worth so far; part of `recorded`."""
    told_by: str | None = None
    """Which channel that was."""
    disputed: Disputed | None = None


@value
class Dispute:
    amount: int
    currency: str
    reference: str
    reason: str
    opened_at: Instant
    position: int
    status: str = DISPUTE_OPEN
    resolved_at: Instant | None = None
    resolution: str | None = None


@value
class Reserve:
    amount: int
    currency: str
    remaining: int
    reason: str
    until: Instant | None
    held_at: Instant


@value
class Payout:
    amount: int
    currency: str
    status: str
    backend: str
    bank_code: str | None
    bank_name: str
    bank_account_number: str
    bank_account_holder: str
    requested_at: Instant
    position: int
    note: str | None = None
    reference: str | None = None
    failure_reason: str | None = None
    provider_payout_id: str | None = None
    in_transit_at: Instant | None = None
    paid_at: Instant | None = None
    failed_at: Instant | None = None
    cancelled_at: Instant | None = None
    returned_at: Instant | None = None
    told: Told = ()
    """What the provider said of it; statuses and times of a payout through the provider are a function of this."""
    contradictions: tuple[str, ...] = ()
    """Kinds of the cases that stand open about it."""
    submission: str | None = None
    attempt: int = 0
    submission_started_at: Instant | None = None
    """Of the current attempt: the provider forgets idempotency keys after a day."""
    cancel_asked_at: Instant | None = None


@value
class Case:
    """Something that a person has to look at: what the ledger had and what was said, side by side."""

    kind: str
    opened_at: Instant
    position: int
    known: str
    said: str
    payout_id: str | None = None
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    told: Told = ()
    """What was said and not applied."""
    closed_at: Instant | None = None
    reason: str | None = None
    closed_by: str | None = None


@value
class Provider:
    """The secret is sealed."""

    workspace_id: str
    key_id: str
    secret: str
    base_url: str | None


@value
class WebhookSecret:
    """The secret is sealed. It was believed from `added_at` until `retired_at`."""

    secret: str
    added_at: Instant
    retired_at: Instant | None = None


@value
class Channel:
    """How a marketplace pays this account, and what its records leave out."""

    collects: str = SELLER
    seller: str | None = None
    currency: str | None = None
    zone: str | None = None
    paid_out: dict[str, int] = field(default_factory=dict)
    """By currency: what stands in the paid out because it paid orders. Replaced as a whole, never changed in place."""


@value
class ChannelStatement:
    """A marketplace's statement as it was last observed, and what was booked because of it."""

    source: str
    currency: str
    """Of the money booked: another one, said later, is a finding."""
    content: Data
    findings: list[Data]
    digest: str
    reference: str
    """The order that its money counts for."""
    collects: str
    """Who collected it: as the channel stood, and from the first observation as paid on as it stood then."""
    first_position: int
    position: int
    created_at: Instant | None = None
    updated_at: Instant | None = None
    paid: bool | None = None
    was_paid: bool = False
    """Whether it was ever said to be paid: its money has moved, and does not move back by itself."""
    booked: int = 0
    """The payout that the books agree with, whether commands or the statement recorded it."""
    paid_out: int = 0
    """How much of it stands in the paid out."""
    deposit: int | None = None
    """What the channel held back when this statement was made."""
    previous: str | None = None


@value
class Settlement:
    """Money that a channel tells of under one reference, and what was booked because of it."""

    currency: str
    """Of the money booked: another one, said later, is a finding."""
    counts_for: str
    """The order that it counts for."""
    collects: str
    """Who collected it: as the channel stood, and from its release on as it stood then."""
    sources: dict[str, str]
    """What each source said last: the digest of its lines."""
    position: int
    booked: int | None = None
    """What the newest record that books says it is; None while records only explain it."""
    released: bool = False


@value
class BankEntry:
    """A bank's word of money that came or went. Remittance and counterparty are sealed."""

    bank_account: str
    """The keyed digest of the bank account's number."""
    currency: str
    amount: int
    """Signed: what came is positive."""
    booked_on: str
    references: list[str]
    source: str
    findings: list[Data]
    digest: str
    position: int
    value_on: str | None = None
    reference: str | None = None
    remittance: str | None = None
    counterparty: str | None = None
    reversal: bool = False
    claimed: int = 0
    """How much of it, without its sign, the matches that stand say what it is for."""


@value
class BankStatement:
    """A bank statement's balances as they were last observed. The number is sealed."""

    bank_account_number: str
    currency: str
    moved: int
    entries_count: int
    source: str
    findings: list[Data]
    first_position: int
    position: int
    opening: int | None = None
    closing: int | None = None
    from_on: str | None = None
    to_on: str | None = None


@value
class Match:
    """What somebody said that an entry's money is for; it stands until it is unmade."""

    entry_id: str
    currency: str
    targets: list[Data]
    reason: str
    made_by: str
    made_at: Instant
    position: int
    unmade_at: Instant | None = None
    unmade_by: str | None = None
    unmade_reason: str | None = None


OrderKey = tuple[str, str]
"""(currency, reference)."""

StatementKey = tuple[str, str, str]
"""(channel, seller or nothing, number)."""

SettlementKey = tuple[str, str, str]
"""(channel, seller or nothing, reference)."""


BankStatementKey = tuple[str, str]
"""(digest of the bank account's number, number of the statement)."""


@dataclass(slots=True)
class Books:
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

    def copy(self) -> Books:
        """Books that can be changed without changing these."""
        return Books(
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


@value
class Needs:
    """The rows, beside the account and its totals, that a decision has to see."""

    order: OrderKey | None = None
    payout_id: str | None = None
    reserve_id: str | None = None
    dispute_id: str | None = None
    """With the order that it is about."""
    secret_id: str | None = None
    case_id: str | None = None
    provider_payout_id: str | None = None
    """Payouts and cases that the provider knows under this id."""
    entry_id: str | None = None
    match_id: str | None = None
    """A match, and with it its entry."""
    target_payouts: tuple[str, ...] = ()
    target_statements: tuple[StatementKey, ...] = ()


_NOTHING = Needs()


def needs(command: commands.Command) -> Needs:
    """What `decide` must be given for this command."""
    match command:
        case commands.RecordRevenue() | commands.SettleRevenue() | commands.RecordRefund():
            return Needs(order=(command.currency, command.reference))
        case commands.OpenDispute():
            return Needs(order=(command.currency, command.reference), dispute_id=command.dispute_id)
        case commands.ResolveDispute():
            return Needs(dispute_id=command.dispute_id)
        case commands.ReleaseReserve():
            return Needs(reserve_id=command.reserve_id)
        case commands.RetireWebhookSecret():
            return Needs(secret_id=command.secret_id)
        case (
            commands.CancelPayout()
            | commands.MarkInTransit()
            | commands.MarkPaid()
            | commands.MarkFailed()
            | commands.RecordBankReturn()
        ):
            return Needs(payout_id=command.payout_id)
        case commands.ResubmitPayout():
            given_up = case_id(command.account_id, Kind.SUBMISSION_UNKNOWN, command.payout_id)
            return Needs(payout_id=command.payout_id, case_id=given_up)
        case commands.LinkProviderPayout():
            return Needs(payout_id=command.payout_id, provider_payout_id=command.provider_payout_id)
        case commands.CloseCase():
            return Needs(case_id=command.case_id)
        case commands.MakeMatch():
            return Needs(
                entry_id=command.entry_id,
                target_payouts=tuple(target.id for target in command.targets if target.kind == "payout"),
                target_statements=tuple(
                    (target.channel or "", target.seller or "", target.id)
                    for target in command.targets
                    if target.kind == "statement"
                ),
            )
        case commands.UnmakeMatch():
            return Needs(match_id=command.match_id)
        case _:
            return _NOTHING
