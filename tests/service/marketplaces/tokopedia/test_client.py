"""Tokopedia is pulled from a server that gives pages."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web
from pydantic import SecretStr

from service.marketplaces.tokopedia.client import pull_tokopedia
from service.marketplaces.tokopedia.credentials import TokopediaCredentials
from tests.service.marketplaces.pulled import SINCE, collected, query, read
from tests.service.marketplaces.samples import lines
from tests.service.marketplaces.server import marketplace

TOKOPEDIA = TokopediaCredentials(fsId="13004", shopId="479573", accessToken=SecretStr("bearer"))


async def test_tokopedias_months_and_pages() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer bearer"
        asked = query(request)
        row = {
            "deposit_id": f"{asked['from_date']}-{asked['page']}",
            "Type": 1001,
            "amount": 5,
            "note": "INV/1/2",
            "create_time": "",
        }
        data = {"have_next_page": asked["page"] == "1", "saldo_history": [row]}
        return web.json_response({"header": {"messages": "ok"}, "data": data})

    async with marketplace(answer) as server:
        pages = await collected(pull_tokopedia(server.api("tokopedia"), TOKOPEDIA, SINCE, SINCE + timedelta(days=45)))
        assert {line.reference for line in lines(read(pages))} == {
            "deposit/2026-05-01-1", "deposit/2026-05-01-2", "deposit/2026-05-31-1", "deposit/2026-05-31-2",
        }  # fmt: skip
        rest = await collected(
            pull_tokopedia(server.api("tokopedia"), TOKOPEDIA, SINCE, SINCE + timedelta(days=45), pages[1].resume)
        )
        assert [page.body for page in rest] == [page.body for page in pages[2:]]
