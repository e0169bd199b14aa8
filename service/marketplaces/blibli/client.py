"""Pulls Blibli: the settlements of a period, and the order items of each."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from service.marketplaces.api_calls import ApiSession, SignedRequest
from service.marketplaces.blibli import signing
from service.marketplaces.blibli.credentials import BlibliCredentials
from service.marketplaces.pages import PulledPage, ResumePoint

SETTLEMENTS_PAGE = 30
ITEMS_PAGE = 100
STORE_ID = "10001"
"""The same for every seller."""
CHANNEL_ID = "payout-ledger"
"""The name by which we introduce ourselves."""

_SETTLEMENTS = "/v2/proxy/seller/v1/settlements"


async def pull_blibli(
    session: ApiSession, credentials: BlibliCredentials, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Pages of settlements, each page with the order items of its settlements after it."""
    number = int(ResumePoint.read(resume).cursor or 0)
    more = ResumePoint.read(resume).phase == 0
    while more:
        period = {"periodStartDate": _milliseconds(since), "periodEndDate": _milliseconds(until)}
        document = {"filter": period, "paging": {"page": number, "size": SETTLEMENTS_PAGE}}
        body, answer = await _call(session, credentials, "POST", f"{_SETTLEMENTS}/filter", {}, document)
        found = answer.get("content") if isinstance(answer, dict) else None
        settlements = [str(each["settlementId"]) for each in found or () if "settlementId" in each]
        more = number + 1 < _pages(answer)
        same_point = ResumePoint(0, "", str(number))
        next_point = ResumePoint(0, "", str(number + 1)) if more else ResumePoint(1)
        yield PulledPage(session.channel, "settlements", body, (same_point if settlements else next_point).token())
        for index, settlement in enumerate(settlements):
            last_settlement = index == len(settlements) - 1
            async for body, last in _items(session, credentials, settlement):
                token = (next_point if last and last_settlement else same_point).token()
                yield PulledPage(session.channel, "settlement_items", body, token, {"settlementId": settlement})
        number += 1


async def _items(
    session: ApiSession, credentials: BlibliCredentials, settlement: str
) -> AsyncIterator[tuple[bytes, bool]]:
    path = f"{_SETTLEMENTS}/{quote(settlement, safe='')}/orderItems"
    number, last = 0, False
    while not last:
        body, answer = await _call(
            session, credentials, "GET", path, {"page": str(number), "size": str(ITEMS_PAGE)}, None
        )
        content = answer.get("content") if isinstance(answer, dict) else None
        number += 1
        last = number >= _pages(content)
        yield body, last


async def _call(
    session: ApiSession,
    credentials: BlibliCredentials,
    method: str,
    path: str,
    parameters: Mapping[str, str],
    document: Mapping[str, Any] | None,
) -> tuple[bytes, Any]:
    body = "" if document is None else json.dumps(document, separators=(",", ":"))
    basic = base64.b64encode(f"{credentials.client_id}:{credentials.client_key.get_secret_value()}".encode()).decode()

    def sign(now: datetime) -> SignedRequest:
        query = {
            "requestId": session.runtime.uuid7(),
            "storeId": STORE_ID,
            "channelId": CHANNEL_ID,
            "storeCode": credentials.store_code,
            "businessPartnerCode": credentials.store_code,
            "merchantCode": credentials.store_code,
            "username": credentials.username,
            **parameters,
        }
        headers = {
            "Authorization": f"Basic {basic}",
            "API-Seller-Key": credentials.seller_key.get_secret_value(),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        if credentials.signature_key is not None:
            key = credentials.signature_key.get_secret_value()
            headers["Signature"] = signing.signature(method, signing.signed_path(path), body, now, key)
            headers["Signature-Time"] = str(_milliseconds(now))
        target = f"{path}?{urlencode(query, quote_via=quote, safe='')}"
        return SignedRequest(method, target, headers, body.encode() if body else None)

    return await session.call(path, sign)


def _pages(answer: Any) -> int:
    for name in ("pageMetaData", "paging"):
        meta = answer.get(name) if isinstance(answer, dict) else None
        found = meta.get("totalPage") if isinstance(meta, dict) else None
        if found is not None and str(found).isdigit():
            return int(found)
    return 1


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
