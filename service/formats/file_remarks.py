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


class TotalOf(enum.StrEnum):
    """What a stated total adds up: the signed amounts, those of one direction (without their sign), or the records."""

    AMOUNTS = "amounts"
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


Remark = LeftOut | StatedTotal | UnusedHeadings
