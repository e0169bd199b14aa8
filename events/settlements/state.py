"""Money that marketplaces tell of order by order."""

from __future__ import annotations

from dataclasses import field

from events.observations import Heard
from events.values import value

SettlementKey = tuple[str, str, str]
"""(channel, seller or nothing, reference)."""


@value
class Settlement:
    """Money that a channel tells of under one reference, and what was booked because of it."""

    currency: str
    """Of the money booked: another one, said later, is a finding."""
    counts_for: str
    """The order that it counts for."""
    collects: str
    """Who collected it: as the channel stood, and from its release on as it stood then."""
    sources: Heard
    """What each source said, and when."""
    position: int
    booked: int | None = None
    """What the newest of the records that book says that it is; None while records only explain it."""
    released: bool = False
    adjustments: Heard = field(default_factory=dict)
    """What each source said of each of its adjustments, and when: by source and reference, with a space between them."""
    adjusted: int = 0
    """What the adjustments come to (`events.settlements.adjustments`): worth of the order beside `booked`."""
    released_by: list[str] = field(default_factory=list)
    """What said that it was let go of (`release.release_mark`). Rows of older releases do not know."""
    absorbed: int | None = 0
    """How much of what it is worth commands had recorded: theirs again, where the channel's records are withdrawn. Rows
    of older releases do not know."""
    settled: int | None = 0
    """How much of it was taken from the available, since commands had settled it: it is available again then."""
    short: int | None = 0
    """How much of what was let go of was not pending any more, since commands had settled it: it left nothing, so it comes
    back to nothing. Rows of older releases do not know."""
