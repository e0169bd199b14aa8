"""A provider on loopback that answers by a script, and the client that calls it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import web

from service.platform.runtime import REAL, Runtime
from service.plugipay.outbound.client import NewPayout, PlugipayClient, ProviderAccess

KEY_ID, SECRET = "ak_live_1", "sk_live_secret_of_the_account"
PAYOUT: dict[str, Any] = {
    "id": "po_1",
    "accountId": "acc_1",
    "amount": 400,
    "currency": "IDR",
    "status": "pending",
    "method": "xendit_disbursement",
    "bankCode": "bca",
    "bankName": "BCA",
    "bankAccountNumber": "0000000099",
    "bankAccountHolder": "Michael Chen",
    "note": "April [pout_01M7Y0GDYRBB6J5SH2QCT78D6C]",
    "createdAt": "2026-05-12T07:00:00+07:00",
    "updatedAt": "2026-05-12T00:00:01Z",
}
NEW = NewPayout(400, "IDR", "bca", "BCA", "0000000099", "Michael Chen", "April")

Behaviour = Callable[[web.Request], Any]


class Time:
    """A runtime whose sleep takes no time, and whose random bytes are the largest."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []
        self.chance = b"\xff"
        self.runtime: Runtime = dataclasses.replace(
            REAL, monotonic=lambda: time.monotonic() + self.ahead, sleep=self._sleep, random=self._random
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += seconds
        await asyncio.sleep(0)

    def _random(self, count: int) -> bytes:
        return self.chance * count


@dataclasses.dataclass(frozen=True)
class ReceivedRequest:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    peer: Any


class Peer:
    """Answers each request with the next behaviour of its script; repeats the last one."""

    def __init__(self) -> None:
        self.base = ""
        self.seen: list[ReceivedRequest] = []
        self.script: list[Behaviour] = []

    def does(self, *script: Behaviour) -> None:
        self.script = list(script)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): text for name, text in request.headers.items()}
        assert request.transport is not None
        peer = request.transport.get_extra_info("peername")
        self.seen.append(ReceivedRequest(request.method, request.raw_path, headers, await request.read(), peer))
        does = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        found = does(request)
        answer: web.StreamResponse = await found if asyncio.iscoroutine(found) else found
        return answer


def says(data: Any, status: int = 200, meta: dict[str, Any] | None = None, **headers: str) -> Behaviour:
    body = {"data": data, "error": None, "meta": {"requestId": "req_1", **(meta or {})}}
    return lambda _: web.json_response(
        body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def refuses(status: int, code: str, message: str = "no", **headers: str) -> Behaviour:
    body = {"data": None, "error": {"code": code, "message": message}, "meta": {}}
    return lambda _: web.json_response(
        body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def writes(status: int, text: str, content_type: str = "application/json") -> Behaviour:
    return lambda _: web.Response(status=status, text=text, content_type=content_type)


def hangs_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Half an answer."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"data": {"id": "po_1"')
    assert request.transport is not None
    request.transport.abort()
    return response


async def is_silent(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


@contextlib.asynccontextmanager
async def calling(runtime: Runtime, timeout_seconds: float = 10) -> AsyncIterator[PlugipayClient]:
    made = PlugipayClient(runtime, timeout_seconds=timeout_seconds)
    try:
        yield made
    finally:
        await made.close()


def access(base: str, on_behalf_of: str | None = None) -> ProviderAccess:
    return ProviderAccess(KEY_ID, SECRET, base, on_behalf_of)
