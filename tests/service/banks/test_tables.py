"""Banks' statements as tables: the shapes that Indonesian banks use, and nothing guessed about money."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest

from service.banks.cells import read_day, read_money
from service.banks.columns import Layout, columns_of
from service.banks.observations import BankObservation, ObservedBankStatement, ObservedEntry
from service.banks.tables import TableRequest, table_observations
from service.formats.amounts import NotUnderstood
from service.formats.detection import detect_format
from service.formats.file_remarks import LeftOut
from service.formats.unreadable import Unreadable
from tests.service.banks.samples import BCA, MANDIRI


def read(content: bytes, layout: Layout | None = None) -> list[BankObservation]:
    _, stream = detect_format(io.BytesIO(content))
    return list(table_observations(stream, "csv", TableRequest("1234567890", "IDR", layout or Layout())))


def entries_and_statements(content: bytes) -> list[BankObservation]:
    return [each for each in read(content) if isinstance(each, ObservedEntry | ObservedBankStatement)]


def figures(content: bytes, layout: Layout | None = None) -> list[tuple[date, Decimal]]:
    return [(each.booked_on, each.amount) for each in read(content, layout) if isinstance(each, ObservedEntry)]


def test_debit_and_credit_columns_below_a_title_are_read() -> None:
    assert figures(BCA) == [
        (date(2026, 11, 9), Decimal(1_500_000)),
        (date(2026, 11, 9), Decimal(-15_000)),
        (date(2026, 11, 10), Decimal(-15_000)),
        (date(2026, 11, 10), Decimal(-15_000)),
    ]
    first, *_, statement = entries_and_statements(BCA)
    assert isinstance(first, ObservedEntry)
    assert (first.remittance or "").endswith("SHOPEE 250001.00 PAYOUT WK45")
    assert isinstance(statement, ObservedBankStatement)
    # 2,500,000 less the 1,500,000 that came is what it opened with.
    assert [statement.part.opening, statement.part.closing] == [1_000_000, 2_455_000]
    assert statement.part.number == "2026-11-09/2026-11-10"


def test_newest_first_with_a_direction_of_its_own_is_read() -> None:
    assert figures(MANDIRI) == [(date(2026, 11, 10), Decimal(2_000_000)), (date(2026, 11, 9), Decimal(-300_000))]
    first, _, statement = entries_and_statements(MANDIRI)
    assert isinstance(first, ObservedEntry)
    assert (first.reference, first.value_on) == ("REF-2", date(2026, 11, 11))
    assert isinstance(statement, ObservedBankStatement)
    assert [statement.part.opening, statement.part.closing] == [1_000_000, 2_700_000]


def test_columns_are_what_whoever_imports_says() -> None:
    content = b"Wann,Was,Wieviel\n11/09/2026,Lazada,-12.50\n"
    layout = Layout((("date", "wann"), ("description", "Was"), ("amount", "Wieviel")), month_first=True)
    assert figures(content, layout) == [(date(2026, 11, 9), Decimal("-12.50"))]
    [problem] = read(content)
    assert isinstance(problem, Unreadable)
    assert "no row has these headings" in problem.reason


def test_a_heading_that_is_said_has_one_meaning() -> None:
    columns = columns_of(["Date", "Amount", "Type"], Layout((("description", "Type"),)))
    assert columns is not None
    assert columns.roles == {"date": [0], "description": [2], "amount": [1]}
    assert columns_of(["Date", "Amount"], Layout((("reference", "Ref"),))) is None


@pytest.mark.parametrize(
    ("text", "decimal", "amount"),
    [
        ("1.500.000,00 CR", None, "1500000"),
        ("1,500,000.00DB", None, "-1500000"),
        ("1.500.000", None, "1500000"),
        ("1,500,000", None, "1500000"),
        ("1500,5", None, "1500.5"),
        ("1500.25", None, "1500.25"),
        ("Rp 1.500,00", None, "1500"),
        ("(1.500,00)", None, "-1500"),
        ("-1.500,00", None, "-1500"),
        ("1.500", "comma", "1500"),
        ("1.500", "dot", "1.5"),
        ("1,500", "dot", "1500"),
        ("15.000 D", "comma", "-15000"),
    ],
)
def test_money_is_read_as_banks_write_it(text: str, decimal: str | None, amount: str) -> None:
    assert read_money(text, decimal) == Decimal(amount)


@pytest.mark.parametrize("text", ["1.500", "-1,500", "IDR 1.500", "1.500 CR"])
def test_money_that_can_be_read_in_two_ways_is_not(text: str) -> None:
    with pytest.raises(NotUnderstood, match="two ways"):
        read_money(text, None)


@pytest.mark.parametrize("text", ["", "500K", "1.2.3", "abc CR", "1e5 XX", "0x10"])
def test_what_is_no_money_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read_money(text, None)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-09",
        "2026/11/09 10:00:00",
        "20261109",
        "09/11/2026",
        "9-11-26",
        "09 Nov 2026",
        "9 November 2026",
        "'09/11/2026",
    ],
)
def test_dates_are_read_as_banks_write_them(text: str) -> None:
    assert read_day(text) == date(2026, 11, 9)


def test_indonesian_months_and_the_other_order_are_read() -> None:
    assert read_day("17 Agu 2026") == date(2026, 8, 17)
    assert read_day("1 Mei 2026") == date(2026, 5, 1)
    assert read_day("31-Des-2026") == date(2026, 12, 31)
    assert read_day("11/09/2026", month_first=True) == date(2026, 11, 9)
    for wrong in ("09/11", "32/01/2026", "13/13/2026", "PEND", "9 Foo 2026"):
        with pytest.raises(NotUnderstood, match="not a date"):
            read_day(wrong)


def test_rows_that_are_no_entries_are_listed_with_their_place_and_the_rest_goes_in() -> None:
    content = BCA + b"Saldo Akhir;2.455.000,00\n11/11/2026;nothing;;;2.455.000,00\n11/11/2026;both;1,0;2,0;\n"
    found = read(content)
    assert [(each.place, each.reason) for each in found if isinstance(each, Unreadable)] == [
        ("row 10", "neither debit nor credit has an amount"),
        ("row 11", "both debit and credit have an amount"),
    ]
    assert [each.place for each in found if isinstance(each, LeftOut)] == ["row 9"]
    assert len(figures(content)) == 4


DIRECTED = "Tanggal;Keterangan;Jumlah;DB/CR\n{}"
DEBITS = "Tanggal;Keterangan;Debet;Kredit\n{}"


@pytest.mark.parametrize(
    ("form", "out"),
    [pytest.param(DIRECTED, "{};DB", id="a direction"), pytest.param(DEBITS, "{};", id="a column of debits")],
)
@pytest.mark.parametrize("usual", ["", "-"])
def test_an_amount_that_went_out_with_another_sign_than_the_rest_is_left_to_a_person(
    form: str, out: str, usual: str
) -> None:
    """It may be a reversal, which brings money back, or a mistake."""
    other = "-" if not usual else ""
    amounts = [f"{usual}10,00", f"{usual}20,00", f"{other}30,00", f"{usual}40,00"]
    rows = "".join(f"0{day}/11/2026;text;{out.format(each)}\n" for day, each in enumerate(amounts, 1))
    found = read(form.format(rows).encode())
    assert [each.amount for each in found if isinstance(each, ObservedEntry)] == [-10, -20, -40]
    (unreadable,) = [each for each in found if isinstance(each, Unreadable)]
    assert unreadable.place == "row 4"
    assert "did the money leave, or come back?" in unreadable.reason


def test_two_columns_that_contradict_each_other_are_left_to_a_person() -> None:
    """In either order: the last one does not win."""
    for first, second in (("DB", "CR"), ("CR", "DB")):
        rows = f"01/11/2026;text;10,00;DB;DB\n02/11/2026;text;10,00;{first};{second}\n03/11/2026;text;10,00;CR;CR\n"
        found = read(f"Tanggal;Keterangan;Jumlah;;\n{rows}".encode())
        assert [each.amount for each in found if isinstance(each, ObservedEntry)] == [-10, 10]
        (unreadable,) = [each for each in found if isinstance(each, Unreadable)]
        assert (unreadable.place, unreadable.reason) == (
            "row 3", "one column says that the money came, and another one that it left"
        )  # fmt: skip
