"""Each cell of `/v1/channels` is executed: its own call or file is imported, and its own answer is read over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from service.http.settlements import DERIVED, NOT_AVAILABLE, REPORTED
from service.marketplaces.channels import CHANNELS
from service.marketplaces.marketplace import AvailableBy, Measure, Way
from service.marketplaces.observations import Level
from tests.service.http.test_settlements import settlements, upload
from tests.service.marketplaces.test_report_tables import BALANCE, HEADINGS, as_csv, as_workbook, item, order
from tests.support.api import Api

G, O, I = Level.GLOBAL, Level.ORDER, Level.ITEM  # noqa: E741
SAID_BY = {AvailableBy.API: REPORTED, AvailableBy.FILE: REPORTED, AvailableBy.DERIVED: DERIVED}


@dataclass(frozen=True)
class Example:
    """Files of one way, and what the answer has: the field, and the value of its first row."""

    files: tuple[bytes, ...]
    field: str
    expected: str | None
    options: str = "currency=IDR"


def as_json(*documents: Any) -> bytes:
    return "\n".join(json.dumps(each) for each in documents).encode()


SOLD_ITEM = {"item_id": 11, "discounted_price": 100}
ESCROW = {
    "order_sn": "A1",
    "order_income": {"escrow_amount": 90, "cost_of_goods_sold": 100, "commission_fee": 10, "items": [SOLD_ITEM]},
}
RELEASED = {"order_sn": "A1", "payout_amount": 90, "escrow_release_time": 1_769_904_000}
WITHDRAWN = {"transaction_id": 7, "transaction_type": 202, "withdrawal_id": 5, "amount": -90, "status": "COMPLETED",
             "create_time": 1_769_990_400}  # fmt: skip
PAYOUT_INFO = {"error": "", "response": {"payout_list": [{
    "payout_info": {"from_currency": "IDR", "from_amount": 90, "payout_time": 1_769_990_400},
    "encrypted_payout_id": "x1", "escrow_list": [{"order_sn": "A1"}]}]}}  # fmt: skip
INCOME = as_csv([HEADINGS, order("A1", 90), item("A1", "11", 90)])
BALANCE_FILE = as_workbook({"Transaction Report": BALANCE})

STATEMENT = {"code": "0", "data": [{
    "statement_number": "ID-W20", "created_at": "2016-05-18 00:30:15", "updated_at": "2016-05-18 00:30:15",
    "fees_total": "-12.00", "payout": "90.00 IDR", "paid": "0"}]}  # fmt: skip


def detail(name: str, amount: str) -> dict[str, str]:
    return {"order_no": "A1", "orderItem_no": "11", "transaction_number": f"T-{name}", "fee_name": name, "amount": amount,
            "transaction_date": "16 May 2016", "statement": "11 May 2016 - 17 May 2016", "paid_status": "Not paid"}  # fmt: skip


DETAILS = {"code": "0", "data": [detail("Item Price Credit", "100.00"), detail("Commission", "-10.00")]}
FEE_REPORT = (
    b"Tanggal Transaksi;Nama Biaya;Nomor Laporan;Nomor Pesanan;ID Pesanan;Jumlah (Termasuk Pajak)\n"
    b"2026-05-16;Harga Barang;ID-W20;A1;11;100\n2026-05-16;Komisi;ID-W20;A1;11;-10\n"
)

TIKTOK_STATEMENT = {"code": 0, "data": {"statements": [{
    "id": "S-1", "statement_time": 1_786_048_444, "settlement_amount": "90", "fee_amount": "-10", "revenue_amount": "100",
    "currency": "IDR", "payment_status": "PAID"}]}}  # fmt: skip
TRANSACTION = {"code": 0, "data": {"id": "S-1", "currency": "IDR", "transactions": [{
    "id": "T-1", "order_id": "A1", "type": "ORDER", "settlement_amount": "90", "revenue_amount": "100", "fee_amount": "-10",
    "platform_commission_amount": "-10"}]}}  # fmt: skip
SKU = {"code": 0, "data": {"order_id": "A1", "currency": "IDR", "sku_transactions": [{
    "sku_id": "11", "statement_id": "S-1", "settlement_amount": "90", "revenue_amount": "100", "fee_tax_amount": "-10",
    "fee_tax_breakdown": {"fee": {"platform_commission_amount": "-10"}}}]}}  # fmt: skip
INCOME_FILE = (
    b"Order/adjustment ID,Type,Order settled time,Currency,Total settlement amount,Total Revenue,Total Fees,"
    b"Platform commission\nA1,Order,2026/09/03,IDR,90,100,-10,-10\n"
)


def deposit(number: int, description: str, amount: int, note: str = "INV/20201208/XX/XII/1") -> dict[str, Any]:
    row = {"deposit_id": number, "type_description": description, "Type": 1001 if amount > 0 else 1002, "amount": amount,
           "note": f"Transaksi - {note}", "create_time": "2020-12-08 13:33:56"}  # fmt: skip
    return {"data": {"saldo_history": [row]}}


SOLD, CHARGED = deposit(1, "Disbursement", 100), deposit(2, "Komisi", -10)
DRAWN = deposit(3, "Withdrawal", -90, note="ke bank")

SETTLEMENT = {
    "content": [{"settlementId": "ST1", "status": "PAID", "paymentDate": 1_786_048_444_000, "totalPayment": 90}]
}
SETTLED_ITEM = {"content": {"orderItems": [{
    "settlementId": "ST1", "orderNo": "A1", "orderItemNo": "11", "sales": 100, "commission": 10, "totalPayment": 90}]}}  # fmt: skip
COLUMNS = "columns=" + quote(
    "settlementId=Nomor Settlement;orderNo=No. Pesanan;sales=Penjualan;commission=Komisi;totalPayment=Dibayar"
)
BLIBLI_REPORT = b"Nomor Settlement;No. Pesanan;Penjualan;Komisi;Dibayar\nST1;A1;100;10;90\n"

PAYOUT, COMMISSION = "payoutAmount", "commissionFee"
SHOPEE_ORDER = as_json(ESCROW, RELEASED)
EXAMPLES: dict[tuple[str, Measure, Level | None], tuple[Example, ...]] = {
    ("shopee", Measure.PAYOUT, G): (
        Example((SHOPEE_ORDER, as_json(PAYOUT_INFO)), "withdrawn", "90"),
        Example((BALANCE_FILE, SHOPEE_ORDER), "withdrawn", "180000.00"),
        Example((SHOPEE_ORDER, as_json(WITHDRAWN)), PAYOUT, "90"),
        Example((INCOME,), PAYOUT, "90"),
    ),
    ("shopee", Measure.PAYOUT, O): (Example((as_json(ESCROW),), PAYOUT, "90"), Example((INCOME,), PAYOUT, "90")),
    ("shopee", Measure.PAYOUT, I): (Example((as_json(ESCROW),), PAYOUT, None),),
    ("shopee", Measure.COMMISSION, G): (Example((SHOPEE_ORDER,), COMMISSION, "-10"),),
    ("shopee", Measure.COMMISSION, O): (
        Example((as_json(ESCROW),), COMMISSION, "-10"), Example((INCOME,), COMMISSION, "-1000"),
    ),
    ("shopee", Measure.COMMISSION, I): (Example((as_json(ESCROW),), COMMISSION, None),),
    ("shopee", Measure.PERIOD, None): (Example((SHOPEE_ORDER,), "releasedAt", "2026-02-01T00:00:00.000000Z"),),
    ("lazada", Measure.PAYOUT, G): (Example((as_json(STATEMENT),), PAYOUT, "90.00"),) * 2,
    ("lazada", Measure.PAYOUT, O): (Example((as_json(DETAILS),), PAYOUT, "90.00"), Example((FEE_REPORT,), PAYOUT, "90")),
    ("lazada", Measure.PAYOUT, I): (Example((as_json(DETAILS),), PAYOUT, "90.00"), Example((FEE_REPORT,), PAYOUT, "90")),
    ("lazada", Measure.COMMISSION, G): (
        Example((as_json(STATEMENT), as_json(DETAILS)), COMMISSION, "-10.00"), Example((FEE_REPORT,), COMMISSION, "-10"),
    ),
    ("lazada", Measure.COMMISSION, O): (
        Example((as_json(DETAILS),), COMMISSION, "-10.00"), Example((FEE_REPORT,), COMMISSION, "-10"),
    ),
    ("lazada", Measure.COMMISSION, I): (
        Example((as_json(DETAILS),), COMMISSION, "-10.00"), Example((FEE_REPORT,), COMMISSION, "-10"),
    ),
    ("lazada", Measure.PERIOD, None): (Example((as_json(DETAILS),), "releasedAt", None),),
    ("tokopedia", Measure.PAYOUT, G): (
        Example((as_json(SOLD, CHARGED, DRAWN),), "withdrawn", "90"), Example((as_json(SOLD, CHARGED),), PAYOUT, "90"),
    ),
    ("tokopedia", Measure.PAYOUT, O): (
        Example((as_json(SOLD, CHARGED),), PAYOUT, "90"), Example((INCOME_FILE,), PAYOUT, "90"),
    ),
    ("tokopedia", Measure.PAYOUT, I): (Example((as_json(SOLD), INCOME_FILE), PAYOUT, None),),
    ("tokopedia", Measure.COMMISSION, G): (Example((as_json(SOLD, CHARGED),), COMMISSION, "-10"),),
    ("tokopedia", Measure.COMMISSION, O): (
        Example((as_json(SOLD, CHARGED),), COMMISSION, "-10"), Example((INCOME_FILE,), COMMISSION, "-10"),
    ),
    ("tokopedia", Measure.COMMISSION, I): (Example((as_json(SOLD), INCOME_FILE), COMMISSION, None),),
    ("tokopedia", Measure.PERIOD, None): (Example((as_json(SOLD),), "releasedAt", "2020-12-08T06:33:56.000000Z"),),
    ("tiktok", Measure.PAYOUT, G): (Example((as_json(TIKTOK_STATEMENT),), PAYOUT, "90"),) * 2,
    ("tiktok", Measure.PAYOUT, O): (
        Example((as_json(TRANSACTION),), PAYOUT, "90"), Example((INCOME_FILE,), PAYOUT, "90"),
    ),
    ("tiktok", Measure.PAYOUT, I): (Example((as_json(SKU),), PAYOUT, "90"),),
    ("tiktok", Measure.COMMISSION, G): (
        Example((as_json(TIKTOK_STATEMENT), as_json(TRANSACTION)), COMMISSION, "-10"),
    ),
    ("tiktok", Measure.COMMISSION, O): (
        Example((as_json(TRANSACTION),), COMMISSION, "-10"), Example((INCOME_FILE,), COMMISSION, "-10"),
    ),
    ("tiktok", Measure.COMMISSION, I): (Example((as_json(SKU),), COMMISSION, "-10"),),
    ("tiktok", Measure.PERIOD, None): (Example((as_json(TIKTOK_STATEMENT),), "at", "2026-08-06T20:34:04.000000Z"),),
    ("blibli", Measure.PAYOUT, G): (
        Example((as_json(SETTLEMENT),), PAYOUT, "90"), Example((BLIBLI_REPORT,), PAYOUT, "90", COLUMNS),
    ),
    ("blibli", Measure.PAYOUT, O): (
        Example((BLIBLI_REPORT,), PAYOUT, "90", COLUMNS), Example((as_json(SETTLED_ITEM),), PAYOUT, "90"),
    ),
    ("blibli", Measure.PAYOUT, I): (Example((as_json(SETTLED_ITEM),), PAYOUT, "90"),),
    ("blibli", Measure.COMMISSION, G): (Example((as_json(SETTLEMENT), as_json(SETTLED_ITEM)), COMMISSION, "-10"),),
    ("blibli", Measure.COMMISSION, O): (
        Example((BLIBLI_REPORT,), COMMISSION, "-10", COLUMNS), Example((as_json(SETTLED_ITEM),), COMMISSION, "-10"),
    ),
    ("blibli", Measure.COMMISSION, I): (Example((as_json(SETTLED_ITEM),), COMMISSION, "-10"),),
    ("blibli", Measure.PERIOD, None): (Example((as_json(SETTLEMENT),), "at", "2026-08-06T20:34:04.000000Z"),),
}  # fmt: skip


def ways() -> Iterator[Any]:
    for name, marketplace in CHANNELS.items():
        for (measure, level), found in marketplace.capabilities.items():
            for index, way in enumerate(found):
                yield pytest.param(name, measure, level, index, way, id=f"{name}-{measure}-{level}-{way.by}-{index}")


def test_every_way_of_every_cell_has_an_example_and_nothing_else_has() -> None:
    claimed = {
        (name, measure, level): len(found)
        for name, marketplace in CHANNELS.items()
        for (measure, level), found in marketplace.capabilities.items()
    }
    assert {cell: len(found) for cell, found in EXAMPLES.items()} == claimed


@pytest.mark.parametrize(("channel", "measure", "level", "index", "way"), list(ways()))
async def test_a_cell_answers_what_it_says(
    api: Api, channel: str, measure: Measure, level: Level | None, index: int, way: Way
) -> None:
    example = EXAMPLES[channel, measure, level][index]
    seller = await api.caller("acc_1")
    for content in example.files:
        found = await upload(seller, content, f"channel={channel}&{example.options}")
        assert found["unreadable"] == 0, found["problems"]
    asked = level or (G if example.field == "at" else O)
    rows = await settlements(api, seller, f"channel={channel}&level={asked.value}")
    by = {PAYOUT: "payoutBy", COMMISSION: "commissionBy"}.get(example.field)
    if way.by is AvailableBy.NOT_AVAILABLE:
        assert all(row[example.field] is None and (by is None or row[by] == NOT_AVAILABLE) for row in rows)
        return
    row = next(each for each in rows if each[example.field] is not None)
    assert row[example.field] == example.expected
    if by is not None:
        assert row[by] == SAID_BY[way.by]


async def test_a_statements_own_sum_of_fees_stands_where_no_line_says_them(api: Api) -> None:
    seller = await api.caller("acc_1")
    await upload(seller, as_json(STATEMENT), "channel=lazada")
    (row,) = await settlements(api, seller, "channel=lazada&level=global")
    assert (row["feesTotal"], row["commissionFee"], row["commissionBy"]) == ("-12.00", None, NOT_AVAILABLE)
