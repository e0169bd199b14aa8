"""A simulated Plugipay in the test's event loop, a receiver of its webhooks, and the official SDK as a client."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from plugipay import PlugipayClient
from yarl import URL

from service.platform.runtime import REAL
from simulator.provider.lifespan import Simulated, simulated_plugipay
from simulator.provider.settings import EndpointSettings, Generation, SimulatorSettings, WorkspaceSettings

T = TypeVar("T")

WEBHOOK_SECRET = "whsec_of_the_test"
FROZEN = replace(REAL, monotonic=lambda: 1000.0)
"""Plugipay's time stands still until a test skips some of it; the clock of signatures runs."""

BANK = {"bankCode": "bca", "bankName": "BCA", "bankAccountNumber": "1234567890", "bankAccountHolder": "Siti Rahma"}
SDK_BANK = {
    "bank_code": "bca",
    "bank_name": "BCA",
    "bank_account_number": "1234567890",
    "bank_account_holder": "Siti Rahma",
}
PAYOUT_REQUEST = {"amount": 250_000, "currency": "IDR", **BANK}


@dataclass(frozen=True)
class Received:
    """A webhook as received."""

    raw: bytes
    headers: dict[str, str]

    @property
    def signature(self) -> str:
        return self.headers["X-Plugipay-Signature"]

    @property
    def document(self) -> Any:
        return json.loads(self.raw)

    @property
    def kind(self) -> str:
        """`created` of `plugipay.payout.created.v1`."""
        return str(self.document["type"]).split(".")[2]


@dataclass
class Receiver:
    """An endpoint that answers as a test wants; by default 204."""

    url: str = ""
    answer: Callable[[], web.StreamResponse] = lambda: web.Response(status=204)
    got: list[Received] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.got.append(Received(await request.read(), dict(request.headers)))
        return self.answer()

    @property
    def kinds(self) -> list[str]:
        return [one.kind for one in self.got]


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.add_routes([web.post("/webhooks", receiver.take), web.post("/elsewhere", receiver.take)])
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    try:
        yield receiver
    finally:
        await runner.cleanup()


def workspace(receiver: Receiver | None = None, generation: Generation = "b", **more: Any) -> WorkspaceSettings:
    endpoint = EndpointSettings(receiver.url, WEBHOOK_SECRET, generation) if receiver else None
    return replace(WorkspaceSettings(endpoint=endpoint, balances={"IDR": 1_000_000}), **more)


@contextlib.asynccontextmanager
async def plugipay(*workspaces: WorkspaceSettings, **settings: Any) -> AsyncIterator[Simulated]:
    """Time stands still; payouts and webhooks move when a test advances or settles."""
    chosen = SimulatorSettings(workspaces=workspaces or (workspace(),), **{"hang_seconds": 30, **settings})
    async with simulated_plugipay(chosen, FROZEN) as simulated:
        yield simulated


async def with_sdk(simulated: Simulated, use: Callable[[Any], T], *, seconds: float = 20) -> T:
    """Runs `use` with the official client in another thread: it blocks."""
    key = WorkspaceSettings()

    def run() -> T:
        with PlugipayClient(key_id=key.key_id, secret=key.secret, base_url=simulated.url, timeout=seconds) as client:
            return use(client)

    return await asyncio.to_thread(run)


def signed(
    method: str,
    path: str,
    body: bytes,
    *,
    key: str | None = None,
    secret: str = WorkspaceSettings().secret,
    key_id: str = WorkspaceSettings().key_id,
    moment: str | None = None,
) -> dict[str, str]:
    """The headers of a request, signed as domain.md 1.2 says."""
    moment = str(int(time.time())) if moment is None else moment
    text = f"{method}\n{path}\n{moment}\n{hashlib.sha256(body).hexdigest()}" + (f"\n{key}" if key else "")
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "Authorization": f"Plugipay-HMAC-SHA256 keyId={key_id}, scope=*, signature={signature}",
        "X-Plugipay-Timestamp": moment,
        **({"Idempotency-Key": key} if key else {}),
    }


async def request(
    simulated: Simulated,
    method: str,
    path: str,
    body: Any = None,
    *,
    headers: dict[str, str] | None = None,
    **signing: str,
) -> tuple[int, Any]:
    """Sends a signed request; returns the response's status and document. `headers` are added unsigned."""
    raw = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    given = {**signed(method, path, raw, **signing), **(headers or {})}
    # The path goes out exactly as it is signed.
    url = URL(simulated.url + path, encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=raw or None, headers=given) as response,
    ):
        return response.status, await response.json()


async def create(simulated: Simulated, **more: Any) -> dict[str, Any]:
    """Creates a payout."""
    status, document = await request(simulated, "POST", "/api/v1/payouts", {**PAYOUT_REQUEST, **more})
    assert status == 201, document
    payout = document["data"]
    assert isinstance(payout, dict)
    return payout
