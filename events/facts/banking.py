"""What banks say, and what people say that their money is for."""

from __future__ import annotations

from events.facts.data import Data
from events.values import value


@value
class ToleranceSet:
    """Differences up to this are none to reconciliation: in major units of the currency, as exact decimal text."""

    currency: str
    tolerance: str


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
