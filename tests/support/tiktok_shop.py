"""TikTok Shop's finance API as a server of the test's: pages of statements, each with its transactions, all paid."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from service.marketplaces.tiktok.signing import signature

APP_KEY, CIPHER, SECRET, TOKEN = "68xu7ks", "cipher-1", "app-secret-777", "token-of-the-shop"
SINCE = datetime(2026, 5, 1, tzinfo=UTC)
AT = 1777600000  # 2026-05-01T01:46:40Z
CREDENTIALS = {
    "tiktok": {"appKey": APP_KEY, "shopCipher": CIPHER, "appSecret": SECRET, "accessToken": TOKEN},
}


@dataclass
class Shop:
    """Pages of statements by number and amount.

    `hold` is the page token at which nothing is answered any more; `meanwhile` happens while the second page is asked
    for.
    """

    pages: list[dict[str, str]]
    base: str = ""
    token: str = TOKEN
    hold: str | None = None
    meanwhile: Callable[[], Awaitable[None]] | None = None
    held: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def calls(self, path: str = "/finance/202309/statements") -> list[str]:
        """The page tokens with which a path was asked."""
        return [query.get("page_token", "") for asked, query in self.asked if asked == path]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        self.asked.append((request.path, query))
        signed = {name: text for name, text in query.items() if name != "sign"}
        if query.get("sign") != signature(request.path, signed, SECRET):
            return self._answered(None, 106001, "the sign is invalid")
        if request.headers["x-tts-access-token"] != self.token:
            # As careless as a marketplace may be.
            return self._answered(None, 105002, f"expired: {request.headers['x-tts-access-token']}")
        if request.path.endswith("/202309/statements"):
            token = query.get("page_token", "")
            if token == self.hold:
                self.held.set()
                await asyncio.sleep(60)
            if token == "1" and self.meanwhile is not None:
                await self.meanwhile()
            return self._statements(int(token or 0))
        if request.path.endswith("/statement_transactions"):
            number = request.path.split("/")[4]
            rows = [
                {
                    "id": f"T-{number}",
                    "order_id": f"O-{number}",
                    "type": "ORDER",
                    "settlement_amount": "1",
                    "currency": "IDR",
                }
            ]
            return self._answered({"transactions": rows, "next_page_token": ""})
        return self._answered({"next_page_token": ""})

    def _statements(self, page: int) -> web.Response:
        rows = [
            {
                "id": number,
                "statement_time": AT + page,
                "settlement_amount": amount,
                "currency": "IDR",
                "payment_status": "PROCESSING",
            }
            for number, amount in self.pages[page].items()
        ]
        more = str(page + 1) if page + 1 < len(self.pages) else ""
        return self._answered({"statements": rows, "next_page_token": more})

    @staticmethod
    def _answered(data: Any, code: int = 0, message: str = "Success") -> web.Response:
        return web.json_response({"code": code, "message": message, "data": data, "request_id": "r"})


@contextlib.asynccontextmanager
async def tiktok_shop(*pages: dict[str, str]) -> AsyncIterator[Shop]:
    shop = Shop(list(pages))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", shop.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield shop
    finally:
        await runner.cleanup()
