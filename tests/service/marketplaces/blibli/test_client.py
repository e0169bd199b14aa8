"""Blibli is pulled from a server that checks signatures and gives pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from aiohttp import web
from pydantic import SecretStr

from service.marketplaces.blibli import signing as blibli_signing
from service.marketplaces.blibli.client import pull_blibli
from service.marketplaces.blibli.credentials import BlibliCredentials
from tests.service.marketplaces.pulled import SINCE, UNTIL, collected, query, read
from tests.service.marketplaces.samples import lines, statements
from tests.service.marketplaces.server import marketplace

BLIBLI = BlibliCredentials(
    clientId="client",
    storeCode="SDC-60001",
    username="user",
    clientKey=SecretStr("client-key"),
    sellerKey=SecretStr("seller-key"),
    signatureKey=SecretStr("signature-key"),
)


async def test_blibli_is_signed_and_its_items_know_their_settlement() -> None:
    async def answer(request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        at = datetime.fromtimestamp(int(request.headers["Signature-Time"]) / 1000, UTC)
        path = request.path.removeprefix("/v2/proxy")
        assert request.headers["Signature"] == blibli_signing.signature(request.method, path, body, at, "signature-key")
        assert request.headers["API-Seller-Key"] == "seller-key"
        assert request.headers["Authorization"] == "Basic Y2xpZW50OmNsaWVudC1rZXk="  # client:client-key
        if request.method == "POST":
            page = json.loads(body)["paging"]["page"]
            row = {"settlementId": f"ST{page}", "status": "PAID", "totalPayment": 5}
            return web.json_response({"content": [row], "pageMetaData": {"totalPage": 2}})
        page = int(query(request)["page"])
        row = {"orderItemNo": f"I{page}", "totalPayment": 5}
        return web.json_response({"content": {"orderItems": [row], "pageMetaData": {"totalPage": 2}}})

    async with marketplace(answer) as server:
        pages = await collected(pull_blibli(server.api("blibli"), BLIBLI, SINCE, UNTIL))
        found = read(pages)
        assert [each.number for each in statements(found)] == ["ST0", "ST1"]
        assert [line.reference for line in lines(found)] == ["item/ST0/I0", "item/ST0/I1", "item/ST1/I0", "item/ST1/I1"]
        rest = await collected(pull_blibli(server.api("blibli"), BLIBLI, SINCE, UNTIL, pages[2].resume))
        assert [each.number for each in statements(read(rest))] == ["ST1"]
