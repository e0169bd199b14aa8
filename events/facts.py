"""The facts of an account's stream: what has become true, in the past tense.

These types are a public format. Their stored names are spelled in `events/codec.py`; fields may be added with a new
schema version and an upcaster, and never change meaning. Amounts are integers of the currency's minor unit. A field
marked *sealed* holds ciphertext (docs/personal-data.md), never the plain text.
"""

from __future__ import annotations

from typing import Any

from events.instants import Instant
from events.values import value

Data = dict[str, Any]
"""A fact's content as stored: camel-case ASCII keys, JSON values without floats."""


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


@value
class RevenueRecorded:
    """Money was earned for an order and is not released yet: it adds to pending."""

    amount: int
    currency: str
    reference: str
    channel: str | None = None
    expected_at: Instant | None = None


@value
class RevenueSettled:
    """An order's money was released, wholly or in part: pending becomes available.

    `completes`: nothing of the order is pending any more.
    """

    amount: int
    currency: str
    reference: str
    completes: bool | None = None


@value
class RefundRecorded:
    """A buyer got money back: from the order's pending first, the rest from available.

    Of an order that is or was disputed, `from_held` is what had been held for the same money; what is missing of
    `amount` had left with a dispute already.
    """

    amount: int
    currency: str
    reference: str
    from_pending: int
    from_available: int
    reason: str | None = None
    from_held: int | None = None


@value
class FeeCharged:
    """A fee was taken from available."""

    amount: int
    currency: str
    reference: str
    kind: str


@value
class BalanceAdjusted:
    """Somebody corrected available by a signed amount, and said why."""

    amount: int
    currency: str
    reason: str


@value
class ReserveHeld:
    """Money was set aside: available becomes held."""

    reserve_id: str
    amount: int
    currency: str
    reason: str
    until: Instant | None = None


@value
class ReserveReleased:
    """Held money came back, wholly or in part: held becomes available."""

    reserve_id: str
    amount: int
    currency: str


@value
class PayoutRequested:
    """Money is promised to the merchant's bank: available becomes reserved.

    The bank account is the snapshot of that moment; number and holder are *sealed*.
    """

    payout_id: str
    amount: int
    currency: str
    backend: str
    bank_code: str | None
    bank_name: str
    bank_account_number: str
    bank_account_holder: str
    note: str | None = None


@value
class PayoutAdopted:
    """The provider made a payout that the ledger had not asked for: available becomes reserved, below zero if need be.

    Where it went is not known: the bank fields are the fixed text `unknown`.
    """

    payout_id: str
    provider_payout_id: str
    amount: int
    currency: str


@value
class PayoutSubmissionStarted:
    """The payout is about to be given to the provider, under an idempotency key made of its id and the attempt.

    From here on it may be on its way: only the provider can cancel it.
    """

    payout_id: str
    attempt: int


@value
class PayoutSubmissionUnknown:
    """The provider did not answer: whether it has the payout is not known, and the money stays reserved."""

    payout_id: str
    reason: str


@value
class PayoutProviderLinked:
    """The provider knows this payout under this id. What it had said under that id before now counts for the payout."""

    payout_id: str
    provider_payout_id: str
    statements: list[Data] | None = None


@value
class PayoutCancelAsked:
    """The provider is to be asked to cancel; the money stays reserved until it says yes."""

    payout_id: str


@value
class PayoutCancelRefused:
    """The provider did not cancel, and said why: the payout goes its way."""

    payout_id: str
    reason: str


@value
class PayoutReopened:
    """What was given back turned out to be on its way or gone after all: available becomes reserved again."""

    payout_id: str
    amount: int
    currency: str


@value
class PayoutAmountCorrected:
    """Somebody took the provider at its word about how much it is: what is less became available again.

    The difference came from where the payout's money is; it is negative where the provider moved more than asked.
    """

    payout_id: str
    amount: int
    currency: str
    from_reserved: int
    from_paid_out: int


@value
class PayoutInTransit:
    """The money is on its way; still reserved. It may be told after the end was: then only the stamp is new."""

    payout_id: str
    reference: str | None = None


@value
class PayoutPaid:
    """The bank has the money: reserved becomes paid out."""

    payout_id: str
    amount: int
    currency: str
    reference: str | None = None


@value
class PayoutFailed:
    """The money did not go: reserved becomes available again."""

    payout_id: str
    amount: int
    currency: str
    failure_reason: str


@value
class PayoutCancelled:
    """The payout was called off before it left: reserved becomes available again."""

    payout_id: str
    amount: int
    currency: str


@value
class PayoutReturned:
    """The bank sent the money back after it was paid: paid out becomes available again."""

    payout_id: str
    amount: int
    currency: str
    reason: str
    reference: str | None = None


@value
class ProviderObserved:
    """The provider said something, and this is what the ledger made of it.

    `event_id` is the provider's; `says` one of `events.statements.Says`; `verdict` one of `events.provider.Verdict`.
    What changed because of it stands in the events that follow with this one as their cause.
    """

    provider: str
    event_id: str
    event_type: str
    says: str
    occurred_at: Instant
    verdict: str
    payout_id: str | None = None
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    reference: str | None = None
    failure_reason: str | None = None


@value
class CaseOpened:
    """Two facts cannot both be true, or one cannot be placed: a person has to look. `kind`: events.statements.Kind.

    `known` is what the ledger had, `said` what it was told. An open case to which more is said is opened once more.
    """

    case_id: str
    kind: str
    known: str
    said: str
    payout_id: str | None = None
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    statements: list[Data] | None = None


@value
class CaseClosed:
    """A person looked, and said what became of it."""

    case_id: str
    reason: str
    closed_by: str | None = None


@value
class DeliveryDismissed:
    """A parked delivery will not be taken in: a person looked, and said why. Its bytes are kept."""

    delivery_id: str
    reason: str


@value
class ChannelSet:
    """How a marketplace pays this account: who collects the money, and what its records leave out.

    `collects`: `seller` (the marketplace pays the seller's own bank) or `platform` (it pays us).
    """

    channel: str
    collects: str
    seller: str | None = None
    currency: str | None = None
    zone: str | None = None


@value
class StatementObserved:
    """A marketplace's statement stood like this when it was looked at.

    `content` has the fields of the statement as the source's texts, null where it gives none; `findings` what its
    figures say against each other and against the ledger. `payout` and `deposit` are what was booked by, in minor
    units rounded toward zero; `digest` is the keyed digest of the record; `previous` the statement before this one.
    """

    channel: str
    number: str
    source: str
    currency: str
    content: Data
    findings: list[Data]
    digest: str
    collects: str
    reference: str
    seller: str | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    paid: bool | None = None
    payout: int | None = None
    deposit: int | None = None
    previous: str | None = None


@value
class SettlementObserved:
    """A marketplace's record about one amount of money stood like this when it was looked at.

    `reference` names the money within the channel: records with one reference tell of the same money, each source in
    its own words. `lines` are the record's amounts as the source wrote them and with their sign to the seller; `amount`
    is what was booked by, in minor units rounded toward zero, null where the record only explains. `releases` is the
    reference whose money the channel has let go of, by this record; `counts_for` the order that the money counts for.
    `totals` says whether the totals of orders and items are made of it: a view of the cash side is not. `digest` is the
    keyed digest of the record.
    """

    channel: str
    source: str
    reference: str
    currency: str
    stage: str
    lines: list[Data]
    findings: list[Data]
    digest: str
    collects: str
    counts_for: str
    totals: bool
    seller: str | None = None
    order: str | None = None
    invoice: str | None = None
    statement: str | None = None
    occurred_at: Instant | None = None
    amount: int | None = None
    releases: str | None = None


@value
class ChannelMoneyBooked:
    """What a marketplace said moved money: signed changes, from and to what marketplaces still owe.

    `reference` is the order that the change counts for; `number` and `seller` name the statement that says so, where
    one did. `completes`: it was paid, and nothing of the order is pending any more.
    """

    channel: str
    reference: str
    currency: str
    pending: int
    available: int
    held: int
    paid_out: int
    number: str | None = None
    seller: str | None = None
    completes: bool | None = None


@value
class StatementCycleSet:
    """From `since` on the account's own statements are cut like this (events.periods); `due_at` ends the first period."""

    cycle: str
    zone: str
    week_starts_on: str
    since: Instant
    due_at: Instant | None = None


@value
class StatementClosed:
    """One currency's own statement, for good: the account's events after one position and up to another.

    `content` has the statement's fields as the texts that were stated. `opening` and `closing` are what was pending,
    available and reserved, `held` what was held, in minor units. `next_due_at` ends the period after this one.
    """

    number: str
    currency: str
    cycle: str
    zone: str
    week_starts_on: str
    starts_at: Instant
    ends_at: Instant
    after_position: int
    after_version: int
    through_position: int
    through_version: int
    opening: int
    closing: int
    held_before: int
    held: int
    content: Data
    created_at: Instant
    previous: str | None = None
    next_due_at: Instant | None = None


@value
class ToleranceSet:
    """Differences up to this are none to reconciliation: in major units of the currency, as exact decimal text."""

    currency: str
    tolerance: str


@value
class SettlementTermsSet:
    """When a channel is held to pay this account, where that is not the channel's usual way.

    `period`: `weekly` (its statements cover Monday to Sunday) or `statement` (each counts from its own day). What is due,
    is due so many days, or business days of the country's banks, after that. `channel` is `payout` for our own payouts.
    """

    channel: str
    period: str | None = None
    due_after_days: int | None = None
    due_after_business_days: int | None = None
    country: str | None = None


@value
class BankEntryObserved:
    """A bank says that money came (positive) or went (negative), in minor units. It moves no money of the account's.

    `bank_account` is the keyed digest of the bank account's number; `reference` the bank's own for the entry, where it
    has one; `references` the others that it names. Dates are the bank's days. `remittance` and `counterparty` are
    *sealed*; `digest` is the keyed digest of the record.
    """

    entry_id: str
    bank_account: str
    currency: str
    amount: int
    booked_on: str
    references: list[str]
    reversal: bool
    source: str
    findings: list[Data]
    digest: str
    value_on: str | None = None
    reference: str | None = None
    remittance: str | None = None
    counterparty: str | None = None


@value
class BankStatementObserved:
    """A bank statement was read to its end: its balances, what its entries add up to, and whether both agree.

    `bank_account` is the keyed digest of the number, which itself is *sealed*. Amounts are minor units.
    """

    bank_account: str
    bank_account_number: str
    number: str
    currency: str
    moved: int
    entries_count: int
    source: str
    findings: list[Data]
    opening: int | None = None
    closing: int | None = None
    from_on: str | None = None
    to_on: str | None = None


@value
class MatchMade:
    """Somebody said what the money of a bank entry is for. Each target has its `kind`, `id` and `amount` (minor units)."""

    match_id: str
    entry_id: str
    currency: str
    targets: list[Data]
    reason: str
    made_by: str


@value
class MatchUnmade:
    """Somebody took a match back: the entry's money is claimed no more."""

    match_id: str
    entry_id: str
    reason: str
    unmade_by: str


@value
class PayoutPolicySet:
    """How payouts in a currency are made from now on: the least amount, when, and whether by themselves.

    `schedule`: `off`, `daily`, `weekly` or `monthly`. Cutoff and payment are at `time` in `zone`; `country` is whose
    banks' holidays count. `reserve` is what payouts that are made by themselves leave. `next_cutoff` is when money is
    set apart for the first time, where payouts are made by themselves.
    """

    currency: str
    schedule: str
    time: str
    automatic: bool
    minimum: int
    reserve: int
    zone: str
    cutoff_day: str | int | None = None
    pay_day: str | int | None = None
    country: str | None = None
    next_cutoff: Instant | None = None


@value
class PayoutCycleCut:
    """A cutoff passed: what was available then is what may be paid on the pay date, and no more.

    The amount may be negative. Another cutoff with the same pay date takes the place of the one before.
    """

    currency: str
    cutoff: Instant
    pay_date: str
    pay_at: Instant
    amount: int
    next_cutoff: Instant


@value
class PayoutCycleEnded:
    """A pay date came: its payout was requested, or it was not, and `outcome` is why.

    `amount` is what there was to pay. `outcome` is `requested` or the code of a refusal.
    """

    currency: str
    pay_date: str
    cutoff: Instant
    outcome: str
    amount: int
    payout_id: str | None = None
    reason: str | None = None


@value
class DisputeOpened:
    """A buyer disputes an order: its money is held, from its pending first and the rest from available.

    `amount` is what is disputed. Less than that is held where refunds or other disputes have taken it already.
    """

    dispute_id: str
    amount: int
    currency: str
    reference: str
    reason: str
    from_pending: int
    from_available: int


@value
class DisputeResolved:
    """A dispute ended, `won` or `lost`, and its order's held money with it.

    Lost: `from_held` has left, as a refund of that order, with `from_pending` and `from_available` where what was held
    did not suffice. What is given back goes `to_pending` and `to_available`.
    """

    dispute_id: str
    amount: int
    currency: str
    reference: str
    outcome: str
    reason: str
    from_held: int
    from_pending: int
    from_available: int
    to_pending: int
    to_available: int


Fact = (
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
    | RevenueRecorded
    | RevenueSettled
    | RefundRecorded
    | FeeCharged
    | BalanceAdjusted
    | ReserveHeld
    | ReserveReleased
    | PayoutRequested
    | PayoutAdopted
    | PayoutSubmissionStarted
    | PayoutSubmissionUnknown
    | PayoutProviderLinked
    | PayoutCancelAsked
    | PayoutCancelRefused
    | PayoutReopened
    | PayoutAmountCorrected
    | PayoutInTransit
    | PayoutPaid
    | PayoutFailed
    | PayoutCancelled
    | PayoutReturned
    | ProviderObserved
    | CaseOpened
    | CaseClosed
    | DeliveryDismissed
    | ChannelSet
    | StatementObserved
    | SettlementObserved
    | ChannelMoneyBooked
    | StatementCycleSet
    | StatementClosed
    | ToleranceSet
    | SettlementTermsSet
    | BankEntryObserved
    | BankStatementObserved
    | MatchMade
    | MatchUnmade
    | PayoutPolicySet
    | PayoutCycleCut
    | PayoutCycleEnded
    | DisputeOpened
    | DisputeResolved
)
