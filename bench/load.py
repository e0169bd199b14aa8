"""A closed-loop HTTP load: so many connections, each with one request under way. Runs as a process of its own.

    python -m bench.load '{"port": 8080, "connections": 64, "seconds": 5, "requests": [...]}'

prints one JSON line: requests, seconds, statuses and latencies in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, cast

import uvloop


@dataclass
class Plan:
    """What to send: `{n}` in a template becomes the salt, new for each run, and a number, new for each request."""

    port: int
    connections: int
    seconds: float
    warmup_seconds: float
    templates: list[dict[str, Any]]
    salt: str


@dataclass
class Tally:
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    counting: bool = False


class Client(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last is whole."""

    def __init__(self, plan: Plan, counters: Tally, numbers: Any, ended: asyncio.Future[None]) -> None:
        self._plan, self._counters, self._numbers, self._ended = plan, counters, numbers, ended
        self._buffer = b""
        self.stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio.Transport.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        number = next(self._numbers)
        template = self._plan.templates[number % len(self._plan.templates)]
        body = template.get("body", "").encode()
        head = template["head"].replace("{n}", f"{self._plan.salt}{number}").encode()
        self._began = time.perf_counter()
        self._transport.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body if body else head + b"\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._buffer.lower().find(b"content-length: ", 0, end)
        length = int(self._buffer[at + 16 : self._buffer.index(b"\r\n", at)])
        if len(self._buffer) < end + 4 + length:
            return
        if self._counters.counting:
            self._counters.latencies.append((time.perf_counter() - self._began) * 1000)
            self._counters.statuses[int(self._buffer[9:12])] += 1
        self._buffer = b""
        if self.stopping:
            self._transport.close()
            if not self._ended.done():
                self._ended.set_result(None)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(exc or ConnectionError("the server closed the connection"))


async def run(plan: Plan) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    counters, numbers = Tally(), count()
    clients: list[Client] = []
    ends = []
    for _ in range(plan.connections):
        ended: asyncio.Future[None] = loop.create_future()
        ends.append(ended)
        _, client = await loop.create_connection(
            partial(Client, plan, counters, numbers, ended), "127.0.0.1", plan.port
        )
        clients.append(client)
    await asyncio.sleep(plan.warmup_seconds)
    counters.counting = True
    began = time.perf_counter()
    await asyncio.sleep(plan.seconds)
    counters.counting = False
    seconds = time.perf_counter() - began
    for client in clients:
        client.stopping = True
    await asyncio.gather(*ends)
    ordered = sorted(counters.latencies)
    return {
        "rate": len(ordered) / seconds,
        "p50_ms": ordered[len(ordered) // 2],
        "p99_ms": ordered[int(len(ordered) * 0.99)],
        "statuses": {str(status): n for status, n in counters.statuses.items()},
    }


if __name__ == "__main__":
    result = uvloop.run(run(Plan(**json.loads(sys.stdin.read()))))
    print(json.dumps(result))
