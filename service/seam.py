"""The one seam to the world's clock, randomness and scheduler, so that a simulator can own them.

Nothing else in the service reads a clock, sleeps, draws random bytes or starts a task.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from events.instants import Instant, from_datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
_ENTROPY_BYTES = 4096


class Entropy:
    """Random bytes from the operating system, drawn many at a time: a system call for each id would cost more."""

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
class Seam:
    """Time, chance and tasks."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[int], bytes] = field(default_factory=Entropy)
    spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]] = _spawn

    def instant(self) -> Instant:
        return from_datetime(self.now())

    def ulid(self) -> str:
        """26 characters that sort by the millisecond they were made in."""
        number = int(self.now().timestamp() * 1000) << 80 | int.from_bytes(self.random(10), "big")
        pairs = _PAIRS
        return (
            pairs[number >> 120]
            + pairs[number >> 110 & 1023]
            + pairs[number >> 100 & 1023]
            + pairs[number >> 90 & 1023]
            + pairs[number >> 80 & 1023]
            + pairs[number >> 70 & 1023]
            + pairs[number >> 60 & 1023]
            + pairs[number >> 50 & 1023]
            + pairs[number >> 40 & 1023]
            + pairs[number >> 30 & 1023]
            + pairs[number >> 20 & 1023]
            + pairs[number >> 10 & 1023]
            + pairs[number & 1023]
        )

    def uuid7(self) -> str:
        """A version 7 UUID (RFC 9562): 48 bits of milliseconds, the rest random."""
        tail = self.random(10)
        milliseconds = int(self.now().timestamp() * 1000) & 0xFFFFFFFFFFFF
        text = f"{milliseconds:012x}7{tail.hex()[1:4]}{0x80 | tail[2] & 0x3F:02x}{tail[3:].hex()}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


REAL = Seam()
