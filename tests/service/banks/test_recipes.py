"""Each example file of `tests/data/banks`, imported with nothing but the account: what is kept, and its receipt."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from service.banks.import_source import BankOptions
from service.banks.recipes import RECIPES
from tests.service.banks.test_bank_cases import receipt_of, taken_in
from tests.support.api import Api

EXAMPLES = Path(__file__).parents[2] / "data" / "banks"
DOCUMENT = Path(__file__).parents[3] / "docs" / "files.md"

KEPT: dict[str, tuple[list[str], dict[str, int]]] = {
    "bca-klikbca.csv": (["-1500000", "2000000"], {"a balance or a total of the file": 4, "not booked yet": 1}),
    "bca-bisnis.csv": (["1000000", "-6500", "-6500"], {"a balance or a total of the file": 4}),
    "mandiri.csv": (["41300", "-12500"], {}),
    "bri.csv": (["250000", "-6000"], {"its amount is zero: no money came or went": 1}),
    "bni.csv": (["750000", "-2500"], {}),
    "wise.csv": (["-120.50", "1000"], {}),
    "revolut.csv": (["500", "-101.50"], {"not booked: PENDING": 1, "not booked: REVERTED": 1}),
    "sparkasse.csv": (["1250", "-9.90"], {"not booked: Umsatz vorgemerkt": 1}),
    "statement.sta": (["1250", "-9.90", "-10"], {}),
    "camt.053.xml": (["300000", "-6500"], {}),
    "camt.052.xml": (["300000"], {"not booked: PDNG": 1}),
}
"""By file: the amounts in its order, and what is left out."""


async def amounts(api: Api) -> list[Decimal]:
    rows = await api.ledger.pool.fetch("SELECT amount FROM bank_entries ORDER BY position")
    return [Decimal(row["amount"]) / 100 for row in rows]


def test_every_recipe_has_an_example() -> None:
    assert {f"{name}.csv" for name in RECIPES} <= KEPT.keys()
    assert {path.name for path in EXAMPLES.iterdir()} == {*KEPT, "camt.054.xml"}


def test_every_recipe_and_every_example_is_in_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in RECIPES if f"\n| `{name}` | [{name}.csv]" not in text] == [], "docs/files.md, Recipes"
    assert [path.name for path in EXAMPLES.iterdir() if f"tests/data/banks/{path.name})" not in text] == []


@pytest.mark.parametrize("name", KEPT)
async def test_an_example_needs_no_parameter_but_the_account(api: Api, name: str) -> None:
    await api.merchant("acc_1")
    content = (EXAMPLES / name).read_bytes()
    expected, left_out = KEPT[name]
    receipt = receipt_of(await taken_in(api, content, BankOptions()))
    assert await amounts(api) == [Decimal(amount) for amount in expected]
    assert {each["reason"]: each["records"] for each in receipt["leftOut"]} == left_out
    assert receipt["closes"], receipt
    assert receipt["notes"] == []
    again = receipt_of(await taken_in(api, content, BankOptions()))
    assert (again["booked"], again["known"]) == (0, len(expected))


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in ("mandiri", "sparkasse")])
async def test_an_example_has_totals_that_are_checked(api: Api, name: str) -> None:
    await api.merchant("acc_1")
    receipt = receipt_of(await taken_in(api, (EXAMPLES / f"{name}.csv").read_bytes(), BankOptions()))
    assert receipt["totals"], "the bank states balances or totals, and they are compared"
    assert all(Decimal(total["difference"] or "NaN") == 0 for total in receipt["totals"])


async def test_texts_of_another_encoding_are_kept_as_they_were_written(api: Api) -> None:
    await api.merchant("acc_1")
    await taken_in(api, (EXAMPLES / "sparkasse.csv").read_bytes(), BankOptions())
    caller = await api.caller("acc_1")
    rows = (await caller.get("/v1/reconciliation?kind=bank_entry&state=all")).data
    texts = [(await caller.get(f"/v1/bank-entries/{row['id']}")).data["remittance"] for row in rows]
    assert any("Entgelt für September" in text for text in texts)


async def test_a_zip_file_is_every_statement_in_it(api: Api) -> None:
    await api.merchant("acc_1")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as parts:
        parts.writestr("2026/camt.053.xml", (EXAMPLES / "camt.053.xml").read_bytes())
        parts.writestr("2026/statement.sta", (EXAMPLES / "statement.sta").read_bytes())
        parts.writestr("2026/statement.pdf", b"%PDF-1.7")
    receipt = receipt_of(await taken_in(api, packed.getvalue(), BankOptions()))
    assert await amounts(api) == [300000, -6500, 1250, Decimal("-9.90"), -10]
    assert receipt["closes"]
    assert [each["records"] for each in receipt["leftOut"]] == [1]


async def test_a_notification_names_the_payments_of_a_batch_and_books_nothing(api: Api) -> None:
    await api.merchant("acc_1")
    caller = await api.caller("acc_1")
    notification = (EXAMPLES / "camt.054.xml").read_bytes()
    before = receipt_of(await taken_in(api, notification, BankOptions()))
    assert (before["booked"], [each["records"] for each in before["leftOut"]]) == (0, [1])
    await taken_in(api, (EXAMPLES / "camt.053.xml").read_bytes(), BankOptions())
    await taken_in(api, notification, BankOptions())
    assert await amounts(api) == [300000, -6500]
    for reference in ("LZD-W36-A", "LZD-W36-B"):
        found = await caller.get(f"/v1/reconciliation?kind=bank_entry&state=all&reference={reference}")
        assert [row["paid"] for row in found.data] == ["300000.00"]
    events = await api.ledger.pool.fetchval("SELECT count(*) FROM events")
    await taken_in(api, notification, BankOptions())
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM events") == events


async def test_a_line_that_is_no_mt940_is_listed_and_the_others_are_in(api: Api) -> None:
    await api.merchant("acc_1")
    content = (EXAMPLES / "statement.sta").read_bytes().replace(b":61:2609050905D9,90", b":61:26XX050905D9,90")
    receipt = receipt_of(await taken_in(api, content, BankOptions()))
    assert await amounts(api) == [1250, -10]
    assert (receipt["unreadable"], receipt["closes"]) == (1, False)
