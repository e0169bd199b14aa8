"""Money that marketplaces tell of order by order."""

from __future__ import annotations

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
