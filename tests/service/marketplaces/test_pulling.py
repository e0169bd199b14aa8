"""Pulling from a real server on loopback, that checks signatures, gives pages, and breaks in the middle."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from pydantic import SecretStr

from service.marketplaces.api_calls import PullFailed
from service.marketplaces.blibli import signing as blibli_signing
from service.marketplaces.blibli.client import pull_blibli
from service.marketplaces.blibli.credentials import BlibliCredentials
from service.marketplaces.channels import CHANNELS
from service.marketplaces.lazada import signing as lazada_signing
from service.marketplaces.lazada.client import pull_open_platform, pull_sellercenter
from service.marketplaces.lazada.credentials import OpenPlatformCredentials, SellerCenterCredentials
from service.marketplaces.observations import Observation, Shop
from service.marketplaces.pages import PulledPage, ResumePoint, request_windows
from service.marketplaces.refusals import Retry
from service.marketplaces.shopee.client import pull_shopee
from service.marketplaces.shopee.credentials import ShopeeCredentials
from service.marketplaces.tiktok.client import pull_tiktok
from service.marketplaces.tiktok.credentials import TikTokCredentials
from service.marketplaces.tokopedia.client import pull_tokopedia
from service.marketplaces.tokopedia.credentials import TokopediaCredentials
from tests.service.marketplaces.samples import lines, problems, sample, statements
from tests.service.marketplaces.server import NOW, marketplace

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


# SellerCenter

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


# The Open Platform

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


# Shopee

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


# TikTok Shop, Tokopedia, Blibli

TIKTOK = TikTokCredentials(
    appKey="68xu7ks", shopCipher="cipher", appSecret=SecretStr("777"), accessToken=SecretStr("token")
)
TOKOPEDIA = TokopediaCredentials(fsId="13004", shopId="479573", accessToken=SecretStr("bearer"))
BLIBLI = BlibliCredentials(
    clientId="client",
    storeCode="SDC-60001",
    username="user",
    clientKey=SecretStr("client-key"),
    sellerKey=SecretStr("seller-key"),
    signatureKey=SecretStr("signature-key"),
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


def test_secrets_are_not_shown() -> None:
    shown = repr([SELLER, APP, SHOPEE, TIKTOK, TOKOPEDIA, BLIBLI])
    keys = ("client-key", "seller-key", "signature-key")
    for secret in (API_KEY, "helloworld", "partner-key", "tokenvalue", "777", "bearer", *keys):
        assert secret not in shown
    assert "sign" not in repr(PulledPage("shopee", "c", b"sign", "[0]"))


@pytest.mark.parametrize("token", ["", "x", "[]", '{"a":1}', "[1,2,3]", '["0","",""]', '[true,"",""]', "null", "1"])
def test_a_resume_token_that_is_none_says_so(token: str) -> None:
    with pytest.raises(ValueError, match="resume token"):
        ResumePoint.read(token)


def test_windows_meet_without_gap_or_overlap() -> None:
    found = list(request_windows(SINCE, SINCE + timedelta(days=31), timedelta(days=15)))
    assert [window.since for window in found] == [SINCE, SINCE + timedelta(days=15), SINCE + timedelta(days=30)]
    assert [window.until for window in found] == [*[window.since for window in found[1:]], SINCE + timedelta(days=31)]
