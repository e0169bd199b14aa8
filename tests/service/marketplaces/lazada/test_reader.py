"""Lazada's statements in both generations, its transactions, and what it says when it refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from service.formats.unreadable import Unreadable
from service.marketplaces.doubts import UNKNOWN_TYPE
from service.marketplaces.lazada.refusals import failure
from service.marketplaces.observations import Kind, Level, Shop, Stage
from service.marketplaces.refusals import Retry
from tests.service.marketplaces.samples import line_texts, lines, observed, problems, sample, statements

SEED = "lazada-get-payout-status.xml"

FIRST = {
    "StatementNumber": "EG100RT-20141228",
    "CreatedAt": "2014-01-04 00:23:04",
    "UpdatedAt": "2014-01-04 00:23:04",
    "OpeningBalance": "0.00",
    "ItemRevenue": "0",
    "ShipmentFee": "51.20",
    "ShipmentFeeCredit": "51.20",
    "OtherRevenueTotal": "0",
    "FeesTotal": "51.20",
    "Subtotal1": "-51.20",
    "Refunds": "0",
    "FeesOnRefundsTotal": "0",
    "Subtotal2": "-51.20",
    "ClosingBalance": "3962.41",
    "GuaranteeDeposit": "0",
    "Payout": "3962.41 EUR",
    "Paid": "0",
}
SECOND = {
    **FIRST,
    "StatementNumber": "EG100RT-20141229",
    "CreatedAt": "2015-01-04 00:23:04",
    "UpdatedAt": "2015-01-04 00:23:04",
    "OpeningBalance": "10.00",
    "ShipmentFee": "1.50",
    "ShipmentFeeCredit": "1.50",
    "FeesTotal": "1.50",
    "Subtotal1": "-1.50",
    "Subtotal2": "-1.50",
    "ClosingBalance": "777.77",
    "Payout": "666.66 EUR",
}


def envelope(statement: Any) -> dict[str, Any]:
    head = {"RequestId": "", "RequestAction": "GetPayoutStatus", "ResponseType": "Statement"}
    return {"SuccessResponse": {"Head": head, "Body": {"PayoutStatus": {"Statement": statement}}}}


def test_the_seed_is_read_whole_and_nothing_is_refused() -> None:
    found = observed("lazada", sample(SEED))
    assert not problems(found)
    assert [each.content() for each in statements(found)] == [FIRST, SECOND]
    first, second = statements(found)
    assert (first.currency, second.currency) == ("EUR", "EUR")
    assert (first.payout and first.payout.number) == Decimal("3962.41")
    assert (second.payout and second.payout.number) == Decimal("666.66")
    assert (first.paid, second.paid) == (False, False)


def test_each_statement_keeps_the_bytes_that_it_stood_in() -> None:
    raw = sample(SEED)
    first, second = statements(observed("lazada", raw))
    assert first.raw.startswith(b"<Statement>")
    assert first.raw.endswith(b"<Paid>0</Paid>\n      </Statement>")
    assert raw.count(first.raw) == raw.count(second.raw) == 1
    assert b"EG100RT-20141229" in second.raw
    assert first.digest != second.digest


def test_bare_times_are_in_the_configured_zone() -> None:
    (first, _) = statements(observed("lazada", sample(SEED), Shop(zone="Asia/Singapore")))
    assert first.created_at.instant == "2014-01-03T16:23:04.000000Z"
    assert first.created_at.zone == "Asia/Singapore"


def test_json_of_one_child_says_the_same_as_a_list_of_it() -> None:
    alone = statements(observed("lazada", envelope(FIRST)))
    listed = statements(observed("lazada", envelope([FIRST])))
    assert [each.content() for each in alone] == [each.content() for each in listed] == [FIRST]


@pytest.mark.parametrize("indent", [None, 2])
def test_json_and_xml_of_the_same_statements_say_the_same(indent: int | None) -> None:
    found = observed("lazada", json.dumps(envelope([FIRST, SECOND]), indent=indent).encode())
    assert [each.content() for each in statements(found)] == [FIRST, SECOND]
    assert not problems(found)


def test_fields_that_are_not_there_are_unknown_and_not_zero() -> None:
    (only,) = statements(observed("lazada", envelope({"StatementNumber": "A-1", "Payout": "3962.41 EUR", "Paid": "1"})))
    assert only.paid is True
    assert only.opening_balance is None
    assert only.created_at.instant is None


def test_an_empty_update_time_is_kept_and_the_statement_goes_in() -> None:
    found = observed("lazada", envelope([{**FIRST, "UpdatedAt": ""}, {**SECOND, "UpdatedAt": "0000-00-00 00:00:00"}]))
    assert not problems(found)
    assert [(each.updated_at.text, each.updated_at.instant) for each in statements(found)] == [
        ("", None),
        ("0000-00-00 00:00:00", None),
    ]


def test_the_open_platform_says_the_same_number_twice_and_both_are_handed_on() -> None:
    found = statements(observed("lazada", sample("lazada-payout-status-open-platform.json")))
    assert [each.number for each in found] == ["EG100RT-20141228"] * 2
    assert found[0].content() == found[1].content()
    assert found[0].content()["Subtotal1"] == "51.20"
    assert found[0].source == "lazada.payout_status"


def test_fields_of_a_sibling_are_kept() -> None:
    (only,) = statements(observed("lazada", envelope({**FIRST, "Subsidy": "1.00", "PaymentReference": "P-9"})))
    assert only.extra == {"Subsidy": "1.00", "PaymentReference": "P-9"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"StatementNumber": ""}, "no StatementNumber"),
        ({"ClosingBalance": "12,5"}, "ClosingBalance: '12,5' is not an amount"),
        ({"Payout": "3962.41"}, "no currency"),
        ({"Payout": "1e99999999 EUR"}, "Payout"),
        ({"Paid": "maybe"}, "0 or 1 expected"),
    ],
)
def test_a_statement_that_makes_no_sense_is_listed_and_the_rest_goes_in(change: dict[str, str], reason: str) -> None:
    found = observed("lazada", envelope([{**FIRST, **change}, SECOND]))
    assert [each.number for each in statements(found)] == ["EG100RT-20141229"]
    (problem,) = problems(found)
    assert reason in problem.reason
    assert "Statement[0]" in problem.place


def test_a_payout_without_a_currency_is_in_the_shops() -> None:
    (only,) = statements(observed("lazada", envelope({**FIRST, "Payout": "0.00"}), Shop(currency="IDR")))
    assert only.currency == "IDR"


def test_a_transaction_is_of_an_item_in_english_dates_and_four_decimals() -> None:
    found = observed("lazada", sample("lazada-transaction-details.json"), Shop(currency="SGD", zone="Asia/Singapore"))
    assert line_texts(found) == [
        ("payment_fee", "-0.62", "amount"),
        ("tax", "0.0672", "VAT_in_amount"),
        ("tax", "0.0112", "WHT_amount"),
    ]
    fee, vat, _ = lines(found)
    assert (fee.level, fee.order, fee.item) == (Level.ITEM, "123445666666", "1666666")
    assert fee.occurred_at.instant == "2016-05-16T16:00:00.000000Z"
    assert fee.extra["statementPeriod"] == "11 May 2016 - 17 May 2016"
    assert (fee.statement, fee.books, fee.stage) == (None, False, Stage.OWED)
    assert vat.part_of == "amount"


def test_a_charge_of_an_unknown_name_keeps_its_sign_and_says_so() -> None:
    detail = {"order_no": "A1", "orderItem_no": "11", "transaction_number": "T1", "fee_name": "Brand New Thing",
              "amount": "-12.50", "transaction_date": "16 May 2016", "statement": "11 May 2016 - 17 May 2016"}  # fmt: skip
    (line,) = lines(observed("lazada", json.dumps({"code": "0", "data": [detail]}).encode(), Shop(currency="SGD")))
    assert (line.kind, line.amount) == (Kind.OTHER, Decimal("-12.50"))
    assert [(doubt.rule, doubt.actual) for doubt in line.doubts if doubt.rule == UNKNOWN_TYPE] == [
        (UNKNOWN_TYPE, "Brand New Thing")
    ]


def test_a_transaction_without_a_currency_is_listed() -> None:
    (problem,) = observed("lazada", sample("lazada-transaction-details.json"))
    assert isinstance(problem, Unreadable)
    assert "--currency" in problem.reason


def account(**change: str) -> dict[str, Any]:
    row = {
        "transaction_number": "T-1",
        "transaction_time": "2024-05-01 08:00:00",
        "type": "Withdrawal",
        "sub_type": "Auto Withdrawal",
        "payee_account": {"account": "1234567890", "description": "bank"},
        "amount": "100.50",
        "currency": "IDR",
    }
    return {"code": "0", "data": {"transactions": [{**row, **change}]}}


def test_withdrawals_leave_and_returned_payments_come_back() -> None:
    (out,) = lines(observed("lazada", account()))
    (back,) = lines(observed("lazada", account(sub_type="Returned Payment", amount="100.50")))
    assert (out.kind, out.amount, out.stage) == (Kind.WITHDRAWAL, Decimal("-100.50"), Stage.SENT)
    assert (back.kind, back.amount, back.stage) == (Kind.WITHDRAWAL_RETURNED, Decimal("100.50"), Stage.RETURNED)


def test_the_payees_account_is_only_in_the_raw_record() -> None:
    (out,) = lines(observed("lazada", account()))
    assert "1234567890" in out.raw.decode()
    assert "1234567890" not in repr(out)


def test_a_masked_amount_is_listed_with_what_to_do() -> None:
    (problem,) = problems(observed("lazada", account(amount="1***.**")))
    assert "masks this amount" in problem.reason


@pytest.mark.parametrize(
    ("answer", "code", "retry"),
    [
        (
            {"ErrorResponse": {"Head": {"ErrorCode": "4", "ErrorMessage": "E004: Invalid Timestamp format"}}},
            "4",
            Retry.NEVER,
        ),
        ({"ErrorResponse": {"Head": {"ErrorCode": "3", "ErrorMessage": "E003"}}}, "3", Retry.RESIGN),
        ({"ErrorResponse": {"Head": {"ErrorCode": "429", "ErrorMessage": "E429"}}}, "429", Retry.LATER),
        ({"code": "MISSING_PARAMETER", "type": "ISV", "message": "m"}, "MISSING_PARAMETER", Retry.NEVER),
        ({"code": "ServiceTimeout", "type": "ISP", "message": "m"}, "ServiceTimeout", Retry.LATER),
        ({"code": "IllegalAccessToken", "type": "ISV", "message": "m"}, "IllegalAccessToken", Retry.AUTHORISE),
    ],
)
def test_refusals_are_recognised_and_classed(answer: dict[str, Any], code: str, retry: Retry) -> None:
    refused = failure(answer)
    assert refused is not None
    assert (refused.code, refused.retry) == (code, retry)
    (problem,) = problems(observed("lazada", answer))
    assert code in problem.reason


def test_an_empty_result_is_an_answer() -> None:
    empty = {"code": "E1", "type": "ISV", "message": "Query result is empty."}
    assert failure(empty) is None
    assert observed("lazada", empty) == []


def test_the_error_envelope_in_xml_is_recognised() -> None:
    raw = b"""<?xml version="1.0"?><ErrorResponse><Head><RequestAction>GetPayoutStatus</RequestAction>
      <ErrorType>Sender</ErrorType><ErrorCode>62</ErrorCode><ErrorMessage>E062: none</ErrorMessage></Head><Body/></ErrorResponse>"""
    (problem,) = problems(observed("lazada", raw))
    assert "62 E062" in problem.reason
