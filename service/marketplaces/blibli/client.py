"""Pulling Blibli: settlements of a period, and the order items of each."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from service.marketplaces import signing
from service.marketplaces.pulling import Peer, Position, PulledPage, Request

SETTLEMENTS_PAGE = 30
ITEMS_PAGE = 100
STORE_ID = "10001"
"""The same for every seller."""

_SETTLEMENTS = "/v2/proxy/seller/v1/settlements"


@dataclass(frozen=True, slots=True)
class BlibliStore:
    """A seller's store. Without a signature key, requests are not signed: Blibli lets sellers choose."""

    client_id: str
    store_code: str
    username: str
    client_key: str = field(repr=False)
    seller_key: str = field(repr=False)
    signature_key: str | None = field(default=None, repr=False)
    channel_id: str = "payout-ledger"


async def pull_blibli(
    peer: Peer, who: BlibliStore, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Each settlement's order items follow the page that names it."""
    number = int(Position.read(resume).cursor or 0)
    more = Position.read(resume).phase == 0
    while more:
        period = {"periodStartDate": _milliseconds(since), "periodEndDate": _milliseconds(until)}
        document = {"filter": period, "paging": {"page": number, "size": SETTLEMENTS_PAGE}}
        body, answer = await _ask(peer, who, "POST", f"{_SETTLEMENTS}/filter", {}, document)
        found = answer.get("content") if isinstance(answer, dict) else None
        settlements = [str(each["settlementId"]) for each in found or () if "settlementId" in each]
        more = number + 1 < _pages(answer)
        here = Position(0, "", str(number))
        behind = Position(0, "", str(number + 1)) if more else Position(1)
        yield PulledPage(peer.channel, "settlements", body, (here if settlements else behind).token())
        for index, settlement in enumerate(settlements):
            last_settlement = index == len(settlements) - 1
            async for body, last in _items(peer, who, settlement):
                token = (behind if last and last_settlement else here).token()
                yield PulledPage(peer.channel, "settlement_items", body, token, {"settlementId": settlement})
        number += 1


async def _items(peer: Peer, who: BlibliStore, settlement: str) -> AsyncIterator[tuple[bytes, bool]]:
    path = f"{_SETTLEMENTS}/{quote(settlement, safe='')}/orderItems"
    number, last = 0, False
    while not last:
        body, answer = await _ask(peer, who, "GET", path, {"page": str(number), "size": str(ITEMS_PAGE)}, None)
        content = answer.get("content") if isinstance(answer, dict) else None
        number += 1
        last = number >= _pages(content)
        yield body, last


async def _ask(
    peer: Peer,
    who: BlibliStore,
    method: str,
    path: str,
    parameters: Mapping[str, str],
    document: Mapping[str, Any] | None,
) -> tuple[bytes, Any]:
    body = "" if document is None else json.dumps(document, separators=(",", ":"))
    basic = base64.b64encode(f"{who.client_id}:{who.client_key}".encode()).decode()

    def signed(now: datetime) -> Request:
        query = {
            "requestId": peer.runtime.uuid7(),
            "storeId": STORE_ID,
            "channelId": who.channel_id,
            "storeCode": who.store_code,
            "businessPartnerCode": who.store_code,
            "merchantCode": who.store_code,
            "username": who.username,
            **parameters,
        }
        headers = {
            "Authorization": f"Basic {basic}",
            "API-Seller-Key": who.seller_key,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        if who.signature_key is not None:
            headers["Signature"] = signing.blibli(method, signing.blibli_path(path), body, now, who.signature_key)
            headers["Signature-Time"] = str(_milliseconds(now))
        target = f"{path}?{urlencode(query, quote_via=quote, safe='')}"
        return Request(method, target, headers, body.encode() if body else None)

    return await peer.ask(path, signed)


def _pages(answer: Any) -> int:
    for name in ("pageMetaData", "paging"):
        meta = answer.get(name) if isinstance(answer, dict) else None
        found = meta.get("totalPage") if isinstance(meta, dict) else None
        if found is not None and str(found).isdigit():
            return int(found)
    return 1


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
