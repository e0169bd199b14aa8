"""Pulling Tokopedia's saldo history, a month at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from service.formats.times import zone_named
from service.marketplaces.pulling import Peer, Position, PulledPage, Request, windows

WINDOW = timedelta(days=30)
"""At most 31 days in one call, both ends included."""
PAGE = 500


@dataclass(frozen=True, slots=True)
class TokopediaShop:
    """A shop of an app's fulfilment service, and the app's bearer token."""

    fs_id: str
    shop_id: str
    access_token: str = field(repr=False)
    zone: str = "Asia/Jakarta"


async def pull_tokopedia(
    peer: Peer, who: TokopediaShop, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Every page of every month."""
    at = Position.read(resume)
    number = int(at.cursor or 1)
    zone = zone_named(who.zone)
    path = f"/v1/fs/{quote(who.fs_id, safe='')}/shop/{quote(who.shop_id, safe='')}/saldo-history"
    for window in windows(since, until, WINDOW, at.start):
        more = True
        while more:
            asked = {
                "from_date": window.start.astimezone(zone).strftime("%Y-%m-%d"),
                "to_date": window.end.astimezone(zone).strftime("%Y-%m-%d"),
                "page": str(number),
                "per_page": str(PAGE),
            }
            request = Request(
                "GET",
                f"{path}?{urlencode(asked, quote_via=quote, safe='')}",
                {"Authorization": f"Bearer {who.access_token}"},
            )
            body, answer = await peer.ask("saldo-history", lambda _now, request=request: request)  # type: ignore[misc]
            data = answer.get("data") if isinstance(answer, dict) else None
            more = isinstance(data, dict) and data.get("have_next_page") is True
            number += 1
            behind = Position(0, window.name, str(number)) if more else Position(0, window.end.isoformat(), "1")
            yield PulledPage(peer.channel, "saldo-history", body, behind.token())
        number = 1
