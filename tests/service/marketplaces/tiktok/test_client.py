"""TikTok Shop is pulled from a server that checks signatures and gives pages."""

from __future__ import annotations

import pytest
from aiohttp import web
from pydantic import SecretStr

from service.marketplaces.tiktok.client import pull_tiktok
from service.marketplaces.tiktok.credentials import TikTokCredentials
from tests.service.marketplaces.pulled import SINCE, UNTIL, collected, hexed, query, read
from tests.service.marketplaces.samples import lines, statements
from tests.service.marketplaces.server import marketplace

TIKTOK = TikTokCredentials(
    appKey="68xu7ks", shopCipher="cipher", appSecret=SecretStr("777"), accessToken=SecretStr("token")
)


async def tiktok_server(request: web.Request) -> web.Response:
    asked = query(request)
    signed = {name: text for name, text in asked.items() if name != "sign"}
    text = "777" + request.path + "".join(f"{name}{signed[name]}" for name in sorted(signed)) + "777"
    if asked["sign"] != hexed("777", text) or request.headers["x-tts-access-token"] != "token":
        return web.json_response({"code": 106001, "message": "sign invalid", "data": None})
    page = int(asked.get("page_token") or 0)
    more = {"next_page_token": str(page + 1) if page == 0 else ""}
    if request.path.endswith("/finance/202309/statements"):
        row = {
            "id": f"S{page}",
            "statement_time": 1777600000,
            "settlement_amount": "5",
            "currency": "IDR",
            "payment_status": "PAID",
        }
        return web.json_response({"code": 0, "data": {"statements": [row], **more}})
    if request.path.endswith("/statement_transactions"):
        number = request.path.split("/")[4]
        row = {"id": f"T{number}-{page}", "order_id": "O", "type": "ORDER", "settlement_amount": "5", "currency": "IDR"}
        return web.json_response({"code": 0, "data": {"transactions": [row], **more}})
    return web.json_response({"code": 0, "data": {"next_page_token": ""}})


@pytest.mark.parametrize("delivered", range(9))
async def test_tiktoks_statements_come_with_their_transactions(delivered: int) -> None:
    async with marketplace(tiktok_server) as server:
        whole = await collected(pull_tiktok(server.api("tiktok"), TIKTOK, SINCE, UNTIL))
        assert [page.call for page in whole] == [
            "statements", "statement_transactions", "statement_transactions",
            "statements", "statement_transactions", "statement_transactions",
            "payments", "withdrawals", "unsettled",
        ]  # fmt: skip
        resume = whole[delivered - 1].resume if delivered else None
        rest = await collected(pull_tiktok(server.api("tiktok"), TIKTOK, SINCE, UNTIL, resume))
        found = read([*whole[:delivered], *rest])
        assert {(line.statement, line.reference) for line in lines(found) if line.order} == {
            ("S0", "transaction/TS0-0"), ("S0", "transaction/TS0-1"), ("S1", "transaction/TS1-0"), ("S1", "transaction/TS1-1"),
        }  # fmt: skip
        assert {each.number for each in statements(found)} == {"S0", "S1"}
