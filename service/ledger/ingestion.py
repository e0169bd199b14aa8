"""What banks and marketplaces say, on its way into a lane: some records at a time, decided together.

An observation is never refused: it is taken in, known already, or kept with the reason why nobody can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from events.chain import Source
from events.instants import Instant
from service.ledger.batch import Cause
from service.ledger.commands import RequestOrigin
from service.ledger.unit_of_work import UnitOfWork

SLICE = 200
"""Records that are read, and taken in, at once."""
PROBLEMS_MAX = 100
"""Unreadable records that an answer lists; all of them are kept."""

Progress = Callable[[int], None]
"""Told, after each slice, how many bytes of the file have been read."""

Arrived = TypeVar("Arrived")


@dataclass(slots=True, kw_only=True)
class ObservationsUnit(UnitOfWork[list[str]], Generic[Arrived]):
    """Observations of one source about one account; its result is what came of each."""

    account_id: str
    arrivals: Sequence[Arrived]
    exponents: dict[str, int]
    origin: RequestOrigin
    received_at: Instant

    @property
    def commands_count(self) -> int:
        return max(1, len(self.arrivals))

    def cause(self, source: Source | None = None, caused_by: str | None = None) -> Cause:
        """Whoever asked; without a source, it is what they asked with."""
        return Cause(
            actor=self.origin.actor,
            source=source or self.origin.source,
            correlation_id=self.origin.request_id,
            causation_id=caused_by,
            traceparent=self.origin.traceparent,
        )
