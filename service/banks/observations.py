"""What a bank's file says, before anybody takes it in: entries, and the balances of the statement that they stood in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from service.formats.unreadable import Unreadable

REFERENCES_MAX = 50
TEXT_MAX = 2000
"""How much of a remittance text is kept: a batch of ten thousand payments is one entry."""


@dataclass(frozen=True, slots=True)
class ObservedEntry:
    """Money that came (positive) or went (negative), in major units, on the bank's day."""

    bank_account: str | None
    """As the file writes it; None where it names none."""
    currency: str
    amount: Decimal
    booked_on: date
    source: str
    place: str
    raw: bytes = field(repr=False)
    value_on: date | None = None
    reference: str | None = None
    """The bank's own for this entry, the same in every file that tells of it."""
    references: tuple[str, ...] = ()
    remittance: str | None = field(default=None, repr=False)
    counterparty: str | None = field(default=None, repr=False)
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class ObservedBankStatement:
    """The end of a statement: its balances, and what the entries that were read add up to."""

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
