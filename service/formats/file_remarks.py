"""What a file says beside its records: what is left out on purpose, its own totals, and headings that nobody reads.

Readers yield remarks among their observations, in the order of the file. An import's receipt is made of them.
"""

from __future__ import annotations

import dataclasses
import enum
from decimal import Decimal


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that is understood, and is no money to book: a pending row, a footer, a part of the row above it."""

    place: str
    reason: str
    """One short phrase for all records that are left out for this reason: a receipt counts by it."""
    amount: Decimal | None = None
    """What a pending record says, signed, in major units: the file's totals may have it."""
    currency: str | None = None
    group: str = ""
    """The group of records whose totals may have it, as in `StatedTotal`."""


class TotalOf(enum.StrEnum):
    """What a stated total adds up: signed amounts, amounts without their sign (of one direction or both), or records."""

    AMOUNTS = "amounts"
    TURNOVER = "turnover"
    CREDITS = "credits"
    DEBITS = "debits"
    RECORDS = "records"


@dataclasses.dataclass(frozen=True, slots=True)
class StatedTotal:
    """The file says what the records of `group` add up to, in major units. `group` is empty for all records of a file."""

    name: str
    """The file's own name of it: `Saldo Akhir`, `TxsSummry/TtlNtries/Sum`."""
    of: TotalOf
    amount: Decimal
    currency: str | None = None
    """None for a number of records."""
    group: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class UnusedHeadings:
    """The headings of a table that no cell was read by."""

    place: str
    headings: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """Something that whoever imports should know, such as that the file names another currency than the request."""

    text: str


Remark = LeftOut | StatedTotal | UnusedHeadings | Note
"""All that a reader can say beside records. `place` is where it stands; a total or a note is of the whole file."""
