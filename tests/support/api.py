"""A ledger served over HTTP in the test's own loop, and callers with keys of their own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from events.accounts.state import LIVE
from service.http.app import app_runner, build_app
from service.ledger.api_keys import SCOPES, NewKey, create_key
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.platform.health import Health
from service.platform.runtime import REAL, Runtime
from service.platform.settings import Settings
from tests.support.described import described_answers


@dataclass(frozen=True)
class Answer:
    """What came back: the body as sent, and read."""

    status: int
    raw: bytes
    document: dict[str, Any]
    headers: Mapping[str, str]
    """By names of any case."""

    @property
    def data(self) -> Any:
        return self.document["data"]

    @property
    def error(self) -> dict[str, Any]:
        error = self.document["error"]
        assert isinstance(error, dict)
        return error

    @property
    def meta(self) -> dict[str, Any]:
        meta = self.document["meta"]
        assert isinstance(meta, dict)
        return meta


@dataclass(frozen=True)
class Caller:
    """Somebody with a bearer key."""

    session: aiohttp.ClientSession
    base: str
    key: NewKey

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        async with self.session.request(
            method,
            self.base + path,
            json=body if raw is None else None,
            data=raw,
            headers={"Authorization": f"Bearer {self.key.secret}", **(headers or {})},
        ) as response:
            content = await response.read()
            return Answer(response.status, content, await response.json(), response.headers)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, headers=headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return await self.call("POST", path, body, headers=headers)

    async def patch(self, path: str, body: Any = None, **headers: str) -> Answer:
        return await self.call("PATCH", path, body, headers=headers)

    async def command(self, **command: Any) -> dict[str, Any]:
        """One command; its result."""
        answer = await self.post("/v1/commands", {"commands": [command]})
        assert answer.status == 200, answer.raw
        result = answer.data["results"][0]
        assert isinstance(result, dict)
        return result

    async def accepted(self, **command: Any) -> dict[str, Any]:
        """One command that has to be carried out; its result."""
        result = await self.command(**command)
        assert result["status"] == "accepted", result
        return result


@dataclass(frozen=True)
class Api:
    """The service, and a way to make callers."""

    ledger: Ledger
    base: str
    session: aiohttp.ClientSession
    health: Health

    async def caller(
        self,
        account: str | None = None,
        *,
        scopes: Sequence[str] = SCOPES,
        mode: str = LIVE,
        on_behalf_of: bool | None = None,
    ) -> Caller:
        """A caller bound to an account, or the platform's where none is named."""
        key = await create_key(
            self.ledger.pool,
            self.ledger.vault,
            self.ledger.runtime,
            mode=mode,
            scopes=scopes,
            account_id=account,
            on_behalf_of=account is None if on_behalf_of is None else on_behalf_of,
        )
        return Caller(self.session, self.base, key)

    async def merchant(
        self,
        account: str = "acc_1",
        *,
        available: int = 0,
        pending: int = 0,
        bank: bool = True,
        backend: str = "manual",
    ) -> Caller:
        """A caller whose account is open, in IDR, with this much money in it."""
        caller = await self.caller(account)
        await caller.accepted(type="openAccount", currency="IDR", backend=backend)
        if bank:
            await caller.accepted(
                type="setBankAccount",
                bankCode="bca",
                bankName="BCA",
                bankAccountNumber="0000000099",
                bankAccountHolder="Michael Chen",
            )
        if available:
            await caller.accepted(type="recordRevenue", amount=available, currency="IDR", reference="order-1")
            await caller.accepted(type="settleRevenue", amount=available, currency="IDR", reference="order-1")
        if pending:
            await caller.accepted(type="recordRevenue", amount=pending, currency="IDR", reference="order-2")
        return caller

    async def give_workspace(self, account: str, workspace: str | None = None, **fields: str) -> None:
        """Gives the account its workspace, as only a key of the platform can."""
        platform = await self.caller()
        claim = {"workspaceId": workspace or f"ws_{account}", "keyId": "pk_1", "secret": "sk_provider_secret", **fields}
        await platform.accepted(type="setProvider", accountId=account, **claim)

    async def position(self, lane: int = 1) -> int:
        position = await self.ledger.pool.fetchval("SELECT position FROM lanes WHERE lane = $1", lane)
        assert isinstance(position, int)
        return position


@contextlib.asynccontextmanager
async def serving(settings: Settings, runtime: Runtime = REAL) -> AsyncIterator[Api]:
    """The service on a free port, stopped at the end. Every answer of it has to be as `/openapi.json` says."""
    async with running_ledger(settings, runtime) as ledger:
        health = Health(ledger.pool, settings)
        app = build_app(ledger, health, settings)
        async with described_answers(app):
            runner = app_runner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            try:
                async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
                    yield Api(ledger, f"http://127.0.0.1:{runner.addresses[0][1]}", session, health)
            finally:
                await runner.cleanup()
