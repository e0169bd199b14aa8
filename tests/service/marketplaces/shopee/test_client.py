"""Shopee is pulled from a server that checks signatures and gives pages."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from pydantic import SecretStr

from service.marketplaces.shopee.client import pull_shopee
from service.marketplaces.shopee.credentials import ShopeeCredentials
from tests.service.marketplaces.pulled import SINCE, UNTIL, collected, hexed, query, read
from tests.service.marketplaces.samples import lines
from tests.service.marketplaces.server import NOW, marketplace

SHOPEE = ShopeeCredentials(
    partnerId="2001887",
    shopId="209920731",
    partnerKey=SecretStr("partner-key"),
    accessToken=SecretStr("tokenvalue"),
)


def shopee_signed(request: web.Request) -> bool:
    asked = query(request)
    text = f"{asked['partner_id']}{request.path}{asked['timestamp']}{asked['access_token']}{asked['shop_id']}"
    return asked["sign"] == hexed("partner-key", text) and abs(int(asked["timestamp"]) - NOW.timestamp()) < 300


async def shopee_server(request: web.Request) -> web.Response:
    if not shopee_signed(request):
        return web.json_response({"error": "error_sign", "message": "Wrong sign.", "request_id": "r"})
    asked = query(request)
    if request.path.endswith("get_escrow_detail_batch"):
        orders = json.loads(await request.read())["order_sn_list"]
        assert len(orders) <= 20
        detail = [{"escrow_detail": {"order_sn": each, "order_income": {"escrow_amount": 5}}} for each in orders]
        return web.json_response({"error": "", "response": detail})
    if request.path.endswith("get_escrow_list"):
        first = int(asked["page_no"]) == 1
        count = 30 if first else 5
        rows = [
            {
                "order_sn": f"{asked['release_time_from']}-{asked['page_no']}-{n}",
                "payout_amount": 5,
                "escrow_release_time": 1777600000,
            }
            for n in range(count)
        ]
        return web.json_response({"error": "", "response": {"escrow_list": rows, "more": first}})
    row = {
        "transaction_id": int(asked["create_time_from"]),
        "transaction_type": 402,
        "amount": -1,
        "create_time": 1777600000,
    }
    return web.json_response({"error": "", "response": {"transaction_list": [row], "more": False}})


async def test_shopees_releases_come_with_their_details_and_then_the_wallet() -> None:
    async with marketplace(shopee_server) as server:
        pages = await collected(pull_shopee(server.api("shopee"), SHOPEE, SINCE, UNTIL))
        found = lines(read(pages))
        released = {line.order for line in found if line.source == "shopee.escrow_list"}
        detailed = {line.order for line in found if line.source == "shopee.escrow_detail"}
        assert len(released) == 70
        assert released == detailed
        assert len([line for line in found if line.source == "shopee.wallet"]) == 2
        stretches = {
            int(query(each)["release_time_to"]) - int(query(each)["release_time_from"])
            for each in server.asked
            if each.path.endswith("get_escrow_list")
        }
        assert stretches == {15 * 86400, 4 * 86400}


@pytest.mark.parametrize("delivered", range(12))
async def test_whatever_shopee_page_came_last_nothing_is_missed(delivered: int) -> None:
    async with marketplace(shopee_server) as server:
        whole = await collected(pull_shopee(server.api("shopee"), SHOPEE, SINCE, UNTIL))
        assert len(whole) == 12
        resume = whole[delivered - 1].resume if delivered else None
        rest = await collected(pull_shopee(server.api("shopee"), SHOPEE, SINCE, UNTIL, resume))
        keys = {line.key for line in lines(read(whole))}
        assert {line.key for line in lines(read([*whole[:delivered], *rest]))} == keys
        assert len(rest) <= len(whole)
