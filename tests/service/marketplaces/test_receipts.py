"""The receipt of a report closes on what the report says of itself, and does not when a row, sign or amount is another."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.service.marketplaces.test_report_tables import (
    BALANCE,
    HEADINGS,
    INCOME_BOOK,
    SETTLED,
    Rows,
    as_csv,
    as_workbook,
    item,
    order,
)
from tests.support.api import Api

Book = dict[str, Rows]
INCOME_CSV: Book = {"": [HEADINGS, order("A1", 70), item("A1", "11", 40), item("A1", "12", 30), order("A2", 50),
                         ["Total", "", "", "", "", "", 120]]}  # fmt: skip
BALANCE_BOOK: Book = {"Transaction Report": BALANCE}
BLIBLI: Book = {"": [["Nomor", "No. Pesanan", "Penjualan", "Komisi", "Dibayar"], ["S1", "A1", 100, 10, 90],
                     ["S1", "A1", 100, 10, 90], ["S2", "A2", 50, 5, 45], ["Jumlah", "", 250, 25, 225]]}  # fmt: skip
NAMED = quote("settlementId=Nomor;orderNo=No. Pesanan;sales=Penjualan;commission=Komisi;totalPayment=Dibayar")
FILES = [
    pytest.param("shopee", INCOME_BOOK, "Penghasilan", 2, 6, "", id="income workbook"),
    pytest.param("shopee", INCOME_CSV, "", 1, 6, "", id="income csv"),
    pytest.param("shopee", BALANCE_BOOK, "Transaction Report", 7, 5, "", id="balance"),
    pytest.param("tiktok", SETTLED, "Detail pesanan", 1, 5, "", id="income file"),
    pytest.param("tokopedia", SETTLED, "Detail pesanan", 1, 5, "", id="income file of the other"),
    pytest.param("blibli", BLIBLI, "", 1, 4, f"&columns={NAMED}", id="mapped report"),
]


async def receipt(api: Api, channel: str, book: Book, options: str) -> dict[str, Any]:
    content = as_csv(book[""]) if "" in book else as_workbook(book)
    caller = await api.caller("acc_1")
    query = f"channel={channel}&currency=IDR{options}"
    answer = await caller.call("POST", f"/v1/settlements/imports?{query}", raw=content)
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = answer.data["receipt"]
    return found


@pytest.mark.parametrize(("channel", "book", "sheet", "row", "column", "options"), FILES)
async def test_a_receipt_closes(
    api: Api, channel: str, book: Book, sheet: str, row: int, column: int, options: str
) -> None:
    for _ in range(2):
        found = await receipt(api, channel, book, options)
        assert found["closes"], found
        assert found["totals"], found


def without(rows: Rows, row: int, _: int) -> None:
    del rows[row]


def turned(rows: Rows, row: int, column: int) -> None:
    rows[row][column] = -float(rows[row][column])


def changed(rows: Rows, row: int, column: int) -> None:
    rows[row][column] = float(rows[row][column]) + 1


@pytest.mark.parametrize("change", [without, turned, changed])
@pytest.mark.parametrize(("channel", "book", "sheet", "row", "column", "options"), FILES)
async def test_a_receipt_does_not_close_on_another_file(
    api: Api,
    change: Callable[[Rows, int, int], None],
    channel: str,
    book: Book,
    sheet: str,
    row: int,
    column: int,
    options: str,
) -> None:
    other = copy.deepcopy(book)
    change(other[sheet], row, column)
    found = await receipt(api, channel, other, options)
    assert not found["closes"], found


async def test_records_that_only_explain_say_that_the_balance_comes_from_statements(api: Api) -> None:
    """Of a statement that the ledger has, they need not."""
    found = await receipt(api, "tiktok", SETTLED, "")
    assert [note for note in found["notes"] if "book none themselves" in note]
    caller = await api.caller("acc_1")
    statement = {"id": "S1", "statement_time": 1_770_000_000, "payment_status": "PAID", "settlement_amount": "70"}
    known = {"code": 0, "data": {"statements": [{**statement, "currency": "IDR"}]}}
    path = "/v1/settlements/imports?channel=tiktok"
    await caller.call("POST", path, raw=json.dumps(known).encode())
    rows: Rows = [
        ["Statement ID", "Order/adjustment ID", "Total settlement amount", "Currency"],
        ["S1", "A9", 70, "IDR"],
    ]
    answer = await caller.call("POST", path, raw=as_workbook({"Order details": rows}))
    assert answer.data["receipt"]["booked"] == 1, answer.raw
    assert answer.data["receipt"]["notes"] == []
