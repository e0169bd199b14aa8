"""Reads balances for many requests at once: requests that wait together share one statement. Nothing is cached."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import chain

from events.balances.state import Balance
from service.platform.database import Pool
from service.platform.runtime import Runtime
from sql import query

_READS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class AccountBalances:
    """All of an account's balances, true at this position of its lane."""

    mode: str
    lane: int
    position: int
    version: int
    first_currency: str
    balances: dict[str, Balance]


class BalanceReader:
    """Collects requests while a read is under way, and reads for all of them next."""

    def __init__(self, pool: Pool, runtime: Runtime) -> None:
        self._pool = pool
        self._runtime = runtime
        self._waiting: dict[str, list[asyncio.Future[AccountBalances | None]]] = {}
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def of(self, account_id: str) -> AccountBalances | None:
        """The account's balances, read after this call began; None where there is no such account."""
        future: asyncio.Future[AccountBalances | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account_id, []).append(future)
        if self._running < _READS_AT_ONCE:
            self._start()
        return await future

    def _start(self) -> None:
        self._running += 1
        task = self._runtime.spawn(self._run(), "balances")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        # Requests that become ready in this turn of the event loop join the read.
        await self._runtime.sleep(0)
        waiting, self._waiting = self._waiting, {}
        try:
            found = await self._read(list(waiting))
            for account_id, futures in waiting.items():
                balances = found.get(account_id)
                for future in futures:
                    if not future.done():
                        future.set_result(balances)
        except Exception as problem:  # noqa: BLE001 - the requests that wait get it
            for future in chain.from_iterable(waiting.values()):
                if not future.done():
                    future.set_exception(problem)
        finally:
            self._running -= 1
            if self._waiting and self._running < _READS_AT_ONCE:
                self._start()

    async def _read(self, account_ids: list[str]) -> dict[str, AccountBalances]:
        found: dict[str, AccountBalances] = {}
        for account_id, mode, lane, position, version, first, currency, *amounts in await self._pool.fetch(
            query("balances/of_accounts"), account_ids
        ):
            if account_id not in found:
                found[account_id] = AccountBalances(mode, lane, position, version, first, {})
            found[account_id].balances[currency] = Balance(*amounts)
        return found
