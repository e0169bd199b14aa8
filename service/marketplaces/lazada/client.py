"""Pulling Lazada: SellerCenter's GetPayoutStatus, and the Open Platform's three finance calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from service.marketplaces import signing
from service.marketplaces.pulling import Peer, Position, PulledPage, Request, windows

DETAILS_WINDOW = timedelta(days=179)
"""Less than 180 days in one call."""
ACCOUNT_WINDOW = timedelta(days=30)
DETAILS_PAGE = 500
ACCOUNT_PAGE = 100


@dataclass(frozen=True, slots=True)
class SellerCenter:
    """A SellerCenter user, and the API key that signs."""

    user_id: str
    api_key: str = field(repr=False)
    format_name: str = "XML"


@dataclass(frozen=True, slots=True)
class OpenPlatform:
    """An app of the Open Platform that a seller has authorised."""

    app_key: str
    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)


async def pull_sellercenter(
    peer: Peer, who: SellerCenter, since: datetime, _until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """One call: SellerCenter has no pages, and no end of its period."""
    if Position.read(resume).phase > 0:
        return

    def signed(now: datetime) -> Request:
        pairs = [
            ("Action", "GetPayoutStatus"),
            ("CreatedAfter", since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")),
            ("Format", who.format_name),
            ("Timestamp", now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")),
            ("UserID", who.user_id),
            ("Version", "1.0"),
        ]
        signature = signing.sellercenter(pairs, who.api_key)
        return Request("GET", f"/?{signing.sellercenter_text(pairs)}&Signature={signature}")

    body, _ = await peer.ask("GetPayoutStatus", signed)
    yield PulledPage(peer.channel, "GetPayoutStatus", body, Position(1).token())


async def pull_open_platform(
    peer: Peer, who: OpenPlatform, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Statements, then item-level transactions, then the bank-side view."""
    at = Position.read(resume)
    if at.phase == 0:
        day = since.astimezone(UTC).strftime("%Y-%m-%d")
        body, _ = await _ask(peer, who, "GET", "/finance/payout/status/get", {"created_after": day})
        yield PulledPage(peer.channel, "payout_status", body, Position(1).token())
        at = Position(1)
    if at.phase == 1:
        async for page in _details(peer, who, since, until, at):
            yield page
        at = Position(2)
    if at.phase == 2:
        async for page in _account(peer, who, since, until, at):
            yield page


async def _details(
    peer: Peer, who: OpenPlatform, since: datetime, until: datetime, at: Position
) -> AsyncIterator[PulledPage]:
    offset = int(at.cursor or 0)
    for window in windows(since, until, DETAILS_WINDOW, at.start):
        while True:
            asked = {
                "start_time": window.start.strftime("%Y-%m-%d"),
                "end_time": window.end.strftime("%Y-%m-%d"),
                "trans_type": "-1",
                "limit": str(DETAILS_PAGE),
                "offset": str(offset),
            }
            body, answer = await _ask(peer, who, "GET", "/finance/transaction/details/get", asked)
            count = len(_list(answer, "data"))
            offset += count
            full = count >= DETAILS_PAGE
            behind = Position(1, window.name, str(offset)) if full else Position(1, window.end.isoformat(), "0")
            yield PulledPage(peer.channel, "transaction_details", body, behind.token())
            if not full:
                break
        offset = 0


async def _account(
    peer: Peer, who: OpenPlatform, since: datetime, until: datetime, at: Position
) -> AsyncIterator[PulledPage]:
    number = int(at.cursor or 1)
    for window in windows(since, until, ACCOUNT_WINDOW, at.start):
        while True:
            asked = {
                "start_time": window.start.strftime("%Y%m%d"),
                "end_time": window.end.strftime("%Y%m%d"),
                "page_num": str(number),
                "page_size": str(ACCOUNT_PAGE),
            }
            body, answer = await _ask(peer, who, "POST", "/finance/transaction/accountTransactions/query", asked)
            found = answer.get("data") if isinstance(answer, dict) else None
            full = len(_list(found if isinstance(found, dict) else answer, "transactions")) >= ACCOUNT_PAGE
            number += 1
            behind = Position(2, window.name, str(number)) if full else Position(2, window.end.isoformat(), "1")
            yield PulledPage(peer.channel, "account_transactions", body, behind.token())
            if not full:
                break
        number = 1


async def _ask(
    peer: Peer, who: OpenPlatform, method: str, path: str, parameters: Mapping[str, str]
) -> tuple[bytes, Any]:
    def signed(now: datetime) -> Request:
        common = {
            "access_token": who.access_token,
            "app_key": who.app_key,
            "sign_method": "sha256",
            "timestamp": str(int(now.timestamp() * 1000)),
        }
        sign = signing.lazop(path, {**common, **parameters}, who.app_secret)
        if method == "GET":
            return Request(method, f"{path}?{_query({**common, **parameters, 'sign': sign})}")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(method, f"{path}?{_query({**common, 'sign': sign})}", headers, _query(parameters).encode())

    return await peer.ask(path, signed)


def _query(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, quote_via=quote, safe="")


def _list(answer: Any, name: str) -> list[Any]:
    found = answer.get(name) if isinstance(answer, dict) else None
    return found if isinstance(found, list) else []
