"""Pulling Shopee: what left escrow, what each such order is made of, and the wallet."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from service.marketplaces import signing
from service.marketplaces.pulling import Peer, Position, PulledPage, Request, windows

WINDOW = timedelta(days=15)
"""The wallet's limit. Escrow lists have no documented one; integrators keep to the same."""
LIST_PAGE = 100
BATCH = 20
"""Fifty are allowed, twenty are advised."""

_ESCROW_LIST = "/api/v2/payment/get_escrow_list"
_ESCROW_BATCH = "/api/v2/payment/get_escrow_detail_batch"
_WALLET = "/api/v2/payment/get_wallet_transaction_list"
_PAYOUTS = "/api/v2/payment/get_payout_info"


@dataclass(frozen=True, slots=True)
class ShopeeShop:
    """A shop, and the partner that it has authorised."""

    partner_id: str
    shop_id: str
    partner_key: str = field(repr=False)
    access_token: str = field(repr=False)
    cross_border: bool = False
    """Cross-border shops have payouts instead of a wallet."""


async def pull_shopee(
    peer: Peer, who: ShopeeShop, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Releases with their orders' details, then the wallet, or the payouts of a cross-border shop."""
    at = Position.read(resume)
    if at.phase == 0:
        async for page in _escrow(peer, who, since, until, at):
            yield page
        at = Position(1)
    if at.phase == 1:
        async for page in (_payouts if who.cross_border else _wallet)(peer, who, since, until, at):
            yield page


async def _escrow(
    peer: Peer, who: ShopeeShop, since: datetime, until: datetime, at: Position
) -> AsyncIterator[PulledPage]:
    number = int(at.cursor or 1)
    for window in windows(since, until, WINDOW, at.start):
        more = True
        while more:
            asked = {
                "release_time_from": str(int(window.start.timestamp())),
                "release_time_to": str(int(window.end.timestamp())),
                "page_no": str(number),
                "page_size": str(LIST_PAGE),
            }
            body, answer = await _ask(peer, who, "GET", _ESCROW_LIST, asked)
            response = _response(answer)
            orders = [str(each["order_sn"]) for each in _list(response, "escrow_list") if "order_sn" in each]
            here = Position(0, window.name, str(number))
            more, number = response.get("more") is True, number + 1
            behind = Position(0, window.name, str(number)) if more else Position(0, window.end.isoformat(), "1")
            # Until the details are in, the list itself has to be asked for again.
            yield PulledPage(peer.channel, "escrow_list", body, (here if orders else behind).token())
            for start in range(0, len(orders), BATCH):
                batch = orders[start : start + BATCH]
                body, _ = await _ask(peer, who, "POST", _ESCROW_BATCH, {}, {"order_sn_list": batch})
                last = start + BATCH >= len(orders)
                yield PulledPage(peer.channel, "escrow_detail_batch", body, (behind if last else here).token())
        number = 1


async def _wallet(
    peer: Peer, who: ShopeeShop, since: datetime, until: datetime, at: Position
) -> AsyncIterator[PulledPage]:
    number = int(at.cursor or 0)
    for window in windows(since, until, WINDOW, at.start):
        more = True
        while more:
            asked = {
                "create_time_from": str(int(window.start.timestamp())),
                "create_time_to": str(int(window.end.timestamp())),
                "page_no": str(number),
                "page_size": str(LIST_PAGE),
            }
            body, answer = await _ask(peer, who, "GET", _WALLET, asked)
            more, number = _response(answer).get("more") is True, number + 1
            behind = Position(1, window.name, str(number)) if more else Position(1, window.end.isoformat(), "0")
            yield PulledPage(peer.channel, "wallet_transactions", body, behind.token())
        number = 0


async def _payouts(
    peer: Peer, who: ShopeeShop, since: datetime, until: datetime, at: Position
) -> AsyncIterator[PulledPage]:
    cursor = at.cursor
    for window in windows(since, until, WINDOW, at.start):
        more = True
        while more:
            asked = {
                "payout_time_from": int(window.start.timestamp()),
                "payout_time_to": int(window.end.timestamp()),
                "page_size": LIST_PAGE,
                "cursor": cursor,
            }
            body, answer = await _ask(peer, who, "POST", _PAYOUTS, {}, asked)
            response = _response(answer)
            more, cursor = response.get("more") is True, str(response.get("next_cursor") or "")
            behind = Position(1, window.name, cursor) if more else Position(1, window.end.isoformat())
            yield PulledPage(peer.channel, "payout_info", body, behind.token())
        cursor = ""


async def _ask(
    peer: Peer,
    who: ShopeeShop,
    method: str,
    path: str,
    parameters: Mapping[str, str],
    document: Mapping[str, Any] | None = None,
) -> tuple[bytes, Any]:
    def signed(now: datetime) -> Request:
        at = int(now.timestamp())
        common = {
            "partner_id": who.partner_id,
            "timestamp": str(at),
            "access_token": who.access_token,
            "shop_id": who.shop_id,
            "sign": signing.shopee(path, who.partner_id, who.partner_key, at, who.access_token, who.shop_id),
        }
        target = f"{path}?{urlencode({**common, **parameters}, quote_via=quote, safe='')}"
        if document is None:
            return Request(method, target)
        return Request(method, target, {"Content-Type": "application/json"}, json.dumps(document).encode())

    return await peer.ask(path, signed)


def _response(answer: Any) -> dict[str, Any]:
    found = answer.get("response") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}


def _list(response: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = response.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
