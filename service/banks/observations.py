"""What a bank's file says, before the ledger ingests it: entries, the balances of their statement, and remarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from service.formats.file_remarks import Remark
from service.formats.times import NEVER, Moment
from service.formats.unreadable import Unreadable

TEXT_MAX = 2000
"""The most characters of a remittance text that are kept: a batch of ten thousand payments is one entry."""
_NO_REFERENCE = frozenset({"NOTPROVIDED", "NONREF", "NOREF", "NONE", "NULL", "N/A", "NA", "NIL"})


@dataclass(frozen=True, slots=True)
class StatementPart:
    """The statement, or the page of one, that entries stand in. Amounts are in major units."""

    number: str
    page: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None


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
    """The bank's own reference. A fee and a tax may have the one of their payment."""
    references: tuple[str, ...] = ()
    remittance: str | None = field(default=None, repr=False)
    counterparty: str | None = field(default=None, repr=False)
    reversal: bool = False
    group: str = ""
    """The statement of the file, as a receipt names it."""
    statement: StatementPart | None = None
    """For files that have statements."""
    balance: Decimal | None = None
    """The account's balance after it, where each row has one."""
    explains: bool = False
    """Whether it only explains an entry of a statement, as a notification does."""


@dataclass(frozen=True, slots=True)
class ObservedBankStatement:
    """The end of a statement with its balances, in major units. Its entries came before, under its `group`."""

    bank_account: str | None
    part: StatementPart
    currency: str
    source: str
    place: str
    group: str = ""
    made_at: Moment = NEVER


BankObservation = ObservedEntry | ObservedBankStatement | Unreadable | Remark


def reference_of(text: str | None) -> str | None:
    """The reference in a text; None for the placeholders that banks write where there is none: `0`, `-`, `NONREF`."""
    if text is None:
        return None
    stripped = " ".join(text.split()).strip("'")
    if (
        not any(each.isalnum() for each in stripped)
        or stripped.strip("0-. ") == ""
        or stripped.upper() in _NO_REFERENCE
    ):
        return None
    return stripped
