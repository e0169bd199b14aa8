"""TikTok Shop: statements, transactions at two levels, payments, withdrawals, and expected money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from service.marketplaces.observations import Kind, Level, Stage
from service.marketplaces.refusals import Retry
from service.marketplaces.tiktok.refusals import failure
from tests.service.marketplaces.samples import line_texts, lines, observed, problems, sample, statements

STATEMENT = {
    "id": "S-1",
    "statement_time": 1786048444,
    "settlement_amount": "470360.50",
    "currency": "VND",
    "revenue_amount": "524744",
    "fee_amount": "-34600",
    "adjustment_amount": None,
    "shipping_cost_amount": "-19783.50",
    "payment_status": "PAID",
    "payment_id": "P-1",
}


def answer(name: str, *rows: dict[str, Any], **around: Any) -> dict[str, Any]:
    return {"code": 0, "message": "Success", "data": {name: list(rows), **around}}


def test_a_statement_has_its_amounts_and_is_explained() -> None:
    found = observed("tiktok", answer("statements", STATEMENT))
    (only,) = statements(found)
    assert (only.number, only.currency, only.paid, only.paid_text) == ("S-1", "VND", True, "PAID")
    assert [only.payout and only.payout.text, only.item_revenue and only.item_revenue.text] == ["470360.50", "524744"]
    assert only.fees_total is not None
    assert only.fees_total.text == "-34600"
    assert only.created_at.instant == "2026-08-06T20:34:04.000000Z"
    assert only.extra["payment_id"] == "P-1"
    assert line_texts(found) == [
        ("payout", "470360.50", "settlement_amount"),
        ("item_revenue", "524744", "revenue_amount"),
        ("fee", "-34600", "fee_amount"),
        ("shipping", "-19783.50", "shipping_cost_amount"),
    ]
    assert not any(line.books for line in lines(found))


def test_a_missing_amount_is_missing() -> None:
    (only,) = statements(observed("tiktok", answer("statements", {**STATEMENT, "fee_amount": None})))
    assert only.fees_total is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"settlement_amount": None}, "no settlement_amount"),
        ({"id": ""}, "no id"),
    ],
)
def test_a_statement_that_makes_no_sense_is_listed(change: dict[str, Any], reason: str) -> None:
    found = observed("tiktok", answer("statements", {**STATEMENT, **change}, STATEMENT))
    assert [each.number for each in statements(found)] == ["S-1"]
    assert reason in problems(found)[0].reason


@pytest.mark.parametrize("status", ["LATER", None])
def test_a_statement_of_an_unknown_status_is_not_paid_and_says_so(status: str | None) -> None:
    found = observed("tiktok", answer("statements", {**STATEMENT, "payment_status": status}))
    (only,) = statements(found)
    assert (only.paid, [each.rule for each in only.doubts]) == (None, ["status_is_known"])
    assert {line.stage for line in lines(found)} == {Stage.EXPECTED}


def test_the_sample_of_a_transaction_names_what_its_cut_leaves_out() -> None:
    found = observed("tiktok", sample("tiktok-statement-transactions.json"), about={"statement_id": "S-9"})
    # 470360 - (524744 - 34600) = -19784: the shipping that the sample leaves out.
    assert line_texts(found) == [
        ("payout", "470360", "settlement_amount"),
        ("item_revenue", "524744", "revenue_amount"),
        ("fee", "-34600", "fee_amount"),
        ("residual", "-19784", "settlement_amount less its parts"),
        ("commission", "-18674.59", "platform_commission_amount"),
        ("shipping", "-46600", "actual_shipping_fee_amount"),
        ("tax", "-1110.25", "iva_vat_amount"),
    ]
    assert {(line.statement, line.order, line.level) for line in lines(found)} == {
        ("S-9", "TEST_ORDER_001", Level.ORDER)
    }
    assert [line.part_of for line in lines(found)][-3:] == ["fee_amount"] * 3


@pytest.mark.parametrize("first", [True, False])
def test_what_stands_beside_the_transactions_counts_wherever_it_stands(first: bool) -> None:
    row = {"id": "T-1", "order_id": "O-1", "type": "ORDER", "settlement_amount": "1.50", "fee_tax_amount": "-0.50",
        "revenue_amount": "2", "fee_tax_breakdown": {"fee": {"referral_fee_amount": "-0.25"}, "tax": {"vat_amount": "-0.25"}}}  # fmt: skip
    beside = {"id": "S-7", "currency": "IDR"}
    data = {**beside, "transactions": [row]} if first else {"transactions": [row], **beside}
    found = lines(observed("tiktok", {"code": 0, "data": data}))
    assert {(line.statement, line.currency) for line in found} == {("S-7", "IDR")}
    assert [(line.kind, str(line.amount), line.part_of) for line in found] == [
        (Kind.PAYOUT, "1.50", None),
        (Kind.ITEM_REVENUE, "2", "settlement_amount"),
        (Kind.FEE, "-0.50", "settlement_amount"),
        (Kind.COMMISSION, "-0.25", "fee_tax_amount"),
        (Kind.TAX, "-0.25", "fee_tax_amount"),
    ]


def test_an_orders_items_belong_to_it() -> None:
    rows = [
        {"sku_id": "K-1", "statement_id": "S-1", "settlement_amount": "5"},
        {"sku_id": "K-2", "settlement_amount": "6"},
    ]
    found = lines(observed("tiktok", answer("sku_transactions", *rows, order_id="O-1", currency="IDR")))
    assert [(line.level, line.order, line.item, int(line.amount)) for line in found] == [
        (Level.ITEM, "O-1", "K-1", 5),
        (Level.ITEM, "O-1", "K-2", 6),
    ]


def test_a_payment_leaves_for_the_bank_and_hides_its_account() -> None:
    payment = {"id": "P-1", "status": "PAID", "amount": {"value": "470360.50", "currency": "VND"}, "paid_time": 1786048444,
        "bank_account": "****9876"}  # fmt: skip
    (only,) = lines(observed("tiktok", answer("payments", payment)))
    assert (only.kind, only.amount, only.stage) == (Kind.WITHDRAWAL, Decimal("-470360.50"), Stage.PAID)
    assert "9876" not in repr(only)


@pytest.mark.parametrize(
    ("type_name", "status", "amount", "stage"),
    [
        ("WITHDRAW", "SUCCESS", -9, Stage.PAID),
        ("WITHDRAW", "PROCESSING", -9, Stage.SENT),
        ("REVERSE", "SUCCESS", 9, Stage.RETURNED),
        ("SETTLE", "SUCCESS", 9, Stage.RELEASED),
    ],
)
def test_movements_of_the_balance(type_name: str, status: str, amount: int, stage: Stage) -> None:
    row = {
        "id": "W-1",
        "type": type_name,
        "status": status,
        "amount": "9",
        "currency": "IDR",
        "create_time": 1786048444,
    }
    (only,) = lines(observed("tiktok", answer("withdrawals", row)))
    assert (int(only.amount), only.stage) == (amount, stage)


def test_unsettled_money_is_expected() -> None:
    row = {"id": "U-1", "order_id": "O-1", "type": "ORDER", "currency": "IDR", "est_settlement_amount": "90",
        "est_revenue_amount": "100", "est_fee_tax_amount": "-10", "order_create_time": 1786048444}  # fmt: skip
    found = lines(observed("tiktok", answer("transactions", row)))
    assert {line.stage for line in found} == {Stage.EXPECTED}
    assert [str(line.amount) for line in found] == ["90", "100", "-10"]


def test_refusals_are_recognised() -> None:
    expired = failure({"code": 105002, "message": "expired", "data": None})
    assert expired is not None
    assert expired.retry is Retry.AUTHORISE
    assert "36009004" in problems(observed("tiktok", {"code": 36009004, "message": "Invalid path"}))[0].reason
