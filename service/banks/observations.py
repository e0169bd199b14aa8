"""What a bank's file says, before the ledger ingests it: entries, and the balances of their statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from service.formats.unreadable import Unreadable

REFERENCES_MAX = 50
TEXT_MAX = 2000
"""The most characters of a remittance text that are kept: a batch of ten thousand payments is one entry."""


@dataclass(frozen=True, slots=True)
class ObservedEntry:
    """One booked entry: money that came (positive) or went (negative), in major units, on a day of the bank."""

    bank_account: str | None
    """The number as the file has it; None where it has none."""
    currency: str
    amount: Decimal
    booked_on: date
    source: str
    place: str
    raw: bytes = field(repr=False)
    value_on: date | None = None
    reference: str | None = None
    """The bank's own reference of this entry, which is the same in every file."""
    references: tuple[str, ...] = ()
    remittance: str | None = field(default=None, repr=False)
    counterparty: str | None = field(default=None, repr=False)
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class ObservedBankStatement:
    """The end of a statement: its balances, and the sum of the entries that were read (`moved`), in major units."""

    bank_account: str | None
    number: str
    currency: str
    moved: Decimal
    entries_count: int
    source: str
    place: str
    opening: Decimal | None = None
    closing: Decimal | None = None
    from_on: date | None = None
    to_on: date | None = None


BankObservation = ObservedEntry | ObservedBankStatement | Unreadable
