"""What an order is worth, and what was let go of it: the same in settlements, in reconciliation and in the balances."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.service.http.test_settlements import buckets, escrow, follow, released, rows, settlements, upload, withdrawal
from tests.support.api import Api, Caller

DAY_ZERO = 1_769_904_000


async def reconciliation(caller: Caller, kind: str) -> dict[str, dict[str, Any]]:
    """All rows of a kind, by id."""
    answer = await caller.get(f"/v1/reconciliation?state=all&kind={kind}&limit=100")
    assert answer.status == 200, answer.raw
    return {row["id"]: row for row in answer.data}


def adjusted(order: str, amount: int, adjustment: int, refund: int = 0) -> dict[str, Any]:
    """An order's escrow as it stands with a refund in its amount, and an adjustment beside it."""
    record = escrow(order, amount - refund, 7)
    record["order_income"] |= {"total_adjustment_amount": adjustment, "seller_return_refund": -refund}
    record["order_income"]["cost_of_goods_sold"] = amount + 7
    return record


def sale(number: int, amount: int, invoice: str, day: int, **more: Any) -> dict[str, Any]:
    time = f"2026-02-{day + 1:02d} 07:00:00"
    row = {
        "deposit_id": number,
        "amount": amount,
        "create_time": time,
        "Type": 1001,
        "type_description": "Disbursement",
    }
    return {**row, "note": f"Transaksi Penjualan Berhasil - {invoice}", **more}


async def check(api: Api, caller: Caller, worths: dict[str, int], withdrawn: str | None) -> None:
    """One worth everywhere, nothing open, and nothing left of the withdrawal."""
    await follow(api)
    totals = {row["order"]: row for row in await settlements(api, caller, "level=order&limit=100")}
    expected = await reconciliation(caller, "order")
    booked = await api.ledger.pool.fetch("SELECT reference, recorded FROM orders WHERE account_id = 'acc_1'")
    assert {row["reference"]: row["recorded"] for row in booked if row["reference"] in worths} == {
        name: worth * 100 for name, worth in worths.items()
    }
    for name, worth in worths.items():
        row = expected[name]
        assert Decimal(totals[name]["payoutAmount"]) == worth
        assert Decimal(totals[name]["releasedAmount"]) == worth
        assert Decimal(row["expected"]) == worth
        assert Decimal(row["paid"]) == worth
        assert (row["state"], row["difference"]) == ("matched", "0.00")
    pending, available, paid_out = await buckets(api)
    assert (pending, available + paid_out) == (0, sum(worths.values()) * 100)
    if withdrawn is not None:
        row = (await reconciliation(caller, "withdrawal"))[withdrawn]
        assert row["residual"] is None
        (group,) = [each for each in await settlements(api, caller, "level=global") if each["key"] == withdrawn]
        assert group["residual"] is None
        assert Decimal(group["payoutAmount"]) == sum(worths.values())


@pytest.mark.parametrize("seed", range(6))
async def test_orders_with_refunds_and_adjustments_before_and_after_their_release_have_one_worth(
    api: Api, seed: int
) -> None:
    random, caller = Random(seed), await api.caller("acc_1")
    before, releases, after, worths = [], [], [], {}
    for number in range(12):
        name, amount = f"A{number}", random.randint(100, 900)
        early, late = ((random.choice([0, 0, -30, 20]), random.choice([0, 0, 40])) for _ in range(2))
        first = adjusted(name, amount, *early)
        last = adjusted(name, amount, early[0] + late[0], early[1] + late[1])
        before.append(first)
        # The release says the amount without its adjustments, or with them.
        stated = amount - early[1] + (early[0] if random.random() < 0.5 else 0)
        releases.append(released(name, str(stated), number % 5))
        after.append(last)
        worths[name] = amount - early[1] - late[1] + early[0] + late[0]
    net = sum(worths.values())
    files = [(before, "2026-02-01"), (releases, None), (after, "2026-02-09"), ([withdrawal(1, net, 20)], None)]
    random.shuffle(files)
    for records, observed_at in files:
        dated = "" if observed_at is None else f"&observedAt={observed_at}"
        await upload(caller, rows(*records), f"channel=shopee&currency=IDR{dated}")
    await check(api, caller, worths, "withdrawal/1")


@pytest.mark.parametrize("seed", range(4))
async def test_an_order_with_rows_of_its_own_for_its_commission_has_one_worth(api: Api, seed: int) -> None:
    random, caller = Random(seed), await api.caller("acc_1")
    records, worths, number = [], {}, 0
    for order in range(10):
        invoice, amount = f"INV/20260201/XX/{order}", random.randint(1000, 9000)
        worths[invoice] = amount
        number += 1
        records.append(sale(number, amount, invoice, order % 5))
        for text in random.sample(["Biaya layanan", "komisi", "ongkos kirim"], random.randint(0, 3)):
            number += 1
            taken = random.randint(1, 300)
            worths[invoice] -= taken
            records.append(sale(number, taken, invoice, order % 5, note=f"{text} {invoice}", Type=0))
    net = sum(worths.values())
    records.append(sale(900, net, "", 20, note="Penarikan dana", Type=0, withdrawal_date="2026-02-22 07:00:00"))
    random.shuffle(records)
    await upload(caller, rows(*records), "channel=tokopedia")
    await check(api, caller, worths, "deposit/900//withdrawal")


async def test_a_release_of_another_amount_than_anybody_ever_named_is_an_open_difference(api: Api) -> None:
    caller = await api.caller("acc_1")
    await upload(caller, rows(escrow("A1", 4800, 7), released("A1", "4000", 1)), "channel=shopee&currency=IDR")
    await follow(api)
    row = (await reconciliation(caller, "order"))["A1"]
    assert (row["state"], row["expected"], row["paid"], row["difference"]) == ("short", "4800.00", "4000.00", "-800.00")


async def test_charges_of_no_order_are_part_of_what_a_withdrawal_pays(api: Api) -> None:
    caller = await api.caller("acc_1")
    charge = {**withdrawal(9, 30, 2), "transaction_type": "PAID_ADS_CHARGE", "money_flow": "MONEY_OUT"}
    del charge["withdrawal_id"]
    await upload(
        caller,
        rows(escrow("A1", 480, 7), released("A1", "480", 1), charge, withdrawal(1, 450, 3)),
        "channel=shopee&currency=IDR",
    )
    await follow(api)
    assert (await reconciliation(caller, "withdrawal"))["withdrawal/1"]["residual"] is None


async def test_a_payment_that_came_back_is_an_open_row(api: Api) -> None:
    caller = await api.caller("acc_1")
    back = {
        "transaction_number": "T-1",
        "transaction_time": "2026-02-03 10:00:00",
        "type": "Deposit",
        "sub_type": "Returned Payment",
        "amount": "150000.00",
        "currency": "IDR",
    }
    failed = {**back, "transaction_number": "T-2", "sub_type": "Failed Payment", "amount": "200.00"}
    await upload(caller, rows(back, failed), "channel=lazada")
    await follow(api)
    answer = await caller.get("/v1/reconciliation?channel=lazada")
    assert [(row["id"], row["kind"], row["state"], row["expected"], row["paid"]) for row in answer.data] == [
        ("account/T-1/returned payment", "withdrawal", "short", "150000.00", "0.00"),
        ("account/T-2/failed payment", "withdrawal", "short", "200.00", "0.00"),
    ]
