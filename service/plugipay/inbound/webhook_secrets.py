"""Who may sign for whom, remembered: a webhook is verified without waiting for the database.

What is remembered is used as it is for a few seconds. After that it is read again, and the old stands in while the
database is slow or away. Nobody is turned away on what is remembered: a signature that does not match is compared with
what the database says after it came, so that a new secret counts at once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from itertools import chain, islice

import asyncpg

from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.runtime import Runtime
from service.plugipay.inbound.delivery_routing import Route

log = logs.get("plugipay")

FRESH_SECONDS = 5.0
_PATIENCE_SECONDS = 0.5
_LOOK_UP_SECONDS = 4.0
_LOOK_UPS_AT_ONCE = 2
_NAMES_AT_ONCE = 500
_REMEMBERED_MAX = 50_000

Find = Callable[[Collection[str]], Awaitable[dict[str, Route]]]


class NotTold(Exception):
    """The database does not say who may sign."""


@dataclass(slots=True)
class _Known:
    route: Route
    read_at: float
    tried_at: float


class WebhookSecrets:
    """Routes by the names that webhooks use."""

    def __init__(self, find: Find, runtime: Runtime, *, remembered_max: int = _REMEMBERED_MAX) -> None:
        self._find = find
        self._runtime = runtime
        self._remembered_max = remembered_max
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Future[Route | None]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def remembered(self, named: str) -> Route | None:
        """What was read a moment ago; something older only where the database does not answer at once."""
        known = self._known.get(named)
        if known is None:
            return None
        self._known.move_to_end(named)
        now = self._runtime.monotonic()
        if now - known.read_at <= FRESH_SECONDS or now - known.tried_at <= FRESH_SECONDS:
            return known.route
        known.tried_at = now
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self.afresh(named)
        except (NotTold, TimeoutError) as problem:
            log.info("signers_not_read_again", named=named, problem=repr(problem))
            return known.route

    async def afresh(self, named: str) -> Route | None:
        """What the database says now, read after this call began. NotTold where it does not answer."""
        future: asyncio.Future[Route | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(named, []).append(future)
        self._look_up()
        return await future

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _look_up(self) -> None:
        """Those that wait together are read together: forged names cost no more than so many statements at once."""
        if self._waiting and len(self._running) < _LOOK_UPS_AT_ONCE:
            task = self._runtime.spawn(self._run(), "signers")
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._look_up()

    async def _run(self) -> None:
        names = list(islice(self._waiting, _NAMES_AT_ONCE))
        waiting = {named: self._waiting.pop(named) for named in names}
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                routes = await self._find(names)
            self._remember(names, routes)
            for named, futures in waiting.items():
                for future in futures:
                    if not future.done():
                        future.set_result(routes.get(named))
        except Exception as problem:
            # Whoever waits is told, whatever it was.
            if not isinstance(problem, (*OUTAGES, asyncpg.PostgresError)):
                log.exception("signers_not_read")
            for future in chain.from_iterable(waiting.values()):
                if not future.done():
                    future.set_exception(NotTold(repr(problem)))
        finally:
            for future in chain.from_iterable(waiting.values()):
                future.cancel()

    def _remember(self, names: list[str], routes: dict[str, Route]) -> None:
        now = self._runtime.monotonic()
        for named in names:
            route = routes.get(named)
            if route is None:
                self._known.pop(named, None)
                continue
            self._known[named] = _Known(route, now, now)
            self._known.move_to_end(named)
        while len(self._known) > self._remembered_max:
            self._known.popitem(last=False)
