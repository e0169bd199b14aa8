"""What banks said, and what people said that their money is for."""

from __future__ import annotations

from events.instants import Day, Instant
from events.values import Data, value

BankStatementKey = tuple[str, str, str]
"""(digest of the bank account's number, number of the statement, part)."""


@value
class BankEntry:
    """A bank's word of money that came or went. Remittance and counterparty are sealed."""

    bank_account: str
    """The keyed digest of the bank account's number."""
    currency: str
    amount: int
    """Signed: what came is positive."""
    booked_on: Day
    references: list[str]
    source: str
    findings: list[Data]
    digest: str
    position: int
    value_on: Day | None = None
    reference: str | None = None
    remittance: str | None = None
    counterparty: str | None = None
    reversal: bool = False
    content: str | None = None
    """The keyed digest of what tells it from others. None of entries that were imported before there was one."""
    statement: Data | None = None
    """The statement that it stood in: its `number`, `page`, `from`, `to`, `opening` and `closing`."""
    balance: int | None = None
    """The bank account's balance after it, where the file has one for each row."""
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
    from_on: Day | None = None
    to_on: Day | None = None
    made_at: Instant | None = None


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
