"""Orders and withdrawals of channels that pay order by order, and orders that their statement pays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest_asyncio

from projections.runner import catch_up
from projections.settlements import Settlements
from service.platform.runtime import Runtime
from service.platform.settings import Settings
from tests.service.http.test_settlements import escrow, released, withdrawal
from tests.support.api import Api, Caller, serving

NOW = datetime.fromisoformat("2026-11-10T03:00:00+00:00")


@pytest_asyncio.fixture
async def day(settings: Settings) -> AsyncIterator[Api]:
    async with serving(settings, Runtime(now=lambda: NOW)) as api:
        yield api


@pytest_asyncio.fixture
async def seller(day: Api) -> Caller:
    return await day.caller("acc_1")


async def told(api: Api, caller: Caller, *records: dict[str, Any]) -> None:
    content = "\n".join(json.dumps(record) for record in records).encode()
    answer = await caller.call("POST", "/v1/settlements/imports?channel=shopee&currency=IDR", raw=content)
    assert answer.status == 200, answer.raw
    assert answer.data["problems"] == []
    async with api.ledger.pool.acquire() as connection:
        while await catch_up(connection, 1, Settlements(), api.ledger.runtime.now()):
            pass


async def rows(caller: Caller, query: str) -> dict[str, dict[str, Any]]:
    answer = await caller.get(f"/v1/reconciliation?{query}")
    assert answer.status == 200, answer.raw
    return {row["id"]: row for row in answer.data}


def shown(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("state", "expected", "paid", "difference", "evidence"))


async def test_what_was_released_stands_against_what_the_detail_says(day: Api, seller: Caller) -> None:
    details = (escrow("A1", 100_000, 5), escrow("A2", 50_000, 2), escrow("A3", 30_000, 1), escrow("A4", 7_000, 1))
    await told(day, seller, *details)
    await told(day, seller, released("A1", "100000", 0), released("A2", "49000", 0), released("A3", "30100", 0))
    found = await rows(seller, "kind=order&state=all")
    assert {name: shown(row) for name, row in found.items()} == {
        "A1": ("matched", "100000.00", "100000.00", "0.00", "channel"),
        "A2": ("short", "50000.00", "49000.00", "-1000.00", "channel"),
        "A3": ("matched", "30000.00", "30100.00", "100.00", "channel"),
        "A4": ("not_due", "7000.00", None, "-7000.00", None),
    }
    # First seen on the tenth; fifteen days later.
    assert found["A4"]["dueOn"] == "2026-11-25"
    assert found["A1"]["paidAt"] == "2026-02-01T00:00:00.000000Z"
    assert list(await rows(seller, "kind=order")) == ["A2"]
    await seller.accepted(type="setTolerance", currency="IDR", tolerance="0")
    assert {name: row["state"] for name, row in (await rows(seller, "kind=order")).items()} == {
        "A2": "short",
        "A3": "over",
    }


async def test_orders_are_paged_by_their_names(day: Api, seller: Caller) -> None:
    await told(day, seller, *(escrow(f"A{number}", 1_000, 1) for number in range(1, 6)))
    everything = list(await rows(seller, "kind=order&state=all"))
    assert everything == ["A1", "A2", "A3", "A4", "A5"]
    first = await seller.get("/v1/reconciliation?kind=order&state=all&limit=3")
    rest = await seller.get(f"/v1/reconciliation?kind=order&state=all&limit=3&cursor={first.meta['cursor']}")
    assert [row["id"] for row in (*first.data, *rest.data)] == everything
    assert rest.meta["hasMore"] is False


async def test_a_withdrawal_is_its_orders_or_names_what_is_left_and_the_bank_confirms_it(
    day: Api, seller: Caller
) -> None:
    await told(day, seller, escrow("A1", 100_000, 5), escrow("A2", 50_000, 2))
    await told(day, seller, released("A1", "100000", 0), released("A2", "50000", 0), withdrawal(1, 149_000, 1))
    [row] = (await rows(seller, "kind=withdrawal&state=all")).values()
    assert row["id"] == "withdrawal/1"
    assert shown(row) == ("matched", "149000.00", "149000.00", "0.00", "channel")
    assert row["residual"] == {"name": "withdrawal less its orders", "amount": "-1000.00"}, "1000 stayed behind"
    table = b"date,amount,description\n2026-02-03,148000,SHOPEE WD\n"
    await seller.call("POST", "/v1/bank-statements?bankAccount=1&currency=IDR", raw=table)
    [entry] = await rows(seller, "kind=bank_entry")
    target = {"kind": "withdrawal", "channel": "shopee", "id": "withdrawal/1"}
    await seller.accepted(type="makeMatch", entryId=entry, targets=[target], reason="the only one that day")
    assert shown((await rows(seller, "kind=withdrawal"))["withdrawal/1"]) == (
        "short",
        "149000.00",
        "148000.00",
        "-1000.00",
        "match",
    )


async def test_an_order_that_a_person_matched_is_shown_as_the_bank_has_it(day: Api, seller: Caller) -> None:
    await told(day, seller, escrow("A1", 100_000, 5))
    await told(day, seller, released("A1", "100000", 0))
    table = b"date,amount,description\n2026-02-03,90000,A1\n"
    await seller.call("POST", "/v1/bank-statements?bankAccount=1&currency=IDR", raw=table)
    [entry] = await rows(seller, "kind=bank_entry")
    assert await rows(seller, "kind=order") == {}
    target = {"kind": "order", "channel": "shopee", "id": "A1"}
    await seller.accepted(type="makeMatch", entryId=entry, targets=[target], reason="paid by itself")
    assert (await rows(seller, "kind=order"))["A1"]["state"] == "short", "also where the release is to the cent"
