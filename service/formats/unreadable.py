"""What nobody could read, and why."""

from __future__ import annotations

import dataclasses

RAW_MAX = 64 * 1024
"""How much of an unreadable row is kept."""


@dataclasses.dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that nobody understood: where it stands, why, and the row itself (its first 64 KiB)."""

    place: str
    reason: str
    raw: bytes = dataclasses.field(repr=False)


def unreadable(place: str, reason: str, raw: bytes) -> Unreadable:
    return Unreadable(place, reason, raw[:RAW_MAX])
