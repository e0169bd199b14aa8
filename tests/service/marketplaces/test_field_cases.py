"""Small inputs as they come up in the field, each with what is right: made for this project, numbers and names invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from projections.runner import catch_up
from projections.settlements import Settlements
from tests.service.marketplaces.test_importing import balance, counts, imported
from tests.support.api import Api

CASES = Path(__file__).parents[2] / "data" / "cases"


async def taken(api: Api, name: str) -> tuple[int, ...]:
    """New, changed, unchanged and unreadable records of the case."""
    content = (CASES / name).read_bytes()
    return counts(await imported(api, content, name=name, channel="shopee", currency="IDR", zone="Asia/Jakarta"))


async def settlements(api: Api, query: str) -> list[dict[str, Any]]:
    async with api.ledger.pool.acquire() as connection:
        while await catch_up(connection, 1, Settlements(), api.ledger.runtime.now()):
            pass
    seller = await api.caller("acc_1")
    answer = await seller.get(f"/v1/settlements{query}&minPosition={await api.position()}")
    assert answer.status == 200, answer.raw
    assert isinstance(answer.data, list)
    return answer.data


async def events_count(api: Api) -> int:
    return int(await api.ledger.pool.fetchval("SELECT count(*) FROM events"))


async def test_rows_of_items_split_the_row_of_their_order_and_replace_nothing(api: Api) -> None:
    assert await taken(api, "shopee_income_order_and_sku_rows.csv") == (5, 0, 0, 0)
    assert await balance(api, "IDR") == {"paid_out": 15_000_000}
    orders = await settlements(api, "?level=order&channel=shopee")
    assert {each["order"]: each["payoutAmount"] for each in orders} == {"260801AAA": "100000", "260801BBB": "50000"}
    items = await settlements(api, "?level=item&channel=shopee")
    assert {(each["order"], each["item"]): (each["payoutAmount"], each["commissionFee"]) for each in items} == {
        ("260801AAA", "11"): ("60000", "-6000"),
        ("260801AAA", "12"): ("40000", "-4000"),
        ("260801BBB", "13"): ("50000", "-5000"),
    }
    known = await events_count(api)
    assert await taken(api, "shopee_income_order_and_sku_rows.csv") == (0, 0, 5, 0)
    assert await events_count(api) == known
    assert await balance(api, "IDR") == {"paid_out": 15_000_000}


async def test_parts_of_a_split_withdrawal_are_two(api: Api) -> None:
    assert await taken(api, "shopee_wallet_split_withdrawal.json") == (2, 0, 0, 0)
    withdrawn = await settlements(api, "/lines?channel=shopee")
    assert sorted((each["kind"], each["stage"], each["amount"]) for each in withdrawn) == [
        ("withdrawal", "paid", "-300000"),
        ("withdrawal", "paid", "-500000"),
    ]
    known = await events_count(api)
    assert await taken(api, "shopee_wallet_split_withdrawal.json") == (0, 0, 2, 0)
    assert await events_count(api) == known


async def test_both_rows_of_one_withdrawal_are_about_one(api: Api) -> None:
    await taken(api, "shopee_wallet_withdraw_id.json")
    (only,) = await settlements(api, "/lines?channel=shopee")
    assert (only["kind"], only["stage"], only["amount"]) == ("withdrawal", "paid", "-500000")
    paid = (await (await api.caller("acc_1")).get("/v1/reconciliation?subject=withdrawal")).data
    assert isinstance(paid, list)
    assert len(paid) <= 1


async def test_kinds_of_rows_that_are_not_known_are_booked_by_their_direction(api: Api) -> None:
    assert await taken(api, "shopee_wallet_documented_types.json") == (4, 0, 0, 0)
    lines = await settlements(api, "/lines?channel=shopee")
    assert sorted((each["kind"], each["amount"], each["books"]) for each in lines) == [
        ("other", "-7000", True),
        ("other", "-9000", True),
        ("other", "4000", True),
        ("service_fee", "-5000", True),
    ]
    # What is taken before anything was paid is owed; together they are -17000 rupiah.
    assert sum((await balance(api, "IDR")).values()) == -1_700_000
    found = await api.ledger.pool.fetch(
        "SELECT envelope::json -> 'data' -> 'findings' -> 0 ->> 'actual' AS actual FROM events "
        "WHERE type = 'settlement.observed' ORDER BY position"
    )
    assert [row["actual"] for row in found] == [
        None, "SPM_DEDUCT", "ADJUSTMENT_FOR_RR_AFTER_ESCROW_VERIFIED", "RETURN_COMPENSATION_SERVICE_ADD",
    ]  # fmt: skip
    assert await taken(api, "shopee_wallet_documented_types.json") == (0, 0, 4, 0)
