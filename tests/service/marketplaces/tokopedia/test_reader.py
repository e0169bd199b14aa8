"""Tokopedia's saldo history: invoices in notes, and rows for commissions and withdrawals."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

from service.marketplaces.observations import Kind, Level, Shop, Stage
from service.marketplaces.tokopedia.reader import TokopediaReader
from tests.service.marketplaces.samples import lines, observed, problems, sample


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
