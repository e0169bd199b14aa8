"""Settlements over HTTP: what orders, items and statements come to, and the lines that it is made of."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from projections.runner import catch_up, rebuild
from projections.settlements import Settlements
from service.http.cursors import Cursor
from tests.service.marketplaces.samples import sample
from tests.support.api import Answer, Api, Caller

IMPORTS = "/v1/settlements/imports"
ESCROW = sample("shopee-escrow-detail.json")
ORDER = "2602170GS576N1"


@pytest_asyncio.fixture
async def seller(api: Api) -> AsyncIterator[Caller]:
    yield await api.caller("acc_1")


def rows(*records: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


async def upload(caller: Caller, content: bytes, query: str) -> dict[str, Any]:
    answer = await caller.call("POST", f"{IMPORTS}?{query}", raw=content)
    assert answer.status == 200, answer.raw
    assert isinstance(answer.data, dict)
    return answer.data


async def follow(api: Api) -> None:
    """Brings the projection up to date, as the projector does."""
    async with api.ledger.pool.acquire() as connection:
        while await catch_up(connection, 1, Settlements(), api.ledger.runtime.now()):
            pass


async def buckets(api: Api) -> tuple[int, int, int]:
    """What is pending, available and paid out in rupiah."""
    row = await api.ledger.pool.fetchrow("SELECT * FROM balances WHERE account_id = 'acc_1' AND currency = 'IDR'")
    assert row is not None
    return row["pending"], row["available"], row["paid_out"]


async def settlements(api: Api, caller: Caller, query: str) -> list[dict[str, Any]]:
    await follow(api)
    answer = await caller.get(f"/v1/settlements?minPosition={await api.position()}&{query}")
    assert answer.status == 200, answer.raw
    assert isinstance(answer.data, list)
    return answer.data


def released(order: str, amount: str, day: int) -> dict[str, Any]:
    # 2026-02-01T00:00:00Z and so many days.
    return {"order_sn": order, "payout_amount": int(amount), "escrow_release_time": 1_769_904_000 + 86_400 * day}


def escrow(order: str, amount: float, commission: float) -> dict[str, Any]:
    return {
        "order_sn": order,
        "order_income": {
            "escrow_amount": amount,
            "cost_of_goods_sold": amount + commission,
            "commission_fee": commission,
        },
    }


def withdrawal(number: int, amount: float, day: int, kind: int = 202) -> dict[str, Any]:
    return {
        "transaction_id": 100 + number,
        "transaction_type": kind,
        "withdrawal_id": number,
        "amount": amount,
        "status": "COMPLETED",
        "create_time": 1_769_904_000 + 86_400 * day,
    }


async def test_the_escrow_sample_is_reported_by_order_and_derived_above_and_its_items_have_no_commission(
    api: Api, seller: Caller
) -> None:
    found = await upload(seller, ESCROW, "channel=shopee&currency=SGD")
    assert (found["new"], found["lines"], found["unreadable"]) == (1, 6, 0)
    # 3 + 1.99 - 0.07 - 0.10, in cents: the repeated fee is not counted twice.
    assert (await seller.get("/v1/payouts/balance?currency=SGD")).data["pending"] == 482
    (order,) = await settlements(api, seller, "channel=shopee&level=order")
    position = order.pop("position")
    assert position > 0
    assert order == {
        "channel": "shopee",
        "level": "order",
        "statement": None,
        "invoice": None,
        "order": ORDER,
        "item": None,
        "currency": "SGD",
        "payoutAmount": "4.82",
        "payoutBy": "reported",
        "commissionFee": "-0.07",
        "commissionBy": "reported",
        "feesTotal": "-0.17",
        "releasedAmount": None,
        "releasedAt": None,
        "stage": "owed",
        "seller": None,
        "source": "shopee.escrow_detail",
    }
    (item,) = await settlements(api, seller, "channel=shopee&level=item")
    assert (item["item"], item["payoutAmount"], item["payoutBy"]) == ("10006252414", None, "not_available")
    assert (item["commissionFee"], item["commissionBy"]) == (None, "not_available")
    (above,) = await settlements(api, seller, "channel=shopee&level=global")
    assert (above["groupedBy"], above["payoutAmount"], above["payoutBy"]) == ("unreleased", "4.82", "derived")
    assert (above["commissionFee"], above["commissionBy"]) == ("-0.07", "derived")


async def test_a_line_keeps_the_sources_text_and_sign_beside_ours(api: Api, seller: Caller) -> None:
    await upload(seller, ESCROW, "channel=shopee&currency=SGD")
    await settlements(api, seller, "")
    found = (await seller.get(f"/v1/settlements/lines?order={ORDER}")).data
    assert [(line["kind"], line["amount"], line["text"]) for line in found] == [
        ("payout", "4.82", "4.82"),
        ("item_revenue", "3", "3"),
        ("shipping", "1.99", "1.99"),
        ("commission", "-0.07", "0.07"),
        ("payment_fee", "-0.1", "0.1"),
        ("item_revenue", "3", "3"),
    ]
    assert {line["counts"] for line in found} == {True}


async def test_a_release_moves_the_money_once_and_orders_are_grouped_by_their_withdrawal_or_day(
    api: Api, seller: Caller
) -> None:
    details = rows(escrow("A1", 100, 5), escrow("A2", 50, 2), escrow("A3", 30, 1), escrow("A4", 7, 0.5))
    # 18:00 UTC on the third is the fourth in Jakarta.
    late = released("A3", "30", 2) | {"escrow_release_time": 1_769_904_000 + 86_400 * 2 + 18 * 3600}
    cash = rows(released("A1", "100", 0), released("A2", "50", 0), late, withdrawal(1, 149, 1))
    for _ in range(2):
        await upload(seller, details, "channel=shopee&currency=IDR")
        await upload(seller, cash, "channel=shopee&currency=IDR")
    balance = (await seller.get("/v1/payouts/balance")).data
    # A4 has not been released; nothing that was released can be withdrawn here: Shopee pays the seller's own bank.
    assert (balance["pending"], balance["available"]) == (700, 0)
    above = {row["key"]: row for row in await settlements(api, seller, "level=global")}
    assert {key: (row["groupedBy"], row["payoutAmount"], row["commissionFee"]) for key, row in above.items()} == {
        "withdrawal/1": ("withdrawal", "150", "-7"),
        "2026-02-04": ("release_day", "30", "-1"),
        "unreleased": ("unreleased", "7", "-0.5"),
    }
    assert above["withdrawal/1"]["residual"] == {"name": "withdrawal less its orders", "amount": "-1"}
    assert above["withdrawal/1"]["withdrawn"] == "149"
    assert above["2026-02-04"]["residual"] is None
    orders = {row["order"]: row for row in await settlements(api, seller, "level=order")}
    assert (orders["A1"]["stage"], orders["A1"]["releasedAmount"]) == ("released", "100")
    assert orders["A1"]["releasedAt"] == "2026-02-01T00:00:00.000000Z"
    assert (orders["A4"]["stage"], orders["A4"]["releasedAmount"]) == ("owed", None)


async def test_another_sources_word_counts_instead_and_is_shown(api: Api, seller: Caller) -> None:
    await upload(seller, rows(escrow("A1", 100, 5)), "channel=shopee&currency=IDR")
    await upload(seller, rows(escrow("A1", 90, 5)), "channel=shopee&currency=IDR")
    (order,) = await settlements(api, seller, "level=order")
    assert order["payoutAmount"] == "90"
    assert (await seller.get("/v1/payouts/balance")).data["pending"] == 9000
    found = (await seller.get("/v1/settlements/lines?order=A1")).data
    assert [line["amount"] for line in found] == ["90", "95", "-5"]


async def test_the_cash_side_tells_of_an_order_again_and_counts_once(api: Api, seller: Caller) -> None:
    row = {"transaction_id": 5, "transaction_type": 101, "order_sn": "A1", "amount": 100, "status": "COMPLETED"}
    row["create_time"] = 1_769_904_000
    content = rows(escrow("A1", 100, 5), released("A1", "100", 0), row)
    await upload(seller, content, "channel=shopee&currency=IDR")
    (order,) = await settlements(api, seller, "level=order")
    assert (order["payoutAmount"], order["releasedAmount"], order["stage"]) == ("100", "100", "released")
    assert await buckets(api) == (0, 0, 10_000)
    found = (await seller.get("/v1/settlements/lines?order=A1")).data
    assert {line["source"]: line["counts"] for line in found} == {
        "shopee.escrow_detail": True,
        "shopee.escrow_list": False,
        "shopee.wallet": False,
    }


async def test_the_same_order_twice_in_one_file_is_told_twice_and_the_second_counts(api: Api, seller: Caller) -> None:
    found = await upload(seller, rows(escrow("A1", 100, 5), escrow("A1", 90, 5)), "channel=shopee&currency=IDR")
    assert (found["new"], found["changed"]) == (1, 1)
    assert await buckets(api) == (9000, 0, 0)


async def test_what_was_said_before_adds_nothing_not_even_under_the_sellers_name(api: Api, seller: Caller) -> None:
    content = rows(escrow("A1", 100, 5), released("A1", "100", 0))
    await upload(seller, content, "channel=shopee&currency=IDR")
    kept = await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries")
    assert kept == 2
    found = await upload(seller, content, "channel=shopee&currency=IDR&seller=shop")
    assert (found["new"], found["changed"], found["unchanged"]) == (0, 0, 2)
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == kept


async def test_a_source_that_tells_of_the_order_itself_goes_before_one_of_its_items(api: Api, seller: Caller) -> None:
    whole = {"id": "t1", "order_id": "O1", "type": "ORDER", "currency": "IDR", "settlement_amount": "890"}
    sku = {"sku_id": "S1", "currency": "IDR", "settlement_amount": "700", "statement_id": "7001"}
    await upload(
        seller, json.dumps({"code": 0, "data": {"statement_transactions": [whole]}}).encode(), "channel=tiktok"
    )
    items = {"code": 0, "data": {"order_id": "O1", "currency": "IDR", "sku_transactions": [sku]}}
    await upload(seller, json.dumps(items).encode(), "channel=tiktok")
    (order,) = await settlements(api, seller, "level=order")
    assert (order["payoutAmount"], order["payoutBy"]) == ("890", "reported")
    (item,) = await settlements(api, seller, "level=item")
    assert (item["order"], item["item"], item["payoutAmount"]) == ("O1", "S1", "700")


async def test_rows_of_a_saldo_history_add_up_by_their_invoice(api: Api, seller: Caller) -> None:
    sale = {
        "deposit_id": 1,
        "type_description": "Disbursement",
        "Type": 1001,
        "amount": 4000,
        "note": "Transaksi Penjualan Berhasil - INV/1/X",
        "create_time": "2020-12-08 13:33:56",
    }
    fee = sale | {"deposit_id": 2, "Type": 1002, "type_description": "Komisi", "amount": 400, "note": "INV/1/X"}
    content = json.dumps({"header": {}, "data": {"saldo_history": [sale, fee]}}).encode()
    await upload(seller, content, "channel=tokopedia")
    (order,) = await settlements(api, seller, "level=order&channel=tokopedia")
    assert (order["order"], order["invoice"]) == ("INV/1/X", "INV/1/X")
    assert (order["payoutAmount"], order["commissionFee"], order["stage"]) == ("3600", "-400", "released")
    by_invoice = await settlements(api, seller, "invoice=INV/1/X")
    assert by_invoice == [order]
    assert await buckets(api) == (0, 0, 360_000)


async def test_a_statement_is_reported_and_its_lines_explain_it(api: Api, seller: Caller) -> None:
    statement = {"id": "7001", "statement_time": 1_769_904_000, "currency": "IDR", "payment_status": "PAID"}
    statement |= {"settlement_amount": "900", "revenue_amount": "1000", "fee_amount": "-100"}
    part = {"id": "t1", "order_id": "O1", "type": "ORDER", "currency": "IDR", "statement_id": "7001"}
    part |= {"settlement_amount": "890", "revenue_amount": "990", "fee_amount": "-100"}
    part |= {"platform_commission_amount": "-60"}
    await upload(seller, json.dumps({"code": 0, "data": {"statements": [statement]}}).encode(), "channel=tiktok")
    await upload(seller, json.dumps({"code": 0, "data": {"statement_transactions": [part]}}).encode(), "channel=tiktok")
    (above,) = await settlements(api, seller, "channel=tiktok&level=global")
    assert (above["statement"], above["payoutAmount"], above["payoutBy"]) == ("7001", "900", "reported")
    assert (above["commissionFee"], above["commissionBy"], above["feesTotal"]) == ("-60", "derived", "-100")
    assert above["residual"] == {"name": "statement less its lines", "amount": "10"}
    (order,) = await settlements(api, seller, "channel=tiktok&level=order&statement=7001")
    assert (order["payoutAmount"], order["payoutBy"], order["commissionFee"]) == ("890", "reported", "-60")
    # The statement books; its lines are the same money.
    assert await buckets(api) == (0, 0, 90_000)


async def test_an_order_level_that_lazada_does_not_report_is_derived_from_its_items(api: Api, seller: Caller) -> None:
    charge = {"order_no": "L1", "orderItem_no": "I1", "transaction_date": "17 May 2016", "paid_status": "Not paid"}
    price = charge | {"transaction_number": "T1", "fee_name": "Item Price Credit", "amount": "100.00"}
    commission = charge | {"transaction_number": "T2", "fee_name": "Commission", "amount": "-8.00"}
    second = price | {"transaction_number": "T3", "orderItem_no": "I2", "amount": "50.00"}
    content = json.dumps({"code": "0", "data": [price, commission, second]}).encode()
    await upload(seller, content, "channel=lazada&currency=IDR")
    items = {row["item"]: row for row in await settlements(api, seller, "level=item")}
    assert {name: (row["payoutAmount"], row["payoutBy"]) for name, row in items.items()} == {
        "I1": ("92.00", "reported"),
        "I2": ("50.00", "reported"),
    }
    assert (items["I1"]["commissionFee"], items["I2"]["commissionFee"]) == ("-8.00", None)
    (order,) = await settlements(api, seller, "level=order")
    assert (order["order"], order["payoutAmount"], order["payoutBy"]) == ("L1", "142.00", "derived")
    assert (order["commissionFee"], order["commissionBy"]) == ("-8.00", "derived")


async def test_a_report_books_by_its_settlement_and_the_settlement_only_the_difference(
    api: Api, seller: Caller
) -> None:
    report = b"settlementId,orderNo,sales,commission,totalPayment\nS1,B1,100,10,90\nS1,B2,50,5,45\n"
    await upload(seller, report, "channel=blibli")
    assert (await seller.get("/v1/payouts/balance")).data["pending"] == 13_500
    (above,) = await settlements(api, seller, "level=global")
    assert (above["statement"], above["payoutAmount"], above["payoutBy"]) == ("S1", "135", "derived")
    settled = {"content": [{"settlementId": "S1", "totalPayment": 136, "status": "PAID"}]}
    await upload(seller, json.dumps(settled).encode(), "channel=blibli")
    assert await buckets(api) == (0, 0, 13_600)
    (above,) = await settlements(api, seller, "level=global")
    assert (above["payoutAmount"], above["payoutBy"]) == ("136", "reported")
    assert above["residual"] == {"name": "statement less its lines", "amount": "1"}


async def test_pages_go_on_where_they_ended_whatever_the_orders_are_called(api: Api, seller: Caller) -> None:
    names = ["A 1", "Ä/2", "B,3", "C" * 180]
    await upload(seller, rows(*(escrow(name, 1, 0) for name in names)), "channel=shopee&currency=IDR")
    await settlements(api, seller, "")
    for level, expected in (("order", sorted(names)), ("global", ["unreleased"])):
        seen, cursor = list[str](), ""
        while True:
            answer = await seller.get(f"/v1/settlements?level={level}&limit=1{cursor}")
            assert answer.status == 200, answer.raw
            seen += [row["order"] if level == "order" else row["key"] for row in answer.data]
            if not answer.meta["hasMore"]:
                break
            cursor = f"&cursor={answer.meta['cursor']}"
        assert seen == expected
    cursor = (await seller.get("/v1/settlements?limit=1")).meta["cursor"]
    wrong = await seller.get(f"/v1/settlements?level=item&limit=1&cursor={cursor}")
    assert (wrong.status, wrong.error["field"]) == (400, "cursor")


async def test_made_again_from_the_log_they_are_what_following_it_gave(api: Api, seller: Caller) -> None:
    cash = rows(released("A1", "100", 0), withdrawal(1, 149, 1))
    await upload(seller, rows(escrow("A1", 100, 5), escrow("A2", 50, 2)), "channel=shopee&currency=IDR")
    await follow(api)
    await upload(seller, cash, "channel=shopee&currency=IDR")
    await upload(seller, rows(escrow("A1", 90, 5)), "channel=shopee&currency=IDR")
    await follow(api)

    async def everything() -> list[Any]:
        tables = ("settlement_lines", "settlement_totals")
        return [await api.ledger.pool.fetch(f"SELECT * FROM {name} ORDER BY 1, 2, 3, 4, 5, 6, 7") for name in tables]

    followed = await everything()
    async with api.ledger.pool.acquire() as connection:
        await rebuild(connection, 1, Settlements(), api.ledger.runtime.now(), lambda _: None)
    assert await everything() == followed
    assert len(followed[1]) == 2


async def test_nobody_sees_another_accounts_settlements(api: Api, seller: Caller) -> None:
    await upload(seller, ESCROW, "channel=shopee&currency=SGD")
    other = await api.caller("acc_2")
    await follow(api)
    for path in ("/v1/settlements", "/v1/settlements?level=global", "/v1/settlements/lines"):
        answer: Answer = await other.get(path)
        assert answer.status in (200, 404)
        assert not answer.data


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("level=shop", "level"),
        ("channel=bukalapak", "channel"),
        ("from=yesterday", "from"),
        ("before=1", "before"),
        ("order=", "order"),
        ("level=global&order=A1", "level"),
        ("cursor=cur_x", "cursor"),
        ("minPosition=-1", "minPosition"),
    ],
)
async def test_bad_input_is_named(seller: Caller, query: str, field: str) -> None:
    await upload(seller, ESCROW, "channel=shopee&currency=SGD")
    answer = await seller.get(f"/v1/settlements?{query}")
    assert (answer.status, answer.error["code"], answer.error["field"]) == (400, "VALIDATION_ERROR", field)


async def test_statements_of_one_key_in_two_currencies_stand_on_two_pages(api: Api, seller: Caller) -> None:
    for order, currency in (("o1", "IDR"), ("o2", "MYR")):
        await upload(seller, rows(escrow(order, 100, 5)), f"channel=shopee&currency={currency}")
    await follow(api)
    first = await seller.get("/v1/settlements?level=global&limit=1")
    cursor = json.loads(first.raw)["meta"]["cursor"]
    second = await seller.get(f"/v1/settlements?level=global&limit=1&cursor={cursor}")
    assert [row["currency"] for row in (*first.data, *second.data)] == ["IDR", "MYR"]


async def test_a_cursor_with_a_nul_is_none(api: Api, seller: Caller) -> None:
    await upload(seller, ESCROW, "channel=shopee&currency=IDR")
    channel, key = (base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") for text in ("shopee\0", "x"))
    forged = Cursor("settlements acc_1", f"order - - - - - - {channel} {key}", 1).text()
    assert (await seller.get(f"/v1/settlements?cursor={forged}")).status == 400
