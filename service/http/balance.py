"""An account's balance (S2): what is in it, at a position.

Balances are read for many requests at once: requests that wait together share one statement. Nothing is cached.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import chain
from typing import Annotated

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.balances.state import Balance
from service.http.envelope import PositionMeta
from service.http.operations import Answer, ApiOperation
from service.http.parameters import MIN_POSITION, any_text, invalid
from service.http.read_your_writes import lane_at_position
from service.http.request_context import RequestContext
from service.http.visibility import no_such_account
from service.ledger.api_keys import PAYOUT_READ
from service.platform.database import Pool
from service.platform.documents import Position
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


BALANCES = web.AppKey("balances", BalanceReader)

CURRENCY = any_text("currency", "Default: the account's first.")


class BalanceDocument(TypedDict):
    """What is in an account, in a currency's minor unit. `available` and `pending` may be below zero."""

    available: Annotated[int, Field(description="Can be paid out.")]
    pending: Annotated[int, Field(description="Earned, and not released.")]
    reserved: Annotated[int, Field(description="In payouts under way.")]
    held: Annotated[int, Field(description="In reserves, deposits and disputes.")]
    paidOut: Annotated[int, Field(description="In all, less what came back.")]
    currency: str
    lane: int
    position: Position


async def get_balance(context: RequestContext) -> web.Response:
    account_id = context.account
    if context.given(MIN_POSITION) is not None:
        await lane_at_position(context)
    found = await context.request.app[BALANCES].of(account_id)
    if found is None or found.mode != context.key.mode:
        raise no_such_account(context)
    currency = context.read(CURRENCY)
    if currency is None:
        currency = found.first_currency
    amounts = found.balances.get(currency)
    if amounts is None:
        held = ", ".join(sorted(found.balances))
        raise invalid(CURRENCY.name, f"the account does not hold {currency[:16]}: it holds {held}")
    document: BalanceDocument = {
        "available": amounts.available,
        "pending": amounts.pending,
        "reserved": amounts.reserved,
        "held": amounts.held,
        "paidOut": amounts.paid_out,
        "currency": currency,
        "lane": found.lane,
        "position": found.position,
    }
    return context.respond(document, context.meta_at(found.lane, found.position))


OPERATIONS = (
    ApiOperation(
        "GET",
        "/payouts/balance",
        get_balance,
        id="getBalance",
        summary="The balance, at a position",
        scopes=(PAYOUT_READ,),
        parameters=(CURRENCY, MIN_POSITION),
        answers=(Answer(data=BalanceDocument, meta=PositionMeta),),
    ),
)
