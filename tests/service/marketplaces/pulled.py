"""Pulled pages, and what is read in them."""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from aiohttp import web

from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Observation, Shop
from service.marketplaces.pages import PulledPage
from tests.service.marketplaces.samples import problems

SINCE = datetime(2026, 5, 1, tzinfo=UTC)
UNTIL = datetime(2026, 5, 20, tzinfo=UTC)
IDR = Shop(currency="IDR")


async def collected(pages: AsyncIterator[PulledPage]) -> list[PulledPage]:
    return [page async for page in pages]


def read(pages: Iterable[PulledPage], shop: Shop = IDR) -> list[Observation]:
    found: list[Observation] = []
    for page in pages:
        found += CHANNELS[page.channel].read(io.BytesIO(page.body), shop, page.request_fields)
    assert not problems(found)
    return found


def query(request: web.Request) -> dict[str, str]:
    return dict(parse_qsl(request.url.raw_query_string, keep_blank_values=True))


def hexed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
