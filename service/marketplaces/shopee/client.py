"""Pulls Shopee: the released orders, their escrow details, and the wallet or the payouts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from service.marketplaces.api_calls import ApiSession, SignedRequest
from service.marketplaces.pages import PulledPage, ResumePoint, after_page, request_windows
from service.marketplaces.shopee import signing
from service.marketplaces.shopee.credentials import ShopeeCredentials

WINDOW = timedelta(days=15)
"""The limit for the wallet. Escrow lists have no documented one, and integrators use the same."""
LIST_PAGE = 100
BATCH = 20
"""Orders of one call: fifty are allowed, twenty are advised."""

_ESCROW_LIST = "/api/v2/payment/get_escrow_list"
_ESCROW_BATCH = "/api/v2/payment/get_escrow_detail_batch"
_WALLET = "/api/v2/payment/get_wallet_transaction_list"
_PAYOUTS = "/api/v2/payment/get_payout_info"

_ESCROW_PHASE, _CASH_PHASE = 0, 1


async def pull_shopee(
    session: ApiSession, credentials: ShopeeCredentials, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Released orders with their details, then the wallet, or the payouts of a cross-border shop."""
    start = ResumePoint.read(resume)
    if start.phase == _ESCROW_PHASE:
        async for page in _escrow(session, credentials, since, until, start):
            yield page
        start = ResumePoint(_CASH_PHASE)
    if start.phase == _CASH_PHASE:
        pull_cash = _payouts if credentials.cross_border else _wallet
        async for page in pull_cash(session, credentials, since, until, start):
            yield page


async def _escrow(
    session: ApiSession, credentials: ShopeeCredentials, since: datetime, until: datetime, start: ResumePoint
) -> AsyncIterator[PulledPage]:
    number = int(start.cursor or 1)
    for window in request_windows(since, until, WINDOW, start.start):
        more = True
        while more:
            parameters = {
                "release_time_from": str(int(window.since.timestamp())),
                "release_time_to": str(int(window.until.timestamp())),
                "page_no": str(number),
                "page_size": str(LIST_PAGE),
            }
            body, answer = await _call(session, credentials, "GET", _ESCROW_LIST, parameters)
            response = _response(answer)
            orders = [str(each["order_sn"]) for each in _list(response, "escrow_list") if "order_sn" in each]
            same_point = ResumePoint(_ESCROW_PHASE, window.since.isoformat(), str(number))
            more, number = response.get("more") is True, number + 1
            next_point = after_page(_ESCROW_PHASE, window, str(number) if more else None, "1")
            # Until the last details are ingested, a resumed pull has to repeat the list.
            yield PulledPage(session.channel, "escrow_list", body, (same_point if orders else next_point).token())
            for first in range(0, len(orders), BATCH):
                batch = orders[first : first + BATCH]
                body, _ = await _call(session, credentials, "POST", _ESCROW_BATCH, {}, {"order_sn_list": batch})
                last = first + BATCH >= len(orders)
                token = (next_point if last else same_point).token()
                yield PulledPage(session.channel, "escrow_detail_batch", body, token)
        number = 1


async def _wallet(
    session: ApiSession, credentials: ShopeeCredentials, since: datetime, until: datetime, start: ResumePoint
) -> AsyncIterator[PulledPage]:
    number = int(start.cursor or 0)
    for window in request_windows(since, until, WINDOW, start.start):
        more = True
        while more:
            parameters = {
                "create_time_from": str(int(window.since.timestamp())),
                "create_time_to": str(int(window.until.timestamp())),
                "page_no": str(number),
                "page_size": str(LIST_PAGE),
            }
            body, answer = await _call(session, credentials, "GET", _WALLET, parameters)
            more, number = _response(answer).get("more") is True, number + 1
            next_point = after_page(_CASH_PHASE, window, str(number) if more else None, "0")
            yield PulledPage(session.channel, "wallet_transactions", body, next_point.token())
        number = 0


async def _payouts(
    session: ApiSession, credentials: ShopeeCredentials, since: datetime, until: datetime, start: ResumePoint
) -> AsyncIterator[PulledPage]:
    cursor = start.cursor
    for window in request_windows(since, until, WINDOW, start.start):
        more = True
        while more:
            parameters = {
                "payout_time_from": int(window.since.timestamp()),
                "payout_time_to": int(window.until.timestamp()),
                "page_size": LIST_PAGE,
                "cursor": cursor,
            }
            body, answer = await _call(session, credentials, "POST", _PAYOUTS, {}, parameters)
            response = _response(answer)
            more, cursor = response.get("more") is True, str(response.get("next_cursor") or "")
            next_point = after_page(_CASH_PHASE, window, cursor if more else None)
            yield PulledPage(session.channel, "payout_info", body, next_point.token())
        cursor = ""


async def _call(
    session: ApiSession,
    credentials: ShopeeCredentials,
    method: str,
    path: str,
    parameters: Mapping[str, str],
    document: Mapping[str, Any] | None = None,
) -> tuple[bytes, Any]:
    def sign(now: datetime) -> SignedRequest:
        at, token = int(now.timestamp()), credentials.access_token.get_secret_value()
        common = {
            "partner_id": credentials.partner_id,
            "timestamp": str(at),
            "access_token": token,
            "shop_id": credentials.shop_id,
            "sign": signing.signature(
                path, credentials.partner_id, credentials.partner_key.get_secret_value(), at, token, credentials.shop_id
            ),
        }
        target = f"{path}?{urlencode({**common, **parameters}, quote_via=quote, safe='')}"
        if document is None:
            return SignedRequest(method, target)
        return SignedRequest(method, target, {"Content-Type": "application/json"}, json.dumps(document).encode())

    return await session.call(path, sign)


def _response(answer: Any) -> dict[str, Any]:
    found = answer.get("response") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}


def _list(response: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = response.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
