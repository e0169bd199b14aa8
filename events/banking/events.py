"""What banks report, and what people say that the money is for."""

from __future__ import annotations

from events.event import Event, only_new_optional_fields
from events.instants import Day, Instant
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
    *sealed*; `digest` is the keyed digest of the record. `content` is the keyed digest of what tells the entry from
    others: several entries may have the same. `statement` is the statement that it stood in, where the file has
    statements (`number`, `page`, `from`, `to`, `opening`, `closing`), and `balance` the account's balance after it.
    """

    stored_name = "bank_entry.observed"
    schema_version = 2
    upcasters = {1: only_new_optional_fields}
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
    content: str | None = None
    statement: Data | None = None
    balance: int | None = None


@value
class BankEntryDetailed(Event):
    """A later file of the bank names more of an entry: `references` that the ledger did not have, and its text.

    A notification (camt.054) names the payments of a batch, which the statement books as one sum. `remittance` and
    `counterparty` are *sealed*, and given only where the entry had none; `digest` is the keyed digest of the record.
    """

    stored_name = "bank_entry.detailed"
    sealed = ("remittance", "counterparty")

    entry_id: str
    references: list[str]
    source: str
    digest: str
    remittance: str | None = None
    counterparty: str | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.bank_entries.add((account_id, self.entry_id))


@value
class BankStatementObserved(Event):
    """A bank statement was read to its end: its balances, what its entries add up to, and whether both agree.

    `bank_account` is the keyed digest of the number, which itself is *sealed*. Amounts are minor units. Banks use a
    number again each year, and for all pages of a statement: `part` tells statements of one number apart.
    `made_at` is when the bank made it: what was made earlier than what is known changes nothing.
    """

    stored_name = "bank_statement.observed"
    schema_version = 2
    upcasters = {1: only_new_optional_fields}
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
    part: str | None = None
    made_at: Instant | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.bank_statements.add((account_id, self.bank_account, self.number))


@value
class BankEntryWithdrawn(Event):
    """A bank's record was read wrongly: the entry that it was taken for is none. The record is read anew.

    `digest` is the keyed digest of the record. Matches of the entry are unmade before.
    """

    stored_name = "bank_entry.withdrawn"

    entry_id: str
    digest: str
    reason: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.bank_entries.add((account_id, self.entry_id))


@value
class BankStatementWithdrawn(Event):
    """A bank statement's balances were read wrongly, and stand no more. The file is read anew."""

    stored_name = "bank_statement.withdrawn"

    bank_account: str
    number: str
    reason: str
    part: str | None = None

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


BankingEvent = (
    ToleranceSet
    | BankEntryObserved
    | BankEntryDetailed
    | BankEntryWithdrawn
    | BankStatementObserved
    | BankStatementWithdrawn
    | MatchMade
    | MatchUnmade
)
