"""The one seam to the world's clock, randomness and scheduler, so that a simulator can own them.

Nothing else in the service reads a clock, sleeps, draws random bytes or starts a task.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from events.instants import Instant, from_datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]


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
    random: Callable[[int], bytes] = os.urandom
    spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]] = _spawn

    def instant(self) -> Instant:
        return from_datetime(self.now())

    def ulid(self) -> str:
        """26 characters that sort by the millisecond they were made in."""
        number = int(self.now().timestamp() * 1000) << 80 | int.from_bytes(self.random(10), "big")
        return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])

    def uuid7(self) -> str:
        """A version 7 UUID (RFC 9562): 48 bits of milliseconds, the rest random."""
        tail = self.random(10)
        milliseconds = int(self.now().timestamp() * 1000) & 0xFFFFFFFFFFFF
        text = f"{milliseconds:012x}7{tail.hex()[1:4]}{0x80 | tail[2] & 0x3F:02x}{tail[3:].hex()}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


REAL = Seam()
