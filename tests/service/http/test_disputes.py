"""Disputes over HTTP: opened and resolved as commands, seen in the balance and in a list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api, Caller
from tests.support.refusals import complaints

MONEY = {"currency": "IDR"}


async def dispute(merchant: Caller, dispute_id: str, amount: int, reference: str = "order-2") -> dict[str, Any]:
    return await merchant.accepted(
        type="openDispute", disputeId=dispute_id, amount=amount, reference=reference, reason="not received", **MONEY
    )


async def balance(merchant: Caller) -> tuple[int, int, int]:
    data = (await merchant.get("/v1/payouts/balance")).data
    return data["pending"], data["available"], data["held"]


async def test_a_dispute_is_held_and_shown_until_it_is_resolved(api: Api) -> None:
    merchant = await api.merchant(available=1000, pending=300)
    opened = await dispute(merchant, "dsp_1", 500)
    assert opened["id"] == "dsp_1"
    # 300 of order-2 are pending: they are held first, the other 200 come from available.
    assert await balance(merchant) == (0, 800, 500)
    [shown] = (await merchant.get("/v1/disputes")).data
    assert shown == {
        "id": "dsp_1",
        "accountId": "acc_1",
        "reference": "order-2",
        "currency": "IDR",
        "amount": 500,
        "status": "open",
        "reason": "not received",
        "openedAt": shown["openedAt"],
        "resolvedAt": None,
        "resolution": None,
        "orderHeld": 500,
        "position": opened["position"],
    }
    assert (await merchant.get("/v1/disputes/dsp_1")).data == shown
    await merchant.accepted(type="resolveDispute", disputeId="dsp_1", outcome="lost", reason="no proof of delivery")
    assert await balance(merchant) == (0, 800, 0)
    after = (await merchant.get("/v1/disputes/dsp_1")).data
    assert (after["status"], after["resolution"], after["orderHeld"]) == ("lost", "no proof of delivery", 0)
    assert after["resolvedAt"] > after["openedAt"]
    # The refund of the same sale was the dispute: nothing leaves twice.
    await merchant.accepted(type="recordRefund", amount=500, reference="order-2", **MONEY)
    assert await balance(merchant) == (0, 800, 0)


async def test_the_list_is_filtered_and_goes_on_where_a_page_ended(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    for number in range(5):
        await dispute(merchant, f"dsp_{number}", 10, f"order {number % 2}")
    await merchant.accepted(type="resolveDispute", disputeId="dsp_3", outcome="won", reason="delivered")

    async def ids(query: str) -> list[str]:
        answer = await merchant.get(f"/v1/disputes{query}")
        assert answer.status == 200, answer.raw
        return [row["id"] for row in answer.data]

    assert await ids("") == ["dsp_4", "dsp_3", "dsp_2", "dsp_1", "dsp_0"]
    assert await ids("?status=won") == ["dsp_3"]
    assert await ids("?status=open&reference=order%201") == ["dsp_1"]
    first = await merchant.get("/v1/disputes?limit=2&reference=order%200")
    assert [row["id"] for row in first.data] == ["dsp_4", "dsp_2"]
    rest = await merchant.get(f"/v1/disputes?limit=2&reference=order%200&cursor={first.meta['cursor']}")
    assert ([row["id"] for row in rest.data], rest.meta["hasMore"]) == (["dsp_0"], False)
    wrong = await merchant.get(f"/v1/disputes?cursor={first.meta['cursor']}")
    assert (wrong.status, wrong.error["field"]) == (400, "cursor")


@pytest.mark.parametrize(("query", "field"), [("?status=opened", "status"), ("?reference=", "reference")])
async def test_a_filter_that_is_none_is_refused_by_its_name(api: Api, query: str, field: str) -> None:
    merchant = await api.merchant()
    answer = await merchant.get(f"/v1/disputes{query}")
    assert complaints(answer, status=400) == []
    assert answer.error["field"] == field


async def test_another_accounts_disputes_do_not_exist(api: Api) -> None:
    merchant, other = await api.merchant(available=100), await api.merchant("acc_2")
    await dispute(merchant, "dsp_1", 10, "order-1")
    assert (await other.get("/v1/disputes")).data == []
    assert (await other.get("/v1/disputes/dsp_1")).status == 404
    refused = await other.command(type="resolveDispute", disputeId="dsp_1", outcome="won", reason="x")
    assert (refused["error"]["code"], refused["error"]["field"]) == ("NOT_FOUND", "disputeId")
