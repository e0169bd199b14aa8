"""A mistake at import is repaired from the file as it was kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from tests.service.marketplaces.samples import sample
from tests.service.marketplaces.shopee.test_adjusted_orders import ALL, TRUE
from tests.service.marketplaces.shopee.test_adjustments import escrow_detail, income_report, transaction_report
from tests.service.marketplaces.test_receipts import INCOME_CSV
from tests.service.marketplaces.test_report_tables import SETTLED, as_csv, as_workbook
from tests.service.rereading.wrong_imports import Given, events_count, fresh, imported, read_anew, stands
from tests.support.api import Api

BANK_TABLE = b"""Rekening,5550001112
Tanggal,Uraian,Jumlah,Lain,DB/CR
05/09/2026,SETORAN,1000000.00,900000.00,CR
06/09/2026,BIAYA,-2500.00,-1500.00,DB
06/09/2026,BIAYA,-2500.00,-1500.00,DB
12/10/2026,TRSF,750000.00,50000.00,CR
"""
PLAIN_TABLE = b"""Tanggal,Uraian,Jumlah,Lain
05/09/2026,SETORAN,1000000.00,900000.00
06/09/2026,BIAYA,-2500.00,-1500.00
06/09/2026,BIAYA,-2500.00,-1500.00
12/10/2026,TRSF,750000.00,50000.00
"""
BLIBLI = b"No. Pesanan;Kode;Penjualan;Komisi;Dibayar\nA1;Z9;100;10;90\nA2;Z8;70;7;63\n"
WRONG_COLUMNS = "orderNo=Kode;sales=Dibayar;commission=Komisi;totalPayment=Penjualan"
RIGHT_COLUMNS = "orderNo=No. Pesanan;sales=Penjualan;commission=Komisi;totalPayment=Dibayar"
SALDO = {"deposit_id": 1, "Type": 77, "amount": 500, "note": "", "create_time": "2020-12-08 23:33:56"}
TOKOPEDIA = json.dumps({"data": {"saldo_history": [SALDO, {**SALDO, "deposit_id": 2, "amount": 300}]}}).encode()
INCOME, TRANSACTIONS = (report(TRUE, ALL).content for report in (income_report, transaction_report))
TOTAL = escrow_detail(TRUE, ALL, listed="total").content
BANK = {"bank_account": "5550001112", "currency": "IDR"}


@dataclass(frozen=True)
class Mistake:
    """A file, how it was imported by mistake, and how it has to be read."""

    channel: str
    content: bytes
    wrong: Given
    right: Given
    given: Given = field(default_factory=dict)
    """What is said later."""


MISTAKES = {
    "bank: the order of dates": Mistake("bank", PLAIN_TABLE, {**BANK, "dates": "mdy"}, {**BANK, "dates": "dmy"}, {"dates": "dmy"}),
    "bank: the currency": Mistake("bank", PLAIN_TABLE, {**BANK, "currency": "USD"}, BANK, {"currency": "IDR"}),
    "bank: the column of the amount": Mistake(
        "bank", PLAIN_TABLE, {**BANK, "columns": "amount=Lain;ignore=Jumlah"}, {**BANK, "columns": "amount=Jumlah"}, {"columns": "amount=Jumlah"},
    ),
    "bank: the bank account": Mistake("bank", PLAIN_TABLE, {**BANK, "bank_account": "777"}, BANK, {"bank_account": "5550001112"}),
    "bank: the text": Mistake("bank", PLAIN_TABLE, {**BANK, "columns": "description=Lain"}, {**BANK, "columns": "description=Uraian"}, {"columns": "description=Uraian"}),
    "lazada: the seller": Mistake("lazada", sample("lazada-get-payout-status.xml"), {"seller": "X"}, {"seller": "EG100RT"}, {"seller": "EG100RT"}),
    "blibli: the headings": Mistake("blibli", BLIBLI, {"currency": "IDR", "columns": WRONG_COLUMNS}, {"currency": "IDR", "columns": RIGHT_COLUMNS}, {"columns": RIGHT_COLUMNS}),
    "tokopedia: the types": Mistake("tokopedia", TOKOPEDIA, {"currency": "IDR", "types": "77=item_revenue"}, {"currency": "IDR", "types": "77=service_fee:-1"}, {"types": "77=service_fee:-1"}),
    "tokopedia: the zone": Mistake("tokopedia", TOKOPEDIA, {"currency": "IDR", "types": "77=fee", "zone": "UTC"}, {"currency": "IDR", "types": "77=fee", "zone": "Asia/Jakarta"}, {"zone": "Asia/Jakarta"}),
    "shopee: the currency of a report": Mistake("shopee", as_csv(INCOME_CSV[""]), {"currency": "USD"}, {"currency": "IDR"}, {"currency": "IDR"}),
    "tiktok: the zone of a report": Mistake("tiktok", as_workbook(SETTLED), {"zone": "UTC"}, {"zone": "Asia/Jakarta"}, {"zone": "Asia/Jakarta"}),
    "shopee: the zone of a report": Mistake("shopee", as_csv(INCOME_CSV[""]), {"currency": "IDR", "zone": "UTC"}, {"currency": "IDR", "zone": "Asia/Jakarta"}, {"zone": "Asia/Jakarta"}),
    "shopee: the zone of an income report with adjustments": Mistake("shopee", INCOME, {"currency": "IDR", "zone": "UTC"}, {"currency": "IDR", "zone": "Asia/Jakarta"}, {"zone": "Asia/Jakarta"}),
    "shopee: the currency of an income report with adjustments": Mistake("shopee", INCOME, {"currency": "USD"}, {"currency": "IDR"}, {"currency": "IDR"}),
    "shopee: the zone of a transaction report": Mistake("shopee", TRANSACTIONS, {"currency": "IDR", "zone": "UTC"}, {"currency": "IDR", "zone": "Asia/Jakarta"}, {"zone": "Asia/Jakarta"}),
    "shopee: the currency of a transaction report": Mistake("shopee", TRANSACTIONS, {"currency": "USD"}, {"currency": "IDR"}, {"currency": "IDR"}),
    "shopee: the currency of an order with a total of adjustments": Mistake("shopee", TOTAL, {"currency": "USD"}, {"currency": "IDR"}, {"currency": "IDR"}),
    "lazada: the zone": Mistake("lazada", sample("lazada-get-payout-status.xml"), {}, {"zone": "America/New_York"}, {"zone": "America/New_York"}),
    "shopee: the currency": Mistake("shopee", sample("shopee-escrow-detail.json"), {"currency": "USD"}, {"currency": "SGD"}, {"currency": "SGD"}),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
async def test_a_file_that_was_read_wrongly_and_is_read_anew_stands_as_if_it_had_been_read_rightly(
    api: Api, mistake: Mistake
) -> None:
    account, at_once = await fresh(api), await fresh(api)
    await imported(api, account, mistake.channel, mistake.content, mistake.wrong)
    await imported(api, at_once, mistake.channel, mistake.content, mistake.right)
    expected = await stands(api, at_once)
    assert await stands(api, account) != expected, "it was a mistake"
    receipt = await read_anew(api, account, mistake.given)
    assert receipt["changed"] > 0, json.dumps(receipt)
    assert await stands(api, account) == expected
    before = await events_count(api, account)
    again = await read_anew(api, account, mistake.given)
    assert await events_count(api, account) == before, "the second time adds no event"
    assert (again["changed"], again["booked"], again["withdrawn"]) == (0, 0, 0)
    assert again["unchanged"] == receipt["changed"] + receipt["unchanged"] + receipt["booked"]
