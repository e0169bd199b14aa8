"""The runtime: the clock, randomness and tasks, in one place, so that a test can replace them; and what it counts.

Nothing else in the service reads a clock, sleeps, draws random bytes or starts a task.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics

from events.instants import Instant, from_datetime

# When each series began is of no use to anybody here, and would be one more series for each.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library annotates nearly everything else

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
_CROCKFORD_OF_BYTE = bytes(ord(_CROCKFORD[byte & 31]) for byte in range(256))
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
_ENTROPY_BYTES = 4096


@lru_cache(8)
def _time_part(milliseconds: int) -> str:
    return "".join(_PAIRS[milliseconds >> shift & 1023] for shift in (40, 30, 20, 10, 0))


@lru_cache(8)
def _uuid_time(milliseconds: int) -> str:
    text = f"{milliseconds & 0xFFFFFFFFFFFF:012x}"
    return f"{text[:8]}-{text[8:]}"


class Entropy:
    """Random bytes from the operating system, read many at a time: a system call for each id would cost more."""

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._pool):
            self._pool, self._at, end = os.urandom(max(_ENTROPY_BYTES, count)), 0, count
        drawn = self._pool[self._at : end]
        self._at = end
        return drawn


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _spawn(coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(coroutine, name=name)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Time, randomness and tasks."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[int], bytes] = field(default_factory=Entropy)
    spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]] = _spawn

    def instant(self) -> Instant:
        return from_datetime(self.now())

    def milliseconds(self) -> int:
        """Since 1970. In ids, it makes them sort by the time of their creation."""
        if self.now is _utc_now:
            # The same clock, in a quarter of the time: there is an id in every request.
            return time.time_ns() // 1_000_000
        return int(self.now().timestamp() * 1000)

    def ulid(self, milliseconds: int | None = None) -> str:
        """An id of 26 characters that sorts by its millisecond of creation; ids made together may share `milliseconds`."""
        moment = self.milliseconds() if milliseconds is None else milliseconds
        # Five random bits of each byte; `translate` does all sixteen in C.
        return _time_part(moment) + self.random(16).translate(_CROCKFORD_OF_BYTE).decode()

    def uuid7(self, milliseconds: int | None = None) -> str:
        """A version 7 UUID (RFC 9562): 48 bits of milliseconds, the rest random."""
        moment = self.milliseconds() if milliseconds is None else milliseconds
        tail = self.random(10).hex()
        return f"{_uuid_time(moment)}-7{tail[:3]}-{_VARIANT[tail[3]]}{tail[4:7]}-{tail[7:19]}"


REAL = Runtime()


def collect_garbage_rarely() -> None:
    """Exempts all current objects from garbage collection, and makes collections rarer: our values have few cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class Counters:
    """What a ledger has done since its process began, read by /metrics. Several ledgers may run in a process, so none of this stands in the library's global registry."""

    def __init__(self) -> None:
        self._events = Counter(
            "payout_ledger_events_appended", "Events this process has appended.", ["lane"], registry=None
        )
        self._deliveries = Counter(
            "payout_ledger_deliveries_taken_in", "Webhooks this process has taken in.", ["verdict"], registry=None
        )
        self._refusals = Counter(
            "payout_ledger_commands_refused", "Commands this process has refused.", ["code"], registry=None
        )
        self._rows = Counter(
            "payout_ledger_rows_refused",
            "Rows that would grant something, and are not as written.",
            ["table"],
            registry=None,
        )

    def committed(self, lane: int, events: int, verdicts: Iterable[str]) -> None:
        """A batch: how many events of the lane, and the verdict of each delivery."""
        self._events.labels(lane).inc(events)
        for verdict in verdicts:
            self._deliveries.labels(verdict).inc()

    def refused(self, code: str) -> None:
        """A command, with the code of its refusal."""
        self._refusals.labels(code).inc()

    def row_refused(self, table: str) -> None:
        """A row whose MAC does not hold, each time that it was to be used."""
        self._rows.labels(table).inc()

    def register(self, registry: CollectorRegistry, verdicts: Iterable[str], granting_tables: Iterable[str]) -> None:
        """Shows them in a registry. A verdict that no delivery has had yet is shown with 0, and so is a table."""
        for verdict in verdicts:
            self._deliveries.labels(verdict)
        for table in granting_tables:
            self._rows.labels(table)
        for counter in (self._events, self._deliveries, self._refusals, self._rows):
            registry.register(counter)
