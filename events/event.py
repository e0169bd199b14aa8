"""What every event is: something that became true, under a stored name that never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from events.read_set import ReadSet
from events.values import Data


class Event:
    """The base of all events. Each is a value, named by a noun and a past participle, whose docstring says what is true.

    Events are a public format: amounts are integers of the currency's minor unit, and a field is added with a new
    `schema_version` and an upcaster, and never changes its meaning.
    """

    __slots__ = ()

    stored_name: ClassVar[str]
    """The name in the log, spelled by hand."""
    schema_version: ClassVar[int] = 1
    """The version of the data that is written today."""
    upcasters: ClassVar[Mapping[int, Callable[[Data], Data]]] = {}
    """By version: what turns data of that version into the next one's. Stored bytes stay as they are."""
    sealed: ClassVar[tuple[str, ...]] = ()
    """The keys in the stored data that hold ciphertext (docs/personal-data.md)."""

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        """Adds the rows that folding it looks at, beside the account and its totals: none, where nothing is said."""


def only_new_optional_fields(data: Data) -> Data:
    """The upcaster of a version whose next one only added optional fields."""
    return data
