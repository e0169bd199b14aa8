"""Lazada's two APIs are pulled from a server that checks signatures, gives pages, and breaks in the middle."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from pydantic import SecretStr

from service.marketplaces.api_calls import PullFailed
from service.marketplaces.lazada import signing as lazada_signing
from service.marketplaces.lazada.client import pull_open_platform, pull_sellercenter
from service.marketplaces.lazada.credentials import OpenPlatformCredentials, SellerCenterCredentials
from service.marketplaces.refusals import Retry
from tests.service.marketplaces.pulled import SINCE, UNTIL, collected, hexed, query, read
from tests.service.marketplaces.samples import lines, sample, statements
from tests.service.marketplaces.server import marketplace

API_KEY = "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"
SELLER = SellerCenterCredentials(userId="look@me.com", apiKey=SecretStr(API_KEY))


async def sellercenter(request: web.Request) -> web.Response:
    if not lazada_signing.sellercenter_verified(lazada_signing.query_pairs(request.url.raw_query_string), API_KEY):
        head = {"ErrorCode": "7", "ErrorMessage": "E007: Login failed. Signature mismatching"}
        return web.json_response({"ErrorResponse": {"Head": head, "Body": ""}})
    return web.Response(body=sample("lazada-get-payout-status.xml"), content_type="text/xml")


async def test_sellercenter_believes_our_signature_and_its_statements_are_read() -> None:
    async with marketplace(sellercenter) as server:
        pages = await collected(pull_sellercenter(server.api("lazada"), SELLER, SINCE, UNTIL))
        assert [each.number for each in statements(read(pages))] == ["EG100RT-20141228", "EG100RT-20141229"]
        asked = query(server.asked[0])
        assert asked["Timestamp"] == "2026-05-21T08:00:00+00:00"
        assert asked["CreatedAfter"] == "2026-05-01T00:00:00+00:00"
        assert await collected(pull_sellercenter(server.api("lazada"), SELLER, SINCE, UNTIL, pages[-1].resume)) == []


async def test_a_wrong_key_is_not_asked_again() -> None:
    wrong = SellerCenterCredentials(userId=SELLER.user_id, apiKey=SecretStr("not-the-key"))
    async with marketplace(sellercenter) as server:
        with pytest.raises(PullFailed, match="E007") as caught:
            await collected(pull_sellercenter(server.api("lazada"), wrong, SINCE, UNTIL))
        assert (caught.value.code, caught.value.retry) == ("7", Retry.NEVER)
        assert len(server.asked) == 1


APP = OpenPlatformCredentials(appKey="123456", appSecret=SecretStr("helloworld"), accessToken=SecretStr("test"))


def lazop_signed(request: web.Request, body: dict[str, str]) -> bool:
    parameters = {**query(request), **body}
    given = parameters.pop("sign")
    text = request.path + "".join(f"{name}{parameters[name]}" for name in sorted(parameters))
    return given == hexed("helloworld", text).upper()


async def open_platform(request: web.Request) -> web.Response:
    body = dict(parse_qsl((await request.read()).decode()))
    if not lazop_signed(request, body):
        return web.json_response({"code": "IncompleteSignature", "type": "ISV", "message": "m", "request_id": "r"})
    asked = {**query(request), **body}
    if request.path.endswith("/status/get"):
        return web.Response(body=sample("lazada-payout-status-open-platform.json"), content_type="application/json")
    if request.path.endswith("/details/get"):
        offset = int(asked["offset"])
        row = json.loads(sample("lazada-transaction-details.json"))["data"][0]
        rows = [
            {**row, "transaction_number": f"T{asked['start_time']}-{n}"} for n in range(offset, min(offset + 500, 600))
        ]
        return web.json_response({"code": "0", "data": rows, "request_id": "r"})
    row = {
        "transaction_number": "A",
        "transaction_time": "2026-05-02 08:00:00",
        "sub_type": "Settlement",
        "amount": "5",
        "currency": "IDR",
    }
    return web.json_response({"code": "0", "data": {"transactions": [row]}, "request_id": "r"})


async def test_the_open_platform_is_asked_in_windows_of_less_than_180_days_and_page_by_page() -> None:
    async with marketplace(open_platform) as server:
        until = SINCE + timedelta(days=200)
        pages = await collected(pull_open_platform(server.api("lazada"), APP, SINCE, until))
        calls = [page.call for page in pages]
        assert calls == ["payout_status"] + ["transaction_details"] * 4 + ["account_transactions"] * 7
        stretches = {
            (query(each)["start_time"], query(each)["end_time"]) for each in server.asked if "details" in each.path
        }
        assert stretches == {("2026-05-01", "2026-10-27"), ("2026-10-27", "2026-11-17")}
        numbers = {line.reference for line in lines(read(pages)) if line.source == "lazada.transaction_details"}
        assert len(numbers) == 1200


@pytest.mark.parametrize("delivered", range(5))
async def test_a_pull_goes_on_behind_the_page_that_came_last(delivered: int) -> None:
    async with marketplace(open_platform) as server:
        whole = await collected(pull_open_platform(server.api("lazada"), APP, SINCE, UNTIL))
        assert len(whole) == 4
        resume = whole[delivered - 1].resume if delivered else None
        rest = await collected(pull_open_platform(server.api("lazada"), APP, SINCE, UNTIL, resume))
        assert [page.body for page in rest] == [page.body for page in whole[delivered:]]
