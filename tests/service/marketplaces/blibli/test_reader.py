"""Blibli's settlements, and its report by a mapping."""

from __future__ import annotations

import io

import pytest

from service.marketplaces.blibli.reader import BlibliReader
from service.marketplaces.observations import Level, Observation, Shop
from tests.service.marketplaces.samples import line_texts, lines, observed, problems, statements


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
