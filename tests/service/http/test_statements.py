"""Statements over HTTP: files taken in as a stream, statements listed as the source wrote them, and seed 000's table."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from service.marketplaces.channels import CHANNELS
from service.platform.settings import Settings
from tests.service.marketplaces.samples import sample
from tests.support.api import Answer, Api, Caller, serving

SEED = sample("lazada-get-payout-status.xml")
IMPORTS = "/v1/settlements/imports"


@pytest_asyncio.fixture
async def seller(api: Api) -> AsyncIterator[Caller]:
    yield await api.caller("acc_1")


async def upload(caller: Caller, content: bytes, query: str = "channel=lazada") -> Answer:
    return await caller.call("POST", f"{IMPORTS}?{query}", raw=content)


async def test_a_file_is_taken_in_and_again_changes_nothing(seller: Caller) -> None:
    first = await upload(seller, SEED)
    assert first.status == 200, first.raw
    assert first.data["id"].startswith("imp_")
    assert (first.data["read"], first.data["new"], first.data["problems"]) == (2, 2, [])
    again = await upload(seller, SEED)
    assert (again.data["new"], again.data["changed"], again.data["unchanged"]) == (0, 0, 2)
    assert (await seller.get("/v1/payouts/balance?currency=EUR")).data["pending"] == 462_907


async def test_a_statement_has_the_seeds_fields_as_the_sources_text(seller: Caller) -> None:
    await upload(seller, SEED)
    _, first = (await seller.get("/v1/statements")).data
    digest, position = first.pop("digest"), first.pop("position")
    assert (len(digest), position > 0) == (64, True)
    assert first == {
        "statementNumber": "EG100RT-20141228",
        "channel": "lazada",
        "seller": None,
        "source": "lazada.sellercenter",
        "createdAt": "2014-01-04 00:23:04",
        "updatedAt": "2014-01-04 00:23:04",
        "createdInstant": "2014-01-03T17:23:04.000000Z",
        "updatedInstant": "2014-01-03T17:23:04.000000Z",
        "currency": "EUR",
        "openingBalance": "0.00",
        "itemRevenue": "0",
        "shipmentFee": "51.20",
        "shipmentFeeCredit": "51.20",
        "otherRevenueTotal": "0",
        "feesTotal": "51.20",
        "subtotal1": "-51.20",
        "refunds": "0",
        "feesOnRefundsTotal": "0",
        "subtotal2": "-51.20",
        "closingBalance": "3962.41",
        "guaranteeDeposit": "0",
        "payout": "3962.41",
        "paid": False,
        "collects": "seller",
        "reference": "EG100RT-20141228",
        "previousStatement": None,
        "findings": [
            {"rule": "subtotal1_is_revenue", "expected": "0", "actual": "-51.20", "difference": "-51.20"},
            {
                "rule": "closing_is_opening_and_subtotal2",
                "expected": "-51.20",
                "actual": "3962.41",
                "difference": "4013.61",
            },
        ],
    }


def answer(count: int) -> bytes:
    rows = [
        {
            "statement_number": f"S-{number}",
            "created_at": f"2018-01-{number:02} 00:00:00",
            "payout": "1.00 IDR",
            "paid": str(number % 2),
        }
        for number in range(1, count + 1)
    ]
    return json.dumps({"code": "0", "data": rows}).encode()


async def listed(seller: Caller, query: str) -> tuple[list[str], str | None]:
    found = await seller.get(f"/v1/statements?{query}")
    assert found.status == 200, found.raw
    return [each["statementNumber"] for each in found.data], found.meta["cursor"]


async def test_statements_are_filtered_and_paged(seller: Caller) -> None:
    await upload(seller, answer(5))
    assert (await listed(seller, "channel=lazada"))[0] == ["S-5", "S-4", "S-3", "S-2", "S-1"]
    assert (await listed(seller, "channel=tiktok"))[0] == []
    assert (await listed(seller, "paid=true"))[0] == ["S-5", "S-3", "S-1"]
    assert (await listed(seller, "paid=false&createdAfter=2018-01-01T17:00:00Z"))[0] == ["S-4"]
    page, cursor = await listed(seller, "paid=true&limit=2")
    assert page == ["S-5", "S-3"]
    await upload(seller, SEED)
    assert await listed(seller, f"paid=true&limit=2&cursor={cursor}") == (["S-1"], None)
    for wrong in (f"cursor={cursor}", "cursor=cur_x", "paid=1", "channel=amazon", "createdAfter=soon", "limit=0"):
        assert (await seller.get(f"/v1/statements?{wrong}")).status == 400, wrong


async def test_an_account_sees_its_own_statements_and_a_key_of_the_other_mode_none(api: Api, seller: Caller) -> None:
    await upload(seller, SEED)
    other = await api.merchant("acc_2")
    assert (await other.get("/v1/statements")).data == []
    assert (await (await api.caller("acc_1", mode="test")).get("/v1/statements")).status == 404
    assert (await upload(await api.caller("acc_1", mode="test"), SEED)).status == 404
    platform = await api.caller()
    assert (await platform.get("/v1/statements")).status == 400
    on_behalf = {"X-Storlaunch-On-Behalf-Of": "acc_1"}
    assert len((await platform.get("/v1/statements", **on_behalf)).data) == 2


async def test_who_collects_is_said_with_a_file(seller: Caller) -> None:
    await upload(seller, SEED.replace(b"<Paid>0</Paid>", b"<Paid>1</Paid>"), "channel=lazada&collects=platform")
    assert (await seller.get("/v1/payouts/balance?currency=EUR")).data["available"] == 462_907


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "channel"),
        ("channel=amazon", "channel"),
        ("channel=lazada&currency=euro", "currency"),
        ("channel=lazada&zone=Mars", "zone"),
        ("channel=lazada&collects=nobody", "collects"),
        ("channel=lazada&file=%00", "file"),
    ],
)
async def test_a_wish_that_cannot_be_fulfilled_names_its_field(seller: Caller, query: str, field: str) -> None:
    refused = await upload(seller, SEED, query)
    assert (refused.status, refused.error["field"]) == (400, field)


async def test_a_file_may_be_larger_than_any_other_body_but_has_a_limit_of_its_own(settings: Settings) -> None:
    small = settings.model_copy(update={"body_bytes_max": 1_000, "import_bytes_max": 20_000})
    async with serving(small) as api:
        seller = await api.caller("acc_1")
        assert (await upload(seller, answer(28))).data["new"] == 28
        refused = await upload(seller, b" " * 20_001 + SEED)
        assert (refused.status, refused.error["code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert (await seller.get("/v1/statements?limit=100")).data[0]["statementNumber"] == "S-28"


async def test_an_import_takes_a_bearer(api: Api) -> None:
    async with api.session.post(f"{api.base}{IMPORTS}?channel=lazada", data=SEED) as response:
        assert response.status == 401
        assert "Bearer" in (await response.json())["error"]["message"]


async def test_every_cell_that_seed_000_calls_available_is(api: Api) -> None:
    seller = await api.merchant()
    channels: list[dict[str, Any]] = (await seller.get("/v1/channels")).data
    assert [each["channel"] for each in channels] == list(CHANNELS)
    available = {
        (each["channel"], cell["measure"], cell["level"])
        for each in channels
        for cell in each["cells"]
        if cell["available"]
    }
    assert {("lazada", "payout", level) for level in ("global", "order", "item")} <= available
    assert ("shopee", "commission", "item") not in available
    (lazada,) = [each for each in channels if each["channel"] == "lazada"]
    assert (lazada["period"], lazada["booksAt"], lazada["pulls"]) == ("weekly", "global", True)
    (cell,) = [each for each in lazada["cells"] if (each["measure"], each["level"]) == ("payout", "global")]
    assert (cell["by"], cell["ways"][0]["grade"]) == ("api", "A")


async def test_two_sellers_statements_of_one_number_are_each_fetched(seller: Caller) -> None:
    for name, payout in (("Toko A", "10.00 EUR"), ("Toko B", "25.00 EUR")):
        content = answer(1).replace(b"1.00 IDR", payout.encode())
        await upload(seller, content, f"channel=lazada&seller={name.replace(' ', '%20')}")
    ambiguous = await seller.get("/v1/statements/S-1")
    assert (ambiguous.status, ambiguous.error["field"]) == (400, "seller")
    for name, payout in (("Toko%20A", "10.00"), ("Toko%20B", "25.00")):
        one = await seller.get(f"/v1/statements/S-1?seller={name}")
        assert (one.status, one.data["payout"]) == (200, payout)
        listed_alone = (await seller.get(f"/v1/statements?seller={name}")).data
        assert [each["payout"] for each in listed_alone] == [payout]
        totals = (await seller.get(f"/v1/settlements?level=global&channel=lazada&seller={name}")).data
        assert [each["payoutAmount"] for each in totals] == [payout]
    assert (await seller.get("/v1/statements/S-1?seller=Toko%20C")).status == 404
