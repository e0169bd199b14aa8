"""A marketplace on loopback, that gives the answers of the test, and remembers the requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web

from service.marketplaces.channels import CHANNELS
from service.marketplaces.http_session import HttpSession, Pacing
from service.platform.runtime import Runtime

NOW = datetime(2026, 5, 21, 8, 0, tzinfo=UTC)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class MarketplaceServer:
    """A server that gives the answers of the test, and remembers the requests."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[web.Request] = []
        self.waits: list[float] = []
        self._answer = answer
        self._now = NOW
        self._monotonic = 0.0
        self.session: aiohttp.ClientSession
        self.base = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.asked.append(request)
        return await self._answer(request)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._monotonic += seconds
        self._now += timedelta(seconds=seconds)

    def api(self, channel: str, pacing: Pacing | None = None) -> HttpSession:
        runtime = Runtime(now=lambda: self._now, monotonic=lambda: self._monotonic, sleep=self.sleep)
        failure = CHANNELS[channel].failure
        return HttpSession(self.session, channel, self.base, failure, runtime, pacing or Pacing(pause_seconds=0))


@asynccontextmanager
async def marketplace(answer: Answer) -> AsyncIterator[MarketplaceServer]:
    server = MarketplaceServer(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as session:
        server.session = session
        try:
            yield server
        finally:
            await runner.cleanup()
