"""Pulls Tokopedia's saldo history, a month at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from service.formats.times import zone_named
from service.marketplaces.api_calls import ApiSession, SignedRequest
from service.marketplaces.pages import PulledPage, ResumePoint, after_page, request_windows
from service.marketplaces.tokopedia.credentials import TokopediaCredentials

WINDOW = timedelta(days=30)
"""One call covers at most 31 days, with the first and the last one."""
PAGE = 500

_ZONE = zone_named("Asia/Jakarta")


async def pull_tokopedia(
    session: ApiSession, credentials: TokopediaCredentials, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Every page of every month. Dates are Jakarta's."""
    start = ResumePoint.read(resume)
    number = int(start.cursor or 1)
    path = f"/v1/fs/{quote(credentials.fs_id, safe='')}/shop/{quote(credentials.shop_id, safe='')}/saldo-history"
    for window in request_windows(since, until, WINDOW, start.start):
        more = True
        while more:
            parameters = {
                "from_date": window.since.astimezone(_ZONE).strftime("%Y-%m-%d"),
                "to_date": window.until.astimezone(_ZONE).strftime("%Y-%m-%d"),
                "page": str(number),
                "per_page": str(PAGE),
            }
            request = SignedRequest(
                "GET",
                f"{path}?{urlencode(parameters, quote_via=quote, safe='')}",
                {"Authorization": f"Bearer {credentials.access_token.get_secret_value()}"},
            )
            body, answer = await session.call("saldo-history", lambda _now, request=request: request)  # type: ignore[misc]
            data = answer.get("data") if isinstance(answer, dict) else None
            more = isinstance(data, dict) and data.get("have_next_page") is True
            number += 1
            next_point = after_page(0, window, str(number) if more else None, "1")
            yield PulledPage(session.channel, "saldo-history", body, next_point.token())
        number = 1
