"""What banks report, and what people say that the money is for."""

from __future__ import annotations

from events.event import Event
from events.instants import Day
from events.read_set import ReadSet
from events.values import Data, value


@value
class ToleranceSet(Event):
    """Differences up to this are none to reconciliation: in major units of the currency, as exact decimal text."""

    stored_name = "account.tolerance_set"

    currency: str
    tolerance: str


@value
class BankEntryObserved(Event):
    """A bank says that money came (positive) or went (negative), in minor units. It moves no money of the account's.

    `bank_account` is the keyed digest of the bank account's number; `reference` the bank's own for the entry, where it
    has one; `references` the others that it names. Dates are the bank's days. `remittance` and `counterparty` are
    *sealed*; `digest` is the keyed digest of the record.
    """

    stored_name = "bank_entry.observed"
    sealed = ("remittance", "counterparty")

    entry_id: str
    bank_account: str
    currency: str
    amount: int
    booked_on: Day
    references: list[str]
    reversal: bool
    source: str
    findings: list[Data]
    digest: str
    value_on: Day | None = None
    reference: str | None = None
    remittance: str | None = None
    counterparty: str | None = None


@value
class BankStatementObserved(Event):
    """A bank statement was read to its end: its balances, what its entries add up to, and whether both agree.

    `bank_account` is the keyed digest of the number, which itself is *sealed*. Amounts are minor units.
    """

    stored_name = "bank_statement.observed"
    sealed = ("bankAccountNumber",)

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
    from_on: Day | None = None
    to_on: Day | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.bank_statements.add((account_id, self.bank_account, self.number))


@value
class MatchMade(Event):
    """Somebody said what the money of a bank entry is for. Each target has its `kind`, `id` and `amount` (minor units)."""

    stored_name = "match.made"

    match_id: str
    entry_id: str
    currency: str
    targets: list[Data]
    reason: str
    made_by: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.bank_entries.add((account_id, self.entry_id))


@value
class MatchUnmade(Event):
    """Somebody took a match back: the entry's money is claimed no more."""

    stored_name = "match.unmade"

    match_id: str
    entry_id: str
    reason: str
    unmade_by: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.matches.add((account_id, self.match_id))


BankingEvent = ToleranceSet | BankEntryObserved | BankStatementObserved | MatchMade | MatchUnmade
