"""A merchant's server on loopback: receives webhooks, stores them, and answers as a test wants."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.waiting import until


@dataclass(frozen=True)
class ReceivedWebhook:
    """One webhook as received."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> dict[str, Any]:
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document

    def signed_with(self, secret: str) -> bool:
        """Standard Webhooks, worked out here: HMAC-SHA256 under the decoded secret over id.timestamp.body."""
        key = base64.b64decode(secret.split("_", 1)[1])
        text = b".".join((self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body))
        expected = "v1," + base64.b64encode(hmac.new(key, text, "sha256").digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


Answer = Callable[[ReceivedWebhook], Awaitable[web.StreamResponse]]


async def _ok(_: ReceivedWebhook) -> web.StreamResponse:
    return web.Response(status=204)


@dataclass
class Receiver:
    base: str = ""
    received: list[ReceivedWebhook] = field(default_factory=list)
    answer: Answer = _ok
    at_once: Counter[str] = field(default_factory=Counter)
    """By webhook id: how many requests are being answered now."""
    most_at_once: Counter[str] = field(default_factory=Counter)

    def url(self, path: str = "/hook") -> str:
        return self.base + path

    def at(self, path: str) -> list[ReceivedWebhook]:
        return [received for received in self.received if received.path == path]

    def types(self, path: str = "/hook") -> list[str]:
        return [received.document["type"] for received in self.at(path)]

    def answers(self, *answers: tuple[int, dict[str, str]]) -> None:
        """Answers these in turn, and 204 after that."""
        rest = list(answers)

        async def answer(_: ReceivedWebhook) -> web.StreamResponse:
            status, headers = rest.pop(0) if rest else (204, {})
            return web.Response(status=status, headers=headers)

        self.answer = answer

    async def until_received(self, count: int, path: str = "/hook") -> None:
        async def enough() -> bool:
            return len(self.at(path)) >= count

        await until(enough, f"{count} webhooks at {path}")


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()

    async def take(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = ReceivedWebhook(request.path, headers, await request.read())
        receiver.received.append(received)
        name = received.headers.get("webhook-id", "")
        receiver.at_once[name] += 1
        receiver.most_at_once[name] = max(receiver.most_at_once[name], receiver.at_once[name])
        try:
            return await receiver.answer(received)
        finally:
            receiver.at_once[name] -= 1

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
