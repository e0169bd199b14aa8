"""The ledger's own statements as callers read them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from service.ledger.api_keys import create_key
from service.platform.settings import Settings
from tests.service.http.test_sellercenter import FIELDS, KEY, answered, signed
from tests.service.workers.weeks import IDR, Clock, a_week, close, revenue, weekly
from tests.support.api import Api, serving


async def test_a_week_is_closed_once_and_listed_beside_marketplaces_statements(api: Api, clock: Clock) -> None:
    merchant = await a_week(api, clock)
    assert await close(api.ledger) == ["acc_1-2026-W47-IDR-1"]
    assert await close(api.ledger) == []
    (found,) = (await merchant.get("/v1/statements?source=own")).data
    position = found.pop("position")
    assert position == await api.position()
    assert found == {
        "statementNumber": "acc_1-2026-W47-IDR-1",
        "channel": "ledger",
        "seller": None,
        "source": "ledger",
        "createdAt": "2026-11-23 00:00:05",
        "updatedAt": "2026-11-23 00:00:05",
        "createdInstant": "2026-11-22T17:00:05.000000Z",
        "updatedInstant": "2026-11-22T17:00:05.000000Z",
        "currency": "IDR",
        "openingBalance": "0.00",
        "itemRevenue": "12.50",
        "shipmentFee": "0.20",
        "shipmentFeeCredit": "0.00",
        "otherRevenueTotal": "0.00",
        "feesTotal": "1.20",
        "subtotal1": "11.30",
        "refunds": "0.00",
        "feesOnRefundsTotal": "0.00",
        "subtotal2": "11.30",
        "closingBalance": "4.30",
        "guaranteeDeposit": "3.00",
        "payout": "4.00",
        "paid": True,
        "collects": "platform",
        "reference": None,
        "previousStatement": None,
        "findings": [],
        "digest": None,
    }
    assert (await merchant.get("/v1/statements?channel=ledger")).data[0]["statementNumber"] == "acc_1-2026-W47-IDR-1"
    assert (await merchant.get("/v1/statements?source=imported")).data == []
    assert (await merchant.get("/v1/statements?source=mine")).error["field"] == "source"


async def test_its_lines_are_the_events_that_add_up_to_each_field(api: Api, clock: Clock) -> None:
    merchant = await a_week(api, clock)
    (number,) = await close(api.ledger)
    whole = (await merchant.get(f"/v1/statements/{number}?lines=true")).data
    assert [
        (line["type"], line["reference"], line["field"], line["within"], line["amount"]) for line in whole["lines"]
    ] == [
        ("revenue.recorded", "o-1", "itemRevenue", None, "10.00"),
        ("revenue.recorded", "=o-2", "itemRevenue", None, "2.50"),
        ("fee.charged", "inv-1", "feesTotal", None, "1.00"),
        ("fee.charged", "inv-2", "feesTotal", "shipmentFee", "0.20"),
        ("reserve.held", whole["lines"][4]["reference"], "guaranteeDeposit", None, "3.00"),
        ("payout.paid", whole["lines"][5]["reference"], "payout", None, "4.00"),
    ]
    sums: Counter[str] = Counter()
    for line in whole["lines"]:
        sums[line["field"]] += Decimal(line["amount"])  # type: ignore[assignment]
    assert {name: f"{amount:.2f}" for name, amount in sums.items()} == {
        **{name: whole[name] for name in ("itemRevenue", "feesTotal", "payout")},
        "guaranteeDeposit": whole["guaranteeDepositChange"],
    }
    assert (whole["startsAt"], whole["endsAt"]) == ("2026-11-18T03:00:00.000000Z", "2026-11-22T17:00:00.000000Z")
    assert whole["afterPosition"] < whole["lines"][0]["position"] < whole["throughPosition"] < whole["position"]
    bare = (await merchant.get(f"/v1/statements/{number}")).data
    assert bare == {name: found for name, found in whole.items() if name != "lines"}


async def test_lines_come_in_pages_and_all_at_once_as_csv(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.workers.statement_closer._EVENTS_AT_ONCE", 3)
    monkeypatch.setattr("service.http.statement_details._CSV_ROWS", 2)
    merchant = await a_week(api, clock)
    (number,) = await close(api.ledger)
    await revenue(merchant, 7, "later")
    path = f"/v1/statements/{number}?lines=true"
    whole = (await merchant.get(path)).data["lines"]
    paged: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await merchant.get(f"{path}&limit=2{cursor}")
        paged += page.data["lines"]
        if not page.meta["hasMore"]:
            break
        cursor = f"&cursor={page.meta['cursor']}"
    assert paged == whole
    assert len(whole) == 6
    headers = {"Authorization": f"Bearer {merchant.key.secret}"}
    async with api.session.get(f"{api.base}{path}&format=csv", headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/csv")
        assert response.headers["X-Request-Id"].startswith("req_")
        rows = list(csv.DictReader(io.StringIO(await response.text())))
    assert [(row["position"], row["field"], row["within"], row["amount"]) for row in rows] == [
        (str(line["position"]), line["field"], line["within"] or "", line["amount"]) for line in whole
    ]
    assert rows[1]["reference"] == "'=o-2", "a spreadsheet does not run it"
    for wrong, field in (("limit=0", "limit"), ("cursor=cur_x", "cursor"), ("format=pdf", "format")):
        assert (await merchant.get(f"{path}&{wrong}")).error["field"] == field
    assert (await merchant.get(f"/v1/statements/{number}?format=csv")).error["field"] == "format"
    clock.at += timedelta(days=7)
    (following,) = await close(api.ledger)
    elsewhere = await merchant.get(f"/v1/statements/{following}?lines=true&limit=2{cursor}")
    assert elsewhere.error["field"] == "cursor", "pages of one statement do not go on in another"


async def test_a_statement_is_found_by_its_accounts_keys_only(api: Api, clock: Clock) -> None:
    merchant = await a_week(api, clock)
    (number,) = await close(api.ledger)
    stranger = await api.merchant("acc_2")
    for caller, path in (
        (stranger, number),
        (merchant, "acc_1-2026-W48-IDR-2"),
        (merchant, "%00"),
        (merchant, "x" * 201),
        (await api.caller("acc_1", mode="test"), number),
    ):
        for asked in ("", "?lines=true", "?lines=true&format=csv"):
            assert (await caller.get(f"/v1/statements/{path}{asked}")).status == 404, (path, asked)


async def test_sellercenters_clients_are_served_own_statements_too(api: Api, clock: Clock) -> None:
    await a_week(api, clock)
    ledger = api.ledger
    await create_key(
        ledger.pool,
        ledger.vault,
        ledger.runtime,
        mode="live",
        scopes=[],
        account_id="acc_1",
        user_id="look@me.com",
        secret=KEY,
    )
    await close(ledger)
    asked = {"Timestamp": "2026-11-22T17:00:00+00:00", "CreatedAfter": "2026-11-22T17:00:04+0000"}
    _, body = await answered(api, signed(**asked))
    (statement,) = ET.fromstring(body).iterfind("Body/PayoutStatus/Statement")
    assert [each.tag for each in statement] == FIELDS
    assert [each.text for each in statement] == [
        "acc_1-2026-W47-IDR-1",
        "2026-11-23 00:00:05",
        "2026-11-23 00:00:05",
        "0.00",
        "12.50",
        "0.20",
        "0.00",
        "0.00",
        "1.20",
        "11.30",
        "0.00",
        "0.00",
        "11.30",
        "4.30",
        "3.00",
        "4.00 IDR",
        "1",
    ]
    _, body = await answered(api, signed(**{**asked, "CreatedAfter": "2026-11-22T17:00:05+0000"}))
    assert not list(ET.fromstring(body).iterfind("Body/PayoutStatus/Statement"))


async def test_settlements_at_the_highest_level_show_them_too(settings: Settings) -> None:
    clock = Clock()
    async with serving(settings, clock.runtime()) as api:
        merchant = await weekly(api, cycle="delivered_order")
        await revenue(merchant, 100, "o-1")
        await merchant.accepted(type="settleRevenue", amount=100, reference="o-1", **IDR)
        [number] = await close(api.ledger)
        for path in ("?level=global", f"?level=global&statement={number}"):
            shown = (await merchant.get(f"/v1/settlements{path}")).data
            assert [(row["channel"], row["statement"]) for row in shown] == [("ledger", number)], path
