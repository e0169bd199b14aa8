"""Files of banks as they are in the field, imported into a ledger: what is kept, and whether the receipt closes."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from events.refusals import InvalidCommand
from service.banks.columns import Layout
from service.banks.import_source import BankOptions
from service.imports.import_source import ImportRequest, ImportResult
from service.imports.ingestion import import_file
from service.imports.receipt import ReceiptDocument
from service.ledger.commands import RequestOrigin
from tests.support.api import Api

CASES = Path(__file__).parents[2] / "data" / "cases"
ORIGIN = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
OPTIONS = BankOptions("5550001112", "IDR")


async def taken_in(api: Api, content: bytes, options: BankOptions = OPTIONS) -> ImportResult:
    request: ImportRequest[Any] = ImportRequest("acc_1", "file", options)
    return await import_file(api.ledger, request, io.BytesIO(content), ORIGIN)


async def kept(api: Api) -> list[tuple[str, int]]:
    rows = await api.ledger.pool.fetch(
        "SELECT booked_on::text AS day, amount / 100 AS amount FROM bank_entries WHERE account_id = 'acc_1' "
        "ORDER BY booked_on, amount"
    )
    return [(row["day"], row["amount"]) for row in rows]


async def statements(api: Api) -> list[dict[str, Any]]:
    caller = await api.caller("acc_1")
    found = await caller.get("/v1/reconciliation?kind=bank_statement&state=all")
    return [{name: row[name] for name in ("id", "state", "expected", "paid", "difference")} for row in found.data]


def receipt_of(result: ImportResult) -> ReceiptDocument:
    return result.receipt.document()


CAMT_TWICE = [
    ("camt_fee_shares_reference.xml", [("2026-11-01", -5000), ("2026-11-01", -50), ("2026-11-01", -50)]),
    ("camt_placeholder_reference.xml", None),
    ("camt_status_prtry.xml", []),
    ("bca_direction_without_heading.csv", [("2026-11-09", -750000)]),
    ("bca_no_year.csv", [("2026-09-05", -1500000), ("2026-09-10", 2000000)]),
    ("mandiri_two_descriptions.csv", [("2026-01-22", 41300)]),
]


@pytest.mark.parametrize(("name", "entries"), CAMT_TWICE, ids=[name for name, _ in CAMT_TWICE])
async def test_a_file_from_the_field_is_kept_as_it_is_meant_and_again_changes_nothing(
    api: Api, name: str, entries: list[tuple[str, int]] | None
) -> None:
    await api.merchant("acc_1")
    content = (CASES / name).read_bytes()
    first = await taken_in(api, content)
    found = await kept(api)
    if entries is None:
        assert sorted(amount for _, amount in found) == [100, 100, 150]
    else:
        assert found == entries
    events = await api.ledger.pool.fetchval("SELECT count(*) FROM events")
    again = await taken_in(api, content)
    assert await kept(api) == found
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM events") == events
    for result in (first, again):
        receipt = receipt_of(result)
        assert receipt["unreadable"] == 0
        accounted = receipt["booked"] + receipt["known"] + sum(each["records"] for each in receipt["leftOut"])
        assert receipt["read"] == accounted
    assert receipt_of(again)["booked"] == 0


async def test_ids_that_a_bank_uses_each_year_are_two_statements(api: Api) -> None:
    await api.merchant("acc_1")
    for name in ("camt_id_reused_1.xml", "camt_id_reused_2.xml", "camt_id_reused_1.xml"):
        await taken_in(api, (CASES / name).read_bytes())
    of_2025, of_2026 = await statements(api)
    assert (of_2025["id"], of_2025["difference"]) == (of_2026["id"], "800.00")
    assert of_2026["state"] == "matched"


async def test_a_balance_in_the_banks_own_words_is_read(api: Api) -> None:
    await api.merchant("acc_1")
    content = (CASES / "camt_prtry_balance.xml").read_bytes()
    await taken_in(api, content)
    [found] = await statements(api)
    assert (found["expected"], found["paid"], found["state"]) == ("1100.00", "1100.00", "matched")


async def test_a_balance_that_the_bank_does_not_say_is_not_checked(api: Api) -> None:
    await api.merchant("acc_1")
    content = (CASES / "camt_prtry_balance.xml").read_bytes().replace(b"<Prtry>OPBD<", b"<Prtry>XPCD<")
    result = await taken_in(api, content)
    [found] = await statements(api)
    assert found == {**found, "state": "not_checked", "expected": None, "paid": "1100.00", "difference": None}
    assert receipt_of(result)["totals"] == []


async def test_both_columns_of_one_heading_are_the_banks_text(api: Api) -> None:
    await api.merchant("acc_1")
    result = await taken_in(api, (CASES / "mandiri_two_descriptions.csv").read_bytes())
    assert receipt_of(result)["notes"] == [], "the account in the rows counts"
    caller = await api.caller("acc_1")
    found = await caller.get("/v1/reconciliation?kind=bank_entry&state=all&reference=LZD-W03-2026")
    assert [row["paid"] for row in found.data] == ["41300.00"]


async def test_what_is_pending_and_what_a_footer_says_is_left_out_with_its_reason(api: Api) -> None:
    await api.merchant("acc_1")
    receipt = receipt_of(await taken_in(api, (CASES / "bca_no_year.csv").read_bytes(), BankOptions()))
    assert {each["reason"]: each["records"] for each in receipt["leftOut"]} == {
        "a balance or a total of the file": 4,
        "not booked yet": 1,
    }
    totals = {
        total["name"]: (total["stated"], total["kept"], total["leftOut"], total["difference"])
        for total in receipt["totals"]
    }
    # The bank's own totals have the pending fee.
    assert {
        name: [Decimal(each or "NaN") for each in figures]
        for name, figures in totals.items()
        if name.startswith(("Mutasi", "Saldo"))
    } == {
        "Mutasi Debet": [1_515_000, 1_500_000, 15_000, 0],
        "Mutasi Kredit": [2_000_000, 2_000_000, 0, 0],
        "Saldo Akhir less Saldo Awal": [485_000, 500_000, -15_000, 0],
    }
    assert receipt["closes"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Date,Description,Amount,Flag\n2026-11-01,a,10,DB\n2026-11-02,b,20,X\n", "column 'Flag' has 'DB', 'X'"),
        (
            b"Date,Description,Amount,\n2026-11-01,a,10,D\n2026-11-02,b,20,D\n",
            "column 4, which has no heading, has 'D'",
        ),
        (b"Date,Description,Amount,DB/CR\n2026-11-01,a,10,Q\n", "column 'DB/CR' has 'Q'"),
        (b"Date,Description,Amount,Currency\n2026-11-01,a,10,Dollars\n", "column 'Currency' has 'Dollars'"),
        (b"Date,Amount,From,To\n2026-11-01,10,USD,EUR\n", "column 'From' and column 'To' have currencies"),
    ],
)
async def test_a_column_that_may_turn_a_sign_or_a_currency_is_refused_by_name(
    api: Api, content: bytes, said: str
) -> None:
    await api.merchant("acc_1")
    with pytest.raises(InvalidCommand, match="column") as refused:
        await taken_in(api, content)
    assert said in refused.value.message
    assert await kept(api) == []


@pytest.mark.parametrize(
    ("content", "amounts"),
    [
        (b"Date,Description,Amount,\n2026-11-01,a,10.00,DB\n2026-11-02,b,20.00,CR\n", [-10, 20]),
        (b"Date,Description,,Amount\n2026-11-01,a,-,10.00\n2026-11-02,b,+,20.00\n", [-10, 20]),
        (b"Date,Description,Amount,Sort\n2026-11-01,a,10.00,D\n2026-11-02,b,20.00,K\n", [-10, 20]),
        (
            b"Date,Description,Amount,Transaction Type\n2026-11-01,a,-10.00,Debit\n2026-11-02,b,20.00,Credit\n",
            [-10, 20],
        ),
        (b"Date,Type,Amount\n2026-11-01,CARD_PAYMENT,-10.00\n2026-11-02,TOPUP,20.00\n", [-10, 20]),
        (b"Date,Description,Amount,Note\n2026-11-01,a,-10.00,-\n2026-11-02,b,20.00,-\n", [-10, 20]),
        (b"Date,Description,Amount,State\n2026-11-01,a,-10.00,COMPLETED\n2026-11-02,b,20.00,PENDING\n", [-10]),
    ],
)
async def test_a_direction_is_known_by_its_cells_whatever_its_heading(
    api: Api, content: bytes, amounts: list[int]
) -> None:
    await api.merchant("acc_1")
    await taken_in(api, content)
    assert [amount for _, amount in await kept(api)] == amounts


async def test_what_a_table_says_of_currency_and_account_goes_before_the_request(api: Api) -> None:
    await api.merchant("acc_1")
    content = b"Account No : 999\nCurrency : USD\nDate,Amount\n2026-11-01,10.00\n"
    receipt = receipt_of(await taken_in(api, content))
    assert await api.ledger.pool.fetchval("SELECT currency FROM bank_entries") == "USD"
    assert len(receipt["notes"]) == 2
    rows = b"Date,Amount,Ccy\n2026-11-01,10.00,USD\n2026-11-01,10.00,EUR\n"
    await taken_in(api, rows)
    found = await api.ledger.pool.fetch("SELECT currency FROM bank_entries ORDER BY currency")
    assert [row["currency"] for row in found] == ["EUR", "USD", "USD"], "of another bank account than the first"


async def test_an_account_of_two_currencies_has_to_name_one(api: Api) -> None:
    merchant = await api.merchant("acc_1")
    table = b"Date,Amount\n2026-11-01,10.00\n"
    await taken_in(api, table, BankOptions("1"))
    await merchant.accepted(type="recordRevenue", amount=1, currency="USD", reference="o-usd")
    with pytest.raises(InvalidCommand, match="currency"):
        await taken_in(api, table, BankOptions("1"))


async def test_a_heading_that_nothing_is_read_by_is_named(api: Api) -> None:
    await api.merchant("acc_1")
    receipt = receipt_of(await taken_in(api, b"Date,Amount,Branch,,Mood\n2026-11-01,10.00,7,x,good\n"))
    assert receipt["unusedHeadings"] == ["Branch", "column 4 (without a heading)", "Mood"]
    named = Layout((("description", "Mood"), ("ignore", "column 4")))
    receipt = receipt_of(
        await taken_in(api, b"Date,Amount,Branch,,Mood\n2026-11-02,10.00,7,x,good\n", BankOptions("1", "IDR", named))
    )
    assert receipt["unusedHeadings"] == ["Branch"]
