"""Pulling TikTok Shop: statements with their transactions, payments, withdrawals, and what is not settled yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from service.marketplaces import signing
from service.marketplaces.pulling import Peer, Position, PulledPage, Request

PAGE = 100

_STATEMENTS = "/finance/202309/statements"
_PAYMENTS = "/finance/202309/payments"
_WITHDRAWALS = "/finance/202309/withdrawals"
_UNSETTLED = "/finance/202507/orders/unsettled"


@dataclass(frozen=True, slots=True)
class TikTokShop:
    """A shop, and the app that it has authorised."""

    app_key: str
    shop_cipher: str
    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)


async def pull_tiktok(
    peer: Peer, who: TikTokShop, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Each statement's transactions follow the page that names it."""
    start, end = str(int(since.timestamp())), str(int(until.timestamp()))
    created = {"create_time_ge": start, "create_time_lt": end, "sort_field": "create_time", "sort_order": "ASC"}
    at = Position.read(resume)
    if at.phase == 0:
        timed = {
            "statement_time_ge": start,
            "statement_time_lt": end,
            "sort_field": "statement_time",
            "sort_order": "ASC",
        }
        async for page in _statements(peer, who, timed, at):
            yield page
        at = Position(1)
    phases = (
        (1, "payments", _PAYMENTS, created),
        (2, "withdrawals", _WITHDRAWALS, {**created, "types": "WITHDRAW,SETTLE,TRANSFER,REVERSE"}),
        (3, "unsettled", _UNSETTLED, {"sort_field": "order_create_time", "sort_order": "ASC"}),
    )
    for phase, call, path, asked in phases:
        if at.phase == phase:
            async for page in _pages(peer, who, call, path, asked, at):
                yield page
            at = Position(phase + 1)


async def _statements(peer: Peer, who: TikTokShop, asked: Mapping[str, str], at: Position) -> AsyncIterator[PulledPage]:
    async for page, answer in _walk(peer, who, "statements", _STATEMENTS, asked, at):
        numbers = [str(each["id"]) for each in _data(answer).get("statements") or () if "id" in each]
        # Until their transactions are in, the statements have to be asked for again.
        yield page if not numbers else _resumed(page, at)
        for index, number in enumerate(numbers):
            path = f"/finance/202501/statements/{quote(number, safe='')}/statement_transactions"
            inner = {"sort_field": "order_create_time", "sort_order": "ASC"}
            last = index == len(numbers) - 1
            behind = None
            async for inside, _ in _walk(peer, who, "statement_transactions", path, inner, Position()):
                if behind is not None:
                    yield behind
                behind = PulledPage(peer.channel, inside.call, inside.body, at.token(), {"statement_id": number})
            if behind is not None:
                yield _resumed(behind, Position.read(page.resume)) if last else behind
        at = Position.read(page.resume)


async def _pages(
    peer: Peer, who: TikTokShop, call: str, path: str, asked: Mapping[str, str], at: Position
) -> AsyncIterator[PulledPage]:
    async for page, _ in _walk(peer, who, call, path, asked, at):
        yield page


async def _walk(
    peer: Peer, who: TikTokShop, call: str, path: str, asked: Mapping[str, str], at: Position
) -> AsyncIterator[tuple[PulledPage, Any]]:
    token = at.cursor
    while True:
        parameters = {**asked, "page_size": str(PAGE)} | ({"page_token": token} if token else {})
        body, answer = await _ask(peer, who, path, parameters)
        token = str(_data(answer).get("next_page_token") or "")
        behind = Position(at.phase, "", token) if token else Position(at.phase + 1)
        yield PulledPage(peer.channel, call, body, behind.token()), answer
        if not token:
            return


async def _ask(peer: Peer, who: TikTokShop, path: str, parameters: Mapping[str, str]) -> tuple[bytes, Any]:
    def signed(now: datetime) -> Request:
        query = {
            **parameters,
            "app_key": who.app_key,
            "shop_cipher": who.shop_cipher,
            "timestamp": str(int(now.timestamp())),
        }
        query["sign"] = signing.tiktok(path, query, who.app_secret)
        headers = {"x-tts-access-token": who.access_token, "Content-Type": "application/json"}
        return Request("GET", f"{path}?{urlencode(query, quote_via=quote, safe='')}", headers)

    return await peer.ask(path, signed)


def _resumed(page: PulledPage, at: Position) -> PulledPage:
    return PulledPage(page.channel, page.call, page.body, at.token(), page.about)


def _data(answer: Any) -> dict[str, Any]:
    found = answer.get("data") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}
