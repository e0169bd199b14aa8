"""Tokopedia's saldo history, Blibli's settlements, and Blibli's report by a mapping."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pytest

from service.marketplaces.blibli.reader import BlibliReader
from service.marketplaces.observations import Kind, Level, Observation, Shop, Stage
from service.marketplaces.tokopedia.reader import TokopediaReader
from tests.service.marketplaces.samples import line_texts, lines, observed, problems, sample, statements


def history(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"header": {"messages": "ok"}, "data": {"have_next_page": False, "saldo_history": list(rows)}}


ROW = {
    "deposit_id": 1,
    "type_description": "",
    "Type": 77,
    "amount": 500,
    "note": "",
    "create_time": "2020-12-08 13:33:56",
}


def test_the_invoice_is_in_the_note_and_the_time_is_jakartas() -> None:
    (only,) = lines(observed("tokopedia", sample("tokopedia-saldo-history.json")))
    assert (only.invoice, only.level, only.kind) == ("INV/20201208/XX/XII/42978", Level.ORDER, Kind.PAYOUT)
    assert (only.amount, only.currency, only.books) == (Decimal(4000), "IDR", True)
    assert only.occurred_at.instant == "2020-12-08T06:33:56.000000Z"
    assert only.occurred_at.zone == "Asia/Jakarta"


def test_commission_and_withdrawals_are_rows_of_their_own() -> None:
    rows = [
        {**ROW, "type_description": "Komisi", "note": "Potongan - INV/20201208/XX/XII/42978"},
        {**ROW, "deposit_id": 2, "type_description": "Withdrawal", "withdrawal_date": "2020-12-09 09:00:00"},
        {**ROW, "deposit_id": 3, "type_description": "Withdrawal", "amount": -500},
    ]
    found = lines(observed("tokopedia", history(*rows)))
    assert [(each.kind, int(each.amount), each.stage, each.books) for each in found] == [
        (Kind.COMMISSION, -500, Stage.RELEASED, True),
        (Kind.WITHDRAWAL, -500, Stage.PAID, False),
        (Kind.WITHDRAWAL, -500, Stage.SENT, False),
    ]


def test_a_type_that_nobody_attests_is_listed_until_it_is_named() -> None:
    (problem,) = problems(observed("tokopedia", history(ROW)))
    assert "type 77" in problem.reason
    source = TokopediaReader({"77": (Kind.ADJUSTMENT, 1)})
    (only,) = list(source.read(io.BytesIO(json.dumps(history(ROW)).encode()), Shop()))
    assert lines([only])[0].amount == 500


def test_tokopedias_refusal_is_recognised() -> None:
    (problem,) = observed("tokopedia", {"header": {"error_code": "SHP_DLV_005", "reason": "bad date"}})
    assert "SHP_DLV_005 bad date" in problems([problem])[0].reason


def test_a_settlement_that_is_held_is_not_paid() -> None:
    row = {"settlementId": "ST1", "status": "PAID", "paymentDate": 1786048444000, "totalPayment": 90000.5}
    found = statements(observed("blibli", {"content": [row, {**row, "settlementId": "ST2", "paymentHold": True}]}))
    assert [(each.number, each.paid, each.currency) for each in found] == [("ST1", True, "IDR"), ("ST2", False, "IDR")]
    assert found[0].payout is not None
    assert found[0].payout.text == "90000.5"
    assert found[0].updated_at.instant == "2026-08-06T20:34:04.000000Z"


@pytest.mark.parametrize("sign", [1, -1])
def test_charges_are_taken_away_whichever_sign_they_have(sign: int) -> None:
    row = {"orderItemNo": "12", "sales": 100000, "commission": 8000 * sign, "pph23": 500 * sign, "totalPayment": 91500}
    found = observed("blibli", {"content": {"orderItems": [row]}}, about={"settlementId": "ST1"})
    assert [amount for _, amount, _ in line_texts(found)] == ["91500", "100000", "-8000", "-500"]
    assert {(line.statement, line.item, line.level) for line in lines(found)} == {("ST1", "12", Level.ITEM)}


REPORT = """Laporan Pembayaran;;;;
Periode;1 - 15 Mei;;;
No. Pesanan;Penjualan;Komisi;Dibayar;Catatan
A1;1.000.000;80.000,50;919.999,50;x
;;;;
A2;tidak ada;0;0;
A3;10;0;8;
"""


def report(source: BlibliReader, content: bytes) -> list[Observation]:
    return list(source.read(io.BytesIO(content), Shop()))


def test_a_report_is_read_by_the_headings_that_are_named() -> None:
    headings = {"orderNo": "No. Pesanan", "sales": "Penjualan", "commission": "Komisi", "totalPayment": "Dibayar"}
    found = report(BlibliReader(headings), REPORT.encode())
    assert line_texts(found) == [
        ("payout", "919999.50", "Dibayar"),
        ("item_revenue", "1000000", "Penjualan"),
        ("commission", "-80000.50", "Komisi"),
        ("payout", "8", "Dibayar"),
        ("item_revenue", "10", "Penjualan"),
        ("commission", "0", "Komisi"),
        ("residual", "-2", "Dibayar less its parts"),
    ]
    assert [(each.place, each.reason) for each in problems(found)] == [
        ("row 6", "Penjualan: 'tidak ada' is not an amount")
    ]


def test_a_report_without_known_headings_is_listed() -> None:
    (problem,) = problems(report(BlibliReader(), REPORT.encode()))
    assert "orderNo, totalPayment" in problem.reason


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="komisi"):
        BlibliReader({"komisi": "Komisi"}).report()
