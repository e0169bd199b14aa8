"""What a record of a file stated, and what of it is withdrawn when the file is read anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from events.channels.events import StatementObserved
from events.settlements.events import SettlementObserved

ZONE_WAS_ASSUMED = "zone_was_assumed"
"""The rule of a finding: nobody gave the zone of times without one. It ends when the file is read with one that is given."""

Thing = tuple[str, ...]
"""What names, for its subject, what a record stated: a bank entry, or what a source's record said of some money."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person recognises it by: its day or time, its currency, and its amount in major units."""

    date: str | None
    currency: str
    amount: str | None


class Stated(NamedTuple):
    """What one record stated. `reading` is a digest of all that was read in it."""

    place: str
    reading: str
    thing: Thing
    shown: Shown


class Reading(NamedTuple):
    """How one record is read. The thing is None where only the ledger can name it."""

    place: str
    reading: str
    thing: Thing | None


@dataclass(slots=True)
class Withdrawal:
    """What a record stated before, which is withdrawn; `done` once that is durable, or why it was refused."""

    stated: Stated
    reason: str
    decided: bool = False
    done: bool = False
    refused: str | None = None
    by_commands: bool = True
    """Whether commands may have had to do with the same money, where only the log knows it."""
    matches: set[str] = field(default_factory=set)
    """The ids of the matches of a bank entry, which are unmade."""
    others: list[StatementObserved] = field(default_factory=list)
    """What other records said of a marketplace's statement, which is observed again."""
    elsewhere: list[SettlementObserved] = field(default_factory=list)
    """What was said of the same money in another currency than it had then: it may be the money's currency now."""
    reread_too: set[str] = field(default_factory=set)
    """The records of it that are read anew as well."""
