"""A cache of webhook secrets: a webhook is verified without waiting for the database.

A cached route is used without a read for a few seconds. After that it is read again, and the old one is used while the
database is slow or not reachable. No webhook is rejected because of the cache: a signature that does not match is
compared with what the database says after the webhook arrived, so that a new secret is valid at once.
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
_REFRESH_SECONDS = 0.5
_LOOK_UP_SECONDS = 4.0
_LOOK_UPS_AT_ONCE = 2
_IDS_AT_ONCE = 500
_CACHED_MAX = 50_000

Find = Callable[[Collection[str]], Awaitable[dict[str, Route]]]


class SecretsUnavailable(Exception):
    """The secrets cannot be read from the database now."""


@dataclass(slots=True)
class _CachedRoute:
    route: Route
    read_at: float
    tried_at: float


class WebhookSecrets:
    """Routes by the account or workspace ids that webhooks name."""

    def __init__(self, find: Find, runtime: Runtime, *, cached_max: int = _CACHED_MAX) -> None:
        self._find = find
        self._runtime = runtime
        self._cached_max = cached_max
        self._cached: OrderedDict[str, _CachedRoute] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Future[Route | None]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def read(self, claimed_id: str) -> Route | None:
        """The route as cached a few seconds ago at most; an older one only if the database does not answer at once.

        None where it is not cached: it may be in the database.
        """
        cached = self._cached.get(claimed_id)
        if cached is None:
            return None
        self._cached.move_to_end(claimed_id)
        now = self._runtime.monotonic()
        if now - cached.read_at <= FRESH_SECONDS or now - cached.tried_at <= FRESH_SECONDS:
            return cached.route
        cached.tried_at = now
        try:
            async with asyncio.timeout(_REFRESH_SECONDS):
                return await self.refresh(claimed_id)
        except (SecretsUnavailable, TimeoutError) as problem:
            log.info("signers_not_read_again", named=claimed_id, problem=repr(problem))
            return cached.route

    async def refresh(self, claimed_id: str) -> Route | None:
        """The route, read from the database after this call began. SecretsUnavailable where it does not answer."""
        future: asyncio.Future[Route | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(claimed_id, []).append(future)
        self._start_look_up()
        return await future

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _start_look_up(self) -> None:
        """Starts a read for all that wait. The number of reads at once is limited, whatever ids forged webhooks name."""
        if self._waiting and len(self._running) < _LOOK_UPS_AT_ONCE:
            task = self._runtime.spawn(self._look_up(), "webhook secrets")
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._start_look_up()

    async def _look_up(self) -> None:
        claimed_ids = list(islice(self._waiting, _IDS_AT_ONCE))
        waiting = {claimed_id: self._waiting.pop(claimed_id) for claimed_id in claimed_ids}
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                routes = await self._find(claimed_ids)
            self._store(claimed_ids, routes)
            for claimed_id, futures in waiting.items():
                for future in futures:
                    if not future.done():
                        future.set_result(routes.get(claimed_id))
        except Exception as problem:
            # All that wait are told, whatever failed.
            if not isinstance(problem, (*OUTAGES, asyncpg.PostgresError)):
                log.exception("signers_not_read")
            for future in chain.from_iterable(waiting.values()):
                if not future.done():
                    future.set_exception(SecretsUnavailable(repr(problem)))
        finally:
            for future in chain.from_iterable(waiting.values()):
                future.cancel()

    def _store(self, claimed_ids: list[str], routes: dict[str, Route]) -> None:
        now = self._runtime.monotonic()
        for claimed_id in claimed_ids:
            route = routes.get(claimed_id)
            if route is None:
                self._cached.pop(claimed_id, None)
                continue
            self._cached[claimed_id] = _CachedRoute(route, now, now)
            self._cached.move_to_end(claimed_id)
        while len(self._cached) > self._cached_max:
            self._cached.popitem(last=False)
