"""Whether the service is alive, ready, or degraded, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from events.instants import Instant
from service.platform.circuit_breaker import CircuitBreaker
from service.platform.database import OUTAGES, Pool
from service.platform.database_watch import DatabaseWatch
from service.platform.settings import Settings
from sql import query

PARTITION_ROOM_LOW = 5_000_000
"""Positions left in the log's partitions, below which the migrator should be run."""

_HOW_TO_LOOK = "`payout-ledger deliveries list --waiting`"
_SECONDS = 5


@dataclass(slots=True)
class Part:
    """A part that the service depends on. Without a part that is not `vital`, the service is only degraded."""

    vital: bool
    ok: bool
    message: str


@dataclass(slots=True)
class Health:
    """The content of /readyz. Background parts report here."""

    pool: Pool
    settings: Settings
    parts: dict[str, Part] = field(default_factory=dict)
    breakers: Mapping[str, CircuitBreaker] = field(default_factory=dict)
    """By the provider's base URL, if this process calls it."""
    turned_away: dict[str, Instant] = field(default_factory=dict)
    """The accounts whose credentials the provider rejects, and since when."""
    watch: DatabaseWatch | None = None
    """What this process last saw of the database's server."""

    def report(self, name: str, *, ok: bool, message: str) -> None:
        """Sets the state of a part other than the database, such as the broker."""
        self.parts[name] = Part(vital=False, ok=ok, message=message)

    async def check(self) -> tuple[bool, dict[str, Any]]:
        """Whether the service is ready for requests, and the document with the state of each part."""
        parts = {**await self._database(), **self._watched(), **self.parts}
        ready = all(part.ok for part in parts.values() if part.vital)
        healthy = all(part.ok for part in parts.values())
        status = "ready" if healthy else "degraded" if ready else "unavailable"
        return ready, {
            "status": status,
            "parts": {name: {"ok": part.ok, "message": part.message} for name, part in parts.items()},
        }

    def _watched(self) -> dict[str, Part]:
        """What reads do not show: that nothing can be written, and a clock that is wrong."""
        if self.watch is None:
            return {}
        ahead, most = self.watch.clock_ahead.total_seconds(), self.settings.clock_ahead_seconds_max
        away, fast = self.watch.problem, ahead > most
        clock = f"{abs(ahead):.3f} s {'ahead of' if ahead > 0 else 'behind'} the database's"
        if abs(ahead) > most:
            clock += ": nothing is written until it is set right" if fast else ": set it right"
        return {
            "writes": Part(vital=True, ok=away is None, message=away or "taken"),
            "clock": Part(vital=fast, ok=abs(ahead) <= most, message=clock),
        }

    async def _database(self) -> dict[str, Part]:
        try:
            positions_left = await self.pool.fetchval(query("events/room"), timeout=_SECONDS)
            lanes = list(range(1, self.settings.lanes + 1))
            parked = await self.pool.fetchval(query("deliveries/waiting"), lanes, timeout=_SECONDS)
        except (*OUTAGES, asyncpg.PostgresError) as problem:
            return {"database": Part(vital=True, ok=False, message=f"not reachable: {type(problem).__name__}")}
        enough = positions_left > PARTITION_ROOM_LOW
        message = f"room for {positions_left} more events" + (
            "" if enough else ": run `payout-ledger migrate` to make partitions"
        )
        waiting = "none is parked" if not parked else f"{parked} parked, for a person to look at: {_HOW_TO_LOOK}"
        return {
            "database": Part(vital=True, ok=True, message="reachable"),
            "partitions": Part(vital=False, ok=enough, message=message),
            "deliveries": Part(vital=False, ok=not parked, message=waiting),
        }
