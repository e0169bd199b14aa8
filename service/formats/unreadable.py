"""Records and rows that could not be read, and why."""

from __future__ import annotations

import dataclasses

RAW_MAX = 64 * 1024
"""The most bytes of an unreadable record that are kept."""


@dataclasses.dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be read: where it stands in the file, why, and its first `RAW_MAX` bytes."""

    place: str
    reason: str
    raw: bytes = dataclasses.field(repr=False)


def unreadable(place: str, reason: str, raw: bytes) -> Unreadable:
    """An Unreadable with no more than the first `RAW_MAX` bytes."""
    return Unreadable(place, reason, raw[:RAW_MAX])
