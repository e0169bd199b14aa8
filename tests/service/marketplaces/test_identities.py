"""An identity is what tells two real things apart, in one file and across files: for each source, in any order of its rows.

What a third party calls an identifier may be shared, missing, or a placeholder. Each source's rows are drawn with a few
identifiers and amounts, so that most are shared.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.marketplaces.observations import Kind, Observation, Shop
from service.marketplaces.settlement_records import SettlementRecord, settlement_records
from tests.service.marketplaces.samples import observed, problems

IDR = Shop(currency="IDR")
ids = st.sampled_from(["7", "8"])
few = st.integers(1, 3)

Row = dict[str, Any]
Thing = tuple[Any, ...]


def wallet(rows: list[Row]) -> Any:
    return {"error": "", "response": {"transaction_list": rows}}


def withdrawal_row(name: str, own: int | None, root: int | None, amount: int) -> Row:
    row = {"transaction_id": 1, "transaction_type": "WITHDRAWAL_COMPLETED", "status": "COMPLETED", "amount": -amount,
           "create_time": 1_790_000_001, "money_flow": "MONEY_OUT"}  # fmt: skip
    return row | ({} if own is None else {name: own}) | ({} if root is None else {"root_withdrawal_id": root})


# Each source: its rows, the document around them, and what a row is really about.
withdrawals = st.builds(
    withdrawal_row, st.sampled_from(["withdrawal_id", "withdraw_id"]), st.sampled_from([31, 32]),
    st.sampled_from([10, None]), st.just(5),
)  # fmt: skip
grouped = st.builds(withdrawal_row, st.just("withdrawal_id"), st.none(), st.just(10), few)
details = st.fixed_dictionaries({
    "transaction_number": ids, "orderItem_no": st.sampled_from(["1", "2"]), "order_no": st.just("A1"),
    "fee_name": st.sampled_from(["Commission", "Payment Fee"]), "amount": few.map(str), "transaction_date": st.just("17 May 2016"),
    "paid_status": st.sampled_from(["Paid", "Not paid"]),
})  # fmt: skip
movements = st.fixed_dictionaries({
    "transaction_number": ids, "sub_type": st.sampled_from(["Auto Withdrawal", "Returned Payment", "Failed Payment"]),
    "amount": st.just("5"), "transaction_time": st.just("2024-05-01 08:00:00"),
})  # fmt: skip
deposits = st.fixed_dictionaries({
    "deposit_id": ids, "Type": st.sampled_from([1001, 1002, 1003]), "amount": st.just(-5),
    "type_description": st.just("Komisi"), "create_time": st.just("2020-12-08 13:33:56"),
}).map(lambda row: {**row, "amount": 5} if row["Type"] == 1001 else row)  # fmt: skip
settled_items = st.fixed_dictionaries({
    "orderItemNo": ids, "settlementId": st.sampled_from(["S1", "S2"]), "orderNo": st.just("A1"), "totalPayment": few,
})  # fmt: skip
skus = st.fixed_dictionaries({
    "sku_id": ids, "statement_id": st.sampled_from(["S1", "S2"]), "settlement_amount": few.map(str),
})  # fmt: skip
nameless = st.fixed_dictionaries({
    "order_id": ids, "type": st.sampled_from(["ORDER", "ADJUSTMENT"]), "statement_id": st.sampled_from(["S1", "S2"]),
    "settlement_amount": few.map(str), "id": st.sampled_from(["", "0", "-"]),
})  # fmt: skip
SOURCES = {
    "shopee withdrawals": ("shopee", withdrawals, wallet, lambda row: row.get("withdrawal_id", row.get("withdraw_id"))),
    "shopee parts": ("shopee", grouped, wallet, lambda row: row["amount"]),
    "lazada details": (
        "lazada", details, lambda rows: {"code": "0", "data": rows},
        lambda row: (row["transaction_number"], row["orderItem_no"], row["fee_name"], row["amount"]),
    ),
    "lazada movements": (
        "lazada", movements, lambda rows: {"data": {"transactions": rows}},
        lambda row: (row["transaction_number"], row["sub_type"]),
    ),
    "tokopedia": (
        "tokopedia", deposits, lambda rows: {"data": {"saldo_history": rows}},
        lambda row: (row["deposit_id"], row["Type"]),
    ),
    "blibli items": (
        "blibli", settled_items, lambda rows: {"content": {"orderItems": rows}},
        lambda row: (row["settlementId"], row["orderItemNo"], row["totalPayment"]),
    ),
    "tiktok skus": (
        "tiktok", skus, lambda rows: {"data": {"order_id": "A1", "currency": "IDR", "sku_transactions": rows}},
        lambda row: (row["sku_id"], row["statement_id"], row["settlement_amount"]),
    ),
    "tiktok transactions": (
        "tiktok", nameless, lambda rows: {"data": {"currency": "IDR", "transactions": rows}},
        lambda row: (row["order_id"], row["type"], row["statement_id"], row["settlement_amount"]),
    ),
}  # fmt: skip


def told(found: list[Observation]) -> list[SettlementRecord]:
    assert problems(found) == []
    return [each for each in settlement_records(found) if isinstance(each, SettlementRecord)]


@pytest.mark.parametrize("name", SOURCES)
@given(data=st.data())
def test_rows_about_two_things_have_two_references_in_any_order_and_those_about_one_have_one(
    name: str, data: st.DataObject
) -> None:
    channel, strategy, around, about = SOURCES[name]
    rows: list[Row] = data.draw(st.lists(strategy, min_size=1, max_size=8))
    shuffled: list[Row] = data.draw(st.permutations(rows))
    assert references(channel, rows, around, about) == references(channel, shuffled, around, about)
    assert references(channel, [*rows, *rows], around, about) == references(channel, rows, around, about)


def references(
    channel: str, rows: list[Row], around: Callable[[list[Row]], Any], about: Callable[[Row], Thing]
) -> dict[Thing, str]:
    """The reference of each thing that rows are about; each has one, and no other thing has it."""
    found = told(observed(channel, json.dumps(around(rows)).encode(), IDR))
    assert len(found) == len(rows)
    pairs = {(about(row), record.first.reference) for row, record in zip(rows, found, strict=True)}
    assert len(pairs) == len({thing for thing, _ in pairs}) == len({reference for _, reference in pairs})
    return dict(pairs)


@given(
    name=st.text("ABCDEFGH_", min_size=1, max_size=30).map(lambda text: f"NEW_{text}"),
    amount=st.integers(-9_999_999, 9_999_999).filter(bool),
    flow=st.sampled_from(["MONEY_IN", "MONEY_OUT"]),
    order=st.sampled_from(["", "A1"]),
)
def test_a_movement_of_any_name_is_booked_by_its_direction_with_a_finding(
    name: str, amount: int, flow: str, order: str
) -> None:
    row = {"transaction_id": 1, "transaction_type": name, "status": "COMPLETED", "amount": amount, "money_flow": flow,
           "create_time": 1_790_000_001, "order_sn": order}  # fmt: skip
    found = observed("shopee", json.dumps(wallet([row])).encode(), IDR)
    if flow == "MONEY_IN" and amount < 0:
        assert "money_flow is MONEY_IN" in problems(found)[0].reason
        return
    (only,) = told(found)
    assert (only.first.kind, only.books) == (Kind.OTHER, True)
    assert only.amount == abs(amount) * (1 if flow == "MONEY_IN" else -1)
    assert [(doubt.rule, doubt.actual) for doubt in only.first.doubts] == [("type_is_known", name)]


@pytest.mark.parametrize(
    ("channel", "row", "around"),
    [
        ("lazada", {"transaction_number": "1", "sub_type": "Brand New", "type": "Payment", "amount": "5",
                    "transaction_time": "2024-05-01 08:00:00"}, lambda row: {"data": {"transactions": [row]}}),
        ("tokopedia", {"deposit_id": 1, "Type": 99, "amount": -5, "note": "", "create_time": "2020-12-08 13:33:56"},
         lambda row: {"data": {"saldo_history": [row]}}),
        ("tiktok", {"id": "1", "type": "BRAND_NEW", "status": "SUCCESS", "amount": "-5", "currency": "IDR",
                    "create_time": 1_786_048_444}, lambda row: {"data": {"withdrawals": [row]}}),
    ],
)  # fmt: skip
def test_every_channel_takes_a_movement_of_an_unknown_type_by_its_direction(
    channel: str, row: Row, around: Callable[[Row], Any]
) -> None:
    (only,) = told(observed(channel, json.dumps(around(row)).encode(), IDR))
    assert only.first.kind is Kind.OTHER
    assert only.first.amount == -5
    assert [doubt.rule for doubt in only.first.doubts] == ["type_is_known"]


bills = st.fixed_dictionaries({
    "order_sn": st.sampled_from(["A1", "", "-"]), "billing_transaction_type": st.just("ADJUSTMENT"), "amount": few,
    "billing_transaction_status": st.sampled_from(["TO_RELEASE", "RELEASED"]), "cost_header": st.just("x"),
})  # fmt: skip


@given(rows=st.lists(bills, min_size=1, max_size=8), data=st.data())
def test_equal_rows_without_an_identifier_are_as_many_as_there_are(rows: list[Row], data: st.DataObject) -> None:
    def read(rows: list[Row]) -> list[SettlementRecord]:
        return told(observed("shopee", json.dumps({"response": {"transactions": rows}}).encode(), IDR))

    found = read(rows)
    assert len({each.first.reference for each in found}) == len(rows)
    again = read(data.draw(st.permutations(rows)))
    assert {each.first.reference for each in again} == {each.first.reference for each in found}


@pytest.mark.parametrize("placeholder", ["", "-", "0", 0, None, "N/A", "NONREF"])
def test_a_placeholder_is_no_identifier(placeholder: Any) -> None:
    row = {**withdrawal_row("withdraw_id", 31, None, 5), "withdrawal_id": placeholder, "order_sn": placeholder}
    (only,) = told(observed("shopee", wallet([row]), IDR))
    assert (only.first.reference, only.first.order) == ("withdrawal/31", None)
