"""Payments that say which orders they pay: orders are grouped by that, and not by a guess."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import pytest

from projections.runner import rebuild
from projections.settlements import Settlements
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Kind, Observation, SettlementLine, Shop
from service.marketplaces.shopee.channel import SHOPEE
from tests.service.http.test_settlements import escrow, follow, released, rows, settlements, upload
from tests.support.api import Api, Caller

DAY_ZERO = 1_769_904_000


def payout(number: str, amount: int, day: int, *orders: str, adjustment: int = 0) -> dict[str, Any]:
    """A cross-border payout, with the orders that it pays."""
    info = {"from_amount": amount, "from_currency": "IDR", "payout_time": DAY_ZERO + 86_400 * day}
    paid = [{"order_sn": order, "escrow_amount": 0, "currency": "IDR"} for order in orders]
    adjustments = [{"adjustment_amount": adjustment}] if adjustment else []
    return {
        "encrypted_payout_id": number,
        "payout_info": info,
        "escrow_list": paid,
        "offline_adjustment_list": adjustments,
    }


def _read(stream: BinaryIO, shop: Shop, request_fields: Mapping[str, Any] | None = None) -> Iterator[Observation]:
    for each in SHOPEE.read(stream, shop, request_fields):
        if isinstance(each, SettlementLine) and each.kind is Kind.WITHDRAWAL and each.reference.startswith("payout/"):
            paid = json.loads(each.raw)["escrow_list"]
            yield replace(each, pays=tuple(f"order/{order['order_sn']}" for order in paid))
        else:
            yield each


@pytest.fixture
async def seller(api: Api, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """A caller whose payouts' orders are read as links."""
    monkeypatch.setitem(CHANNELS, "shopee", replace(SHOPEE, read=_read))
    return await api.caller("acc_1")


async def groups(api: Api, caller: Caller) -> dict[str, tuple[str | None, str | None, str]]:
    """Of each group: its payout, what it leaves, and by what it is grouped."""
    return {
        row["key"]: (row["payoutAmount"], row["residual"] and row["residual"]["amount"], row["groupedBy"])
        for row in await settlements(api, caller, "level=global&channel=shopee")
    }


async def residuals(api: Api, caller: Caller) -> dict[str, str | None]:
    await follow(api)
    answer = await caller.get("/v1/reconciliation?state=all&kind=withdrawal")
    return {row["id"]: row["residual"] and row["residual"]["amount"] for row in answer.data}


QUERY = "channel=shopee&currency=IDR"
ORDERS = rows(
    *(escrow(name, 100, 7) for name in ("A1", "A2", "A3")),
    *(released(name, "100", 1) for name in ("A1", "A2", "A3")),
)


@pytest.mark.parametrize("payouts_first", [True, False])
async def test_a_payout_lets_go_of_the_orders_that_it_pays(api: Api, seller: Caller, payouts_first: bool) -> None:
    """What is paid was let go of, at the payout's time where nothing says an earlier one."""
    paid = payout("P1", 200, 2, "A1", "A2")
    paid["escrow_list"] = [{"order_sn": order, "escrow_amount": 100, "currency": "IDR"} for order in ("A1", "A2")]
    # What a payout takes back it does not pay.
    taken = payout("P2", -40, 3, "A3")
    taken["escrow_list"] = [{"order_sn": "A3", "escrow_amount": -40, "currency": "IDR"}]
    files = [rows(*(escrow(name, 100, 7) for name in ("A1", "A2", "A3"))), rows(paid, taken)]
    for content in (*files[:: -1 if payouts_first else 1], *files):
        await upload(seller, content, QUERY)
    await follow(api)
    row = await api.ledger.pool.fetchrow("SELECT pending, paid_out FROM balances")
    assert row is not None
    assert tuple(row.values()) == (100_00, 200_00)
    orders = await settlements(api, seller, "level=order&channel=shopee")
    at = "2026-02-03T00:00:00.000000Z"
    assert [(each["order"], each["releasedAmount"], each["releasedAt"]) for each in orders] == [
        ("A1", "100", at), ("A2", "100", at), ("A3", None, None),
    ]  # fmt: skip
    assert (await groups(api, seller))["payout/P1"] == ("200", None, "withdrawal")


@pytest.mark.parametrize("payouts_first", [True, False])
async def test_what_a_payout_in_another_currency_pays_is_let_go_of_in_its_own(
    api: Api, seller: Caller, payouts_first: bool
) -> None:
    paid = payout("P1", 200, 2, "A1")
    paid["escrow_list"] = [{"order_sn": "A1", "escrow_amount": 9, "currency": "SGD"}]
    files = [rows(escrow("A1", 100, 7)), rows(paid)]
    for content in files[:: -1 if payouts_first else 1]:
        await upload(seller, content, QUERY)
    found = await api.ledger.pool.fetch(
        "SELECT currency, pending, paid_out FROM balances WHERE pending + paid_out <> 0"
    )
    assert [tuple(row.values()) for row in found] == [("IDR", 0, 100_00)]


@pytest.mark.parametrize("payouts_first", [True, False])
async def test_an_order_belongs_to_the_payout_that_names_it(api: Api, seller: Caller, payouts_first: bool) -> None:
    # By their times, the first payout would be of all three orders, and the second one of none.
    payouts = rows(payout("P1", 200, 2, "A1", "A3"), payout("P2", 80, 3, "A2", adjustment=-20))
    for content in (payouts, ORDERS) if payouts_first else (ORDERS, payouts):
        await upload(seller, content, QUERY)
    assert await groups(api, seller) == {
        "payout/P1": ("200", None, "withdrawal"),
        "payout/P2": ("80", None, "withdrawal"),
    }
    assert await residuals(api, seller) == {"payout/P1": None, "payout/P2": None}


async def test_a_payout_whose_orders_are_not_known_stands_by_itself(api: Api, seller: Caller) -> None:
    await upload(seller, rows(payout("P1", 200, 2, "B1", "B2"), payout("P2", 5, 3)), QUERY)
    (first, second) = await settlements(api, seller, "level=global&channel=shopee")
    assert (first["key"], first["payoutAmount"], first["payoutBy"]) == ("payout/P1", "200", "reported")
    assert (second["key"], second["payoutAmount"], second["source"]) == ("payout/P2", "5", "shopee.payout_info")


async def test_what_a_payout_says_anew_replaces_what_it_paid(api: Api, seller: Caller) -> None:
    await upload(seller, ORDERS, QUERY)
    await upload(seller, rows(payout("P1", 300, 2, "A1", "A2", "A3")), f"{QUERY}&observedAt=2026-02-04")
    assert (await groups(api, seller))["payout/P1"] == ("300", None, "withdrawal")
    await upload(seller, rows(payout("P1", 200, 2, "A1", "A2")), f"{QUERY}&observedAt=2026-02-05")
    assert await groups(api, seller) == {
        "payout/P1": ("200", None, "withdrawal"),
        # Released a day before the payout, which does not pay it.
        "2026-02-02": ("100", None, "release_day"),
    }


async def test_made_again_from_the_log_links_are_what_following_it_gave(api: Api, seller: Caller) -> None:
    await upload(seller, rows(payout("P1", 200, 2, "A1", "A3")), QUERY)
    await upload(seller, ORDERS, QUERY)
    before = await groups(api, seller)
    async with api.ledger.pool.acquire() as connection:
        await rebuild(connection, 1, Settlements(), api.ledger.runtime.now(), lambda _: None)
    assert await groups(api, seller) == before
