"""Shopee: escrow, wallet, payouts and the income report."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from service.marketplaces.observations import Kind, Level, Shop, Stage
from service.marketplaces.refusals import Retry
from service.marketplaces.settlement_records import SettlementRecord, settlement_records
from service.marketplaces.shopee.refusals import failure
from tests.service.marketplaces.samples import line_texts, lines, observed, problems, sample

IDR = Shop(currency="IDR")
SAMPLE = "shopee-escrow-detail.json"


def income(**fields: Any) -> dict[str, Any]:
    return {"error": "", "response": {"order_sn": "A1", "order_income": fields}}


def test_the_sample_adds_up_and_no_fee_counts_twice() -> None:
    found = observed("shopee", sample(SAMPLE), Shop(currency="SGD"))
    assert line_texts(found) == [
        ("payout", "4.82", "escrow_amount"),
        ("item_revenue", "3", "cost_of_goods_sold"),
        ("shipping", "1.99", "buyer_paid_shipping_fee"),
        ("commission", "-0.07", "commission_fee"),
        ("payment_fee", "-0.1", "seller_transaction_fee"),
        ("item_revenue", "3", "items[0].discounted_price"),
    ]
    total, *parts, item = lines(found)
    assert sum(part.amount for part in parts) == Decimal(3) + Decimal("1.99") - Decimal("0.07") - Decimal("0.10")
    assert [line.books for line in lines(found)] == [True, False, False, False, False, False]
    assert {line.level for line in (total, *parts)} == {Level.ORDER}
    assert (item.level, item.item, item.part_of) == (Level.ITEM, "10006252414", "cost_of_goods_sold")
    assert (total.order, total.reference, total.stage) == ("2602170GS576N1", "order/2602170GS576N1", Stage.OWED)
    assert total.raw == sample(SAMPLE).strip()


def test_the_sources_own_sign_is_kept_beside_ours() -> None:
    commission = next(line for line in lines(observed("shopee", sample(SAMPLE), IDR)) if line.kind is Kind.COMMISSION)
    assert (commission.text, commission.amount) == ("0.07", Decimal("-0.07"))


def test_an_older_answer_has_the_fee_under_its_other_name_only() -> None:
    found = line_texts(
        observed("shopee", income(escrow_amount=9, cost_of_goods_sold=10, credit_card_transaction_fee=1), IDR)
    )
    assert found == [
        ("payout", "9", "escrow_amount"),
        ("item_revenue", "10", "cost_of_goods_sold"),
        ("payment_fee", "-1", "credit_card_transaction_fee"),
    ]


def test_what_the_parts_do_not_explain_is_a_residual() -> None:
    fields = {"escrow_amount": 80000.5, "cost_of_goods_sold": 92000, "commission_fee": 8000, "service_fee": 3000}
    found = line_texts(observed("shopee", income(**fields, seller_transaction_fee=1500), IDR))
    # 92000 - 8000 - 3000 - 1500 = 79500, and 80000.5 was paid
    assert found[-1] == ("residual", "500.5", "escrow_amount less its parts")


@pytest.mark.parametrize("written", [-80, 80])
@pytest.mark.parametrize("name", ["seller_return_refund", "drc_adjustable_refund"])
def test_a_refund_is_explained_with_the_sign_with_which_the_record_adds_up(name: str, written: int) -> None:
    income = {"escrow_amount": 390, "cost_of_goods_sold": 480, "commission_fee": 10, name: written}
    found = lines(observed("shopee", {"order_sn": "A1", "order_income": income}, Shop(currency="IDR")))
    assert [(line.kind, line.amount, line.text) for line in found if line.kind is Kind.REFUND] == [
        (Kind.REFUND, Decimal(-80), str(written))
    ]
    assert not [line for line in found if line.kind is Kind.RESIDUAL]


def test_a_refund_that_explains_nothing_is_taken_from_the_seller() -> None:
    income = {"escrow_amount": 390, "cost_of_goods_sold": 480, "seller_return_refund": 70}
    found = lines(observed("shopee", {"order_sn": "A1", "order_income": income}, Shop(currency="IDR")))
    assert [line.amount for line in found] == [390, 480, -70, -20]


def test_an_adjustment_books_beside_the_escrow() -> None:
    fields = {"escrow_amount": 80000.5, "escrow_amount_after_adjustment": 79000.5, "total_adjustment_amount": -1000}
    found = lines(observed("shopee", income(**fields), IDR))
    assert sum(line.amount for line in found if line.books) == Decimal("79000.5")


def test_no_commission_is_told_and_an_unknown_one_is_not() -> None:
    none = line_texts(observed("shopee", income(escrow_amount=1, cost_of_goods_sold=1, commission_fee=0), IDR))
    unknown = line_texts(observed("shopee", income(escrow_amount=1, cost_of_goods_sold=1), IDR))
    assert ("commission", "0", "commission_fee") in none
    assert not [each for each in unknown if each[0] == "commission"]


def test_a_float_of_many_digits_stays_exact() -> None:
    raw = b'{"response": {"order_sn": "A1", "order_income": {"escrow_amount": 12345678901234567.89}}}'
    (only,) = lines(observed("shopee", raw, IDR))
    assert str(only.amount) == "12345678901234567.89"


def test_a_batch_is_its_orders() -> None:
    one = json.loads(sample(SAMPLE))["response"]
    batch = {"error": "", "response": [{"escrow_detail": one}, {"escrow_detail": {**one, "order_sn": "B2"}}]}
    found = lines(observed("shopee", batch, IDR))
    assert [line.order for line in found if line.part_of is None] == ["2602170GS576N1", "B2"]


def test_the_release_list_tells_of_the_same_money_and_books_nothing() -> None:
    listed = {"error": "", "response": {"escrow_list": [
        {"order_sn": "A1", "payout_amount": 5733.04, "escrow_release_time": 1655714431}], "more": False}}  # fmt: skip
    (only,) = lines(observed("shopee", listed, IDR))
    assert (only.reference, only.stage, only.books, only.amount) == (
        "order/A1",
        Stage.RELEASED,
        False,
        Decimal("5733.04"),
    )
    assert only.occurred_at.instant == "2022-06-20T08:40:31.000000Z"


def wallet(**fields: Any) -> dict[str, Any]:
    row = {"transaction_id": 7, "status": "COMPLETED", "create_time": 1655714431, "amount": 100, **fields}
    return {"error": "", "response": {"transaction_list": [row], "more": False}}


@pytest.mark.parametrize(
    ("fields", "kind", "amount", "stage", "books"),
    [
        ({"transaction_type": 101, "order_sn": "A1"}, Kind.PAYOUT, 100, Stage.RELEASED, False),
        ({"transaction_type": "ESCROW_VERIFIED_MINUS", "order_sn": "A1"}, Kind.PAYOUT, -100, Stage.RELEASED, False),
        ({"transaction_type": 201, "withdrawal_id": 5, "amount": -100}, Kind.WITHDRAWAL, -100, Stage.SENT, False),
        ({"transaction_type": 202, "withdrawal_id": 5}, Kind.WITHDRAWAL, -100, Stage.PAID, False),
        ({"transaction_type": 203, "withdrawal_id": 5}, Kind.WITHDRAWAL_RETURNED, 100, Stage.CANCELLED, False),
        ({"transaction_type": 402}, Kind.ADJUSTMENT, -100, Stage.RELEASED, True),
        ({"transaction_type": 402, "order_sn": "A1"}, Kind.ADJUSTMENT, -100, Stage.RELEASED, True),
        ({"transaction_type": 450, "money_flow": "MONEY_OUT"}, Kind.SERVICE_FEE, -100, Stage.RELEASED, True),
        ({"transaction_type": 402, "status": "FAILED"}, Kind.ADJUSTMENT, -100, Stage.FAILED, False),
    ],
)
def test_each_row_of_the_wallet(fields: dict[str, Any], kind: Kind, amount: int, stage: Stage, books: bool) -> None:
    (only,) = lines(observed("shopee", wallet(**fields), IDR))
    assert (only.kind, int(only.amount), only.stage, only.books) == (kind, amount, stage, books)


@pytest.mark.parametrize("name", ["withdrawal_id", "withdraw_id"])
def test_a_withdrawal_is_one_money_through_its_stages(name: str) -> None:
    made = lines(observed("shopee", wallet(transaction_type=201, **{name: 5}), IDR))[0]
    done = lines(observed("shopee", wallet(transaction_type=202, withdrawal_id=5), IDR))[0]
    assert made.reference == done.reference == "withdrawal/5"
    assert made.key != done.key


def test_parts_of_a_split_withdrawal_are_two_even_where_only_their_group_is_named() -> None:
    parts = [
        lines(observed("shopee", wallet(transaction_type=202, amount=amount, **identity), IDR))[0]
        for amount in (-500_000, -300_000)
        for identity in ({"withdraw_id": -amount, "root_withdrawal_id": 10}, {"root_withdrawal_id": 10})
    ]
    assert len({each.reference for each in parts}) == 4
    assert {each.extra["rootWithdrawal"] for each in parts} == {"10"}


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"transaction_type": "SPM_DEDUCT", "amount": -7000}, -7000),
        ({"transaction_type": "SOMETHING_NEW", "amount": 7000, "money_flow": "MONEY_OUT"}, -7000),
        ({"transaction_type": 999, "amount": 7000, "money_flow": "MONEY_IN"}, 7000),
        ({"transaction_type": "RETURN_COMPENSATION_SERVICE_ADD", "amount": 7000, "order_sn": "A1"}, 7000),
    ],
)
def test_an_unknown_row_of_the_wallet_is_booked_by_its_direction(fields: dict[str, Any], amount: int) -> None:
    (only,) = lines(observed("shopee", wallet(**fields), IDR))
    assert (only.kind, int(only.amount), only.stage, only.books) == (Kind.OTHER, amount, Stage.RELEASED, True)
    assert [(each.rule, each.actual) for each in only.doubts] == [("type_is_known", str(fields["transaction_type"]))]


@pytest.mark.parametrize("fields", [{"money_flow": "MONEY_IN", "amount": -1}, {"amount": 1}, {"amount": 0}])
def test_an_unknown_row_of_the_wallet_without_a_direction_is_listed(fields: dict[str, Any]) -> None:
    (problem,) = problems(observed("shopee", wallet(transaction_type="SOMETHING_NEW", **fields), IDR))
    assert "money_flow" in problem.reason


@pytest.mark.parametrize(
    ("status", "stage", "doubted"),
    [("PENDING", Stage.EXPECTED, []), (None, Stage.EXPECTED, ["none"]), ("SETTLING", Stage.EXPECTED, ["SETTLING"])],
)
def test_a_row_of_the_wallet_is_money_only_when_it_is_said_to_be_completed(
    status: str | None, stage: Stage, doubted: list[str]
) -> None:
    (only,) = lines(observed("shopee", wallet(transaction_type=402, status=status), IDR))
    assert (only.stage, only.books, [each.actual for each in only.doubts]) == (stage, False, doubted)


@pytest.mark.parametrize(
    ("number", "name", "amount"),
    [(452, "FAST_ESCROW_DISBURSE", 100), (459, "FAST_ESCROW_DISBURSE_REMAIN", 100), (458, "FAST_ESCROW_DEDUCT", -100)],
)
def test_fast_escrow_lets_go_of_its_order(number: int, name: str, amount: int) -> None:
    for type_name in (number, name):
        (record,) = settlement_records(
            lines(observed("shopee", wallet(transaction_type=type_name, order_sn="A1", money_flow="MONEY_IN"), IDR))
        )
        assert isinstance(record, SettlementRecord)
        assert (record.first.kind, int(record.first.amount), record.releases) == (Kind.PAYOUT, amount, "order/A1")


def test_a_cross_border_payout_may_be_clawed_back() -> None:
    payout = {"payout_info": {"from_currency": "IDR", "payout_currency": "CNY", "from_amount": -500.25, "payout_amount": -0.23,
        "exchange_rate": 2200, "payout_time": 1655714431, "payee_id": "secret"},
        "offline_adjustment_list": [{"adjustment_amount": -3, "order_sn": "A1", "scenario": "lost"}]}  # fmt: skip
    found = observed("shopee", {"error": "", "response": {"payout_list": [payout]}})
    assert line_texts(found) == [
        ("withdrawal", "500.25", "from_amount"),
        ("adjustment", "-3", "offline_adjustment_list[0].adjustment_amount"),
    ]
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("code", "retry"),
    [
        ("error_param", Retry.NEVER),
        ("error_auth", Retry.AUTHORISE),
        ("invalid_access_token", Retry.AUTHORISE),
        ("error_server", Retry.LATER),
        ("api_rate_limit", Retry.LATER),
        ("error_timestamp", Retry.RESIGN),
    ],
)
def test_refusals_are_classed(code: str, retry: Retry) -> None:
    refused = failure({"error": code, "message": "m", "request_id": "r"})
    assert refused is not None
    assert refused.retry is retry
    assert code in problems(observed("shopee", {"error": code, "message": "m"}))[0].reason
