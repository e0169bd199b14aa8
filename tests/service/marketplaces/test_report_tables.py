"""Reports as tables: levels, footers, parts, directions and currencies, whatever order the rows and columns have."""

from __future__ import annotations

import csv
import io
import itertools
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.formats.file_remarks import LeftOut, Note, StatedTotal, TotalOf, UnusedHeadings
from service.marketplaces.observations import Kind, Level, Observation, Shop, Stage
from service.marketplaces.report_cells import read_cell_amount
from service.marketplaces.settlement_records import SettlementRecord, settlement_records
from tests.service.marketplaces.samples import lines, observed, problems

IDR = Shop(currency="IDR")
Rows = list[list[Any]]


def as_csv(rows: Rows, delimiter: str = ";") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


def as_workbook(sheets: dict[str, Rows]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def records(found: list[Observation]) -> list[SettlementRecord]:
    return [each for each in settlement_records(lines(found)) if isinstance(each, SettlementRecord)]


def booked(found: list[Observation]) -> dict[str, Decimal]:
    """What is booked, by reference: the last record of a reference counts."""
    return {each.first.reference: each.amount for each in records(found) if each.books}


def left_out(found: list[Observation]) -> list[str]:
    return [each.reason for each in found if isinstance(each, LeftOut)]


def stated(found: list[Observation]) -> list[tuple[str, TotalOf, Decimal, str]]:
    return [(each.name, each.of, each.amount, each.group) for each in found if isinstance(each, StatedTotal)]


def unused(found: list[Observation]) -> tuple[str, ...]:
    return next(each.headings for each in found if isinstance(each, UnusedHeadings))


HEADINGS = ["Lihat berdasarkan", "No. Pesanan", "ID Produk", "Tanggal Dana Dilepaskan", "Harga Asli Produk",
            "Biaya Administrasi", "Total Penghasilan"]  # fmt: skip


def order(number: str, total: int, day: str = "2026-08-05") -> list[Any]:
    return ["Order", number, "", day, total + 1000, -1000, total]


def item(number: str, product: str, total: int) -> list[Any]:
    return ["Sku", number, product, "2026-08-05", total, 0, total]


amounts = st.integers(1, 9_999_999)
orders = st.dictionaries(
    st.from_regex(r"26080[1-9][A-Z]{4}", fullmatch=True), st.lists(amounts, max_size=3), max_size=5
)
notes = st.sampled_from([
    ["Total", "", "", "", "", "", 1], ["", "", "", "", "", "", "lihat catatan"], ["Catatan: biaya termasuk PPN"],
    ["Jumlah", "", "", "", 5, "", 5], [], HEADINGS,
])  # fmt: skip


@given(orders=orders, notes=st.lists(notes, max_size=4), draw=st.data())
def test_whatever_rows_stand_between_them_each_order_is_worth_its_own_row(
    orders: dict[str, list[int]], notes: Rows, draw: st.DataObject
) -> None:
    rows = [order(number, sum(parts) + 1) for number, parts in orders.items()]
    parts = [item(number, f"10{index}", part) for number, found in orders.items() for index, part in enumerate(found)]
    mixed = draw.draw(st.permutations([*rows, *parts, *notes]))
    found = observed("shopee", as_csv([["Laporan Penghasilan"], HEADINGS, *mixed]), IDR)
    assert booked(found) == {f"order/{number}": Decimal(sum(parts) + 1) for number, parts in orders.items()}
    assert problems(found) == []
    again = observed("shopee", as_csv([HEADINGS, *draw.draw(st.permutations([*rows, *parts]))]), IDR)
    assert {each.first.reference for each in records(found)} == {each.first.reference for each in records(again)}
    explained = [each for each in records(found) if not each.books]
    assert sum(each.first.amount for each in explained) == sum(itertools.chain(*orders.values()))
    assert all(each.releases is None for each in explained)


FEES = ["Tanggal Transaksi", "Nama Biaya", "Nomor Laporan", "Nomor Pesanan", "ID Pesanan", "Jumlah (Termasuk Pajak)"]
charges = st.tuples(
    st.sampled_from(["2026-08-01", "2026-08-02"]), st.sampled_from(["Komisi", "Biaya Pembayaran", "Ongkos Kirim"]),
    st.just("LZD-1"), st.sampled_from(["1", "2"]), st.sampled_from(["11", "12"]), st.integers(-9, 9),
).map(list)  # fmt: skip


@given(rows=st.lists(charges, min_size=1, max_size=12), draw=st.data())
def test_equal_charges_are_as_many_as_there_are_and_the_same_file_has_the_same(rows: Rows, draw: st.DataObject) -> None:
    found = records(observed("lazada", as_csv([FEES, *rows]), IDR))
    assert len({each.first.reference for each in found}) == len(rows)
    assert sum(each.first.amount for each in found) == sum(row[-1] for row in rows)
    shuffled = records(observed("lazada", as_csv([FEES, *draw.draw(st.permutations(rows))]), IDR))
    assert {(each.first.reference, each.first.amount) for each in shuffled} == {
        (each.first.reference, each.first.amount) for each in found
    }


def test_the_same_charges_from_a_workbook_are_the_same() -> None:
    rows = [["2026-08-01", "Komisi", "L", "1", "11", -10], ["2026-08-01", "Komisi", "L", "1", "11", -10]]
    csv_file = observed("lazada", as_csv([FEES, *rows]), IDR)
    workbook = observed("lazada", as_workbook({"Sheet1": [FEES, *rows]}), IDR)
    assert [each.reference for each in lines(csv_file)] == [each.reference for each in lines(workbook)]


@given(columns=st.permutations(range(len(HEADINGS))), extra=st.sampled_from(["Catatan", "", "Grade"]))
def test_columns_may_stand_in_any_order_and_those_that_nobody_read_are_named(columns: list[int], extra: str) -> None:
    rows = [HEADINGS, order("A1", 50), order("A2", 70)]
    table = [[*(row[index] for index in columns), extra if row is HEADINGS else "x"] for row in rows]
    found = observed("shopee", as_csv(table), IDR)
    assert booked(found) == {"order/A1": Decimal(50), "order/A2": Decimal(70)}
    assert unused(found) == (extra or "column 8, without a heading",)


@pytest.mark.parametrize("name", ["D/K", "", "Mutasi"])
@pytest.mark.parametrize(
    ("out", "into"), [("DB", "CR"), ("D", "K"), ("-", "+"), ("Transaksi Keluar", "Transaksi Masuk")]
)
def test_a_direction_is_understood_by_its_cells_whatever_its_heading_is(name: str, out: str, into: str) -> None:
    rows = [["2026-08-01", "Komisi", "L", "1", "11", 10, out], ["2026-08-01", "Refund", "L", "1", "12", 3, into]]
    found = observed("lazada", as_csv([[*FEES, name], *rows]), IDR)
    assert [int(each.amount) for each in lines(found)] == [-10, 3]


def test_a_direction_that_nobody_understands_or_that_contradicts_the_sign_is_refused_by_name() -> None:
    rows = [["2026-08-01", "Komisi", "L", "1", "11", 10, "ke kiri"], ["2026-08-01", "Komisi", "L", "1", "12", -3, "CR"]]
    found = observed("lazada", as_csv([[*FEES, "Arah"], *rows]), IDR)
    assert lines(found) == []
    assert all("the column Arah" in each.reason for each in problems(found))
    assert "'ke kiri'" in problems(found)[0].reason


@pytest.mark.parametrize("name", ["Mata Uang", "Currency", "", "Kode"])
def test_the_files_currency_goes_before_the_requests(name: str) -> None:
    rows = [["2026-08-01", "Komisi", "L", "1", "11", -10, "MYR"]]
    found = observed("lazada", as_csv([[*FEES, name], *rows]), IDR)
    assert {each.currency for each in lines(found)} == {"MYR"}
    (note,) = [each for each in found if isinstance(each, Note)]
    assert "in MYR, and not in IDR" in note.text


def test_a_currency_is_in_headings_and_amounts_too_and_two_are_refused() -> None:
    headings = [
        "View By",
        "Order ID",
        "Payout Completed Date",
        "Commission Fee (incl. SST)",
        "Total Released Amount (RM)",
    ]
    row = ["Order", "A1", "2026-08-05", "-1.50", "48.50"]
    found = observed("shopee", as_csv([headings, row]), IDR)
    assert {(each.currency, each.kind) for each in lines(found)} == {
        ("MYR", Kind.PAYOUT), ("MYR", Kind.COMMISSION), ("MYR", Kind.RESIDUAL),
    }  # fmt: skip
    (both,) = problems(observed("shopee", as_csv([headings, [*row[:4], "Rp48.500"]]), IDR))
    assert "IDR and in MYR" in both.reason
    (wrong,) = problems(observed("shopee", as_csv([[*headings, "Currency"], [*row, "Ringgit"]]), IDR))
    assert "Currency is 'Ringgit'" in wrong.reason


@pytest.mark.parametrize("repeated", ["Biaya Layanan", "Total Penghasilan"])
def test_equal_headings_are_all_kept_and_two_totals_that_differ_are_refused(repeated: str) -> None:
    headings = [*HEADINGS, "Biaya Layanan", repeated]
    equal = observed("shopee", as_csv([headings, [*order("A1", 50), -3, 50]]), IDR)
    differ = observed("shopee", as_csv([headings, [*order("A1", 50), -3, -4]]), IDR)
    assert booked(equal) == {"order/A1": Decimal(50)}
    if repeated == "Biaya Layanan":
        assert [str(each.amount) for each in lines(differ) if each.kind is Kind.SERVICE_FEE] == ["-3", "-4"]
    else:
        assert "differ" in problems(differ)[0].reason


def of_status(status: str) -> list[Observation]:
    return observed("shopee", as_csv([[*HEADINGS, "Status"], [*order("A1", 50), status]]), IDR)


def test_a_row_that_is_said_to_be_done_is_money_and_one_that_is_not_is_left_out() -> None:
    assert booked(of_status("Selesai")) == {"order/A1": Decimal(50)}
    for status, reason in (("Menunggu", "a pending row"), ("Gagal", "a row that failed or was cancelled")):
        assert (booked(of_status(status)), left_out(of_status(status))) == ({}, [reason])


@pytest.mark.parametrize("status", ["", "??"])
def test_a_row_without_a_status_or_of_an_unknown_one_is_expected_with_a_finding(status: str) -> None:
    (only,) = records(of_status(status))
    assert (only.first.stage, only.books, only.first.doubts[0].rule) == (Stage.EXPECTED, False, "status_is_known")


@pytest.mark.parametrize(("date", "left"), [("PEND", 1), ("Menunggu", 1), ("32/13/2026", 0)])
def test_a_word_for_pending_in_place_of_a_date_leaves_the_row_out_and_another_is_listed(date: str, left: int) -> None:
    found = observed("shopee", as_csv([HEADINGS, order("A1", 50, day=date)]), IDR)
    assert (booked(found), len(left_out(found)), len(problems(found))) == ({}, left, 1 - left)


def test_an_order_without_a_date_of_release_is_not_released() -> None:
    (only,) = records(observed("shopee", as_csv([HEADINGS, order("A1", 50, day="-")]), IDR))
    assert (only.first.stage, only.books, [each.rule for each in only.first.doubts]) == (
        Stage.EXPECTED, False, ["release_has_a_date"],
    )  # fmt: skip


INCOME_BOOK: dict[str, Rows] = {
    "Summary": [
        ["Laporan Penghasilan"], ["Username (Penjual)", "toko_contoh"], ["Dari", "2026-08-01"], ["ke", "2026-08-31"],
        ["1. Total Pendapatan", None, 152000], ["3. Total yang Dilepas", None, 150000],
    ],
    "Penghasilan": [["Informasi Pesanan"], HEADINGS, order("A1", 100_000), item("A1", "11", 100_000), order("A2", 50_000)],
    "Adjustment": [
        ["Ringkasan Biaya Penyesuaian"], ["Kompensasi", 4000], [],
        ["No.", "Tanggal Penyesuaian Dibuat", "Tipe Penyesuaian | Deskripsi", "Alasan Penyesuaian", "Biaya Penyesuaian",
         "No. Pesanan Terhubung"],
        [1, "2026-08-09", "Kompensasi", "hilang", 4000, "A1"], [2, "2026-08-09", "Kompensasi", "hilang", 4000, "A1"],
        [3, "2026-08-10", "Denda", "terlambat", -500, "-"], ["Total", "", "", "", 7500],
    ],
}  # fmt: skip


def test_an_income_workbook_is_its_orders_its_adjustments_and_its_totals() -> None:
    found = observed("shopee", as_workbook(INCOME_BOOK), IDR)
    assert problems(found) == []
    assert sum(booked(found).values()) == 150_000 + 7_500
    adjustments = [each for each in records(found) if each.first.source == "shopee.income_adjustments"]
    assert [(int(each.amount), each.first.order, each.first.level) for each in adjustments] == [
        (4000, "A1", Level.ORDER), (4000, "A1", Level.ORDER), (-500, None, Level.GLOBAL),
    ]  # fmt: skip
    assert len({each.first.reference for each in adjustments}) == 3
    assert stated(found) == [
        ("Total", TotalOf.AMOUNTS, Decimal(7500), "Adjustment"),
        ("3. Total yang Dilepas", TotalOf.AMOUNTS, Decimal(150_000), "Penghasilan"),
    ]
    assert left_out(found) == ["a total row"]
    again = observed("shopee", as_workbook(INCOME_BOOK), IDR)
    assert booked(again) == booked(found)


def test_a_sheet_that_nothing_was_read_in_is_named() -> None:
    book: dict[str, Rows] = {**INCOME_BOOK, "Seller Fee": [["No. Pesanan", "Biaya Platform"], ["A1", -5]]}
    found = observed("shopee", as_workbook(book), IDR)
    assert [each.text for each in found if isinstance(each, Note)] == ["nothing was read in these sheets: Seller Fee"]
    assert booked(found) == booked(observed("shopee", as_workbook(INCOME_BOOK), IDR))


def test_an_english_income_workbook_is_read_as_well() -> None:
    book: dict[str, Rows] = {
        "Income": [
            ["Order Info"],
            ["Sequence No.", "View By", "Order ID", "Product ID", "Order Creation Date", "Payout Completed Date",
             "Product Price", "Commission Fee (incl. SST)", "Total Released Amount (RM)"],
            [1, "Order", "A1", "-", "2026-08-01", "2026-08-05", 50, -1.5, 48.5],
            [2, "Sku", "A1", "77", "2026-08-01", "2026-08-05", 50, -1.5, 48.5],
        ],
        "Adjustment": [
            ["Sequence No.", "Adjustment Complete Date", "Adjustment Type | Description", "Adjustment Reason",
             "Adjustment Amount", "Linked Order No.", "Payout Completed Date"],
            [1, "2026-08-09", "Return", "x", -17.67, "A1", "2026-08-05"],
        ],
        "Summary": [["Total Released Amount (RM)", 48.5]],
    }  # fmt: skip
    found = observed("shopee", as_workbook(book), Shop(currency="MYR"))
    assert problems(found) == []
    assert sum(booked(found).values()) == Decimal("30.83")
    assert stated(found) == [("Total Released Amount (RM)", TotalOf.AMOUNTS, Decimal("48.5"), "Income")]


BALANCE_HEADINGS = ["Tanggal Transaksi", "Tipe Transaksi", "Deskripsi", "No. Pesanan", "Jenis Transaksi", "Jumlah",
                    "Status", "Saldo Akhir"]  # fmt: skip
BALANCE: Rows = [
    ["Laporan Transaksi"], ["Dari", "2026-09-01"], ["Ke", "2026-09-30"],
    ["Total Saldo Masuk", 192000], ["Total Saldo Keluar", 182000], BALANCE_HEADINGS,
    ["2026-09-02 10:00:00", "Penghasilan dari Pesanan", "Penghasilan dari Pesanan #A1", "A1", "Transaksi Masuk",
     "185000.00", "Transaksi Selesai", "185000.00"],
    ["2026-09-03 09:00:00", "Pembayaran dengan Saldo Penjual", "Isi Ulang Iklan", "-", "Transaksi Keluar", "2000.00",
     "Transaksi Selesai", "183000.00"],
    BALANCE_HEADINGS,
    ["2026-09-03 09:00:00", "Pembayaran dengan Saldo Penjual", "Isi Ulang Iklan", "-", "Transaksi Keluar", "2000.00",
     "Transaksi Gagal", "183000.00"],
    ["2026-09-04 09:00:00", "Penarikan Dana", "Penarikan Dana", "-", "Transaksi Keluar", "180000.00",
     "Transaksi Selesai", "3000.00"],
    ["2026-09-05 09:00:00", "Jenis Baru", "?", "-", "Transaksi Masuk", "7000.00", "Transaksi Selesai", "10000.00"],
]  # fmt: skip


@pytest.mark.parametrize("as_file", [as_csv, lambda rows: as_workbook({"Transaction Report": rows})])
def test_the_transaction_report_releases_orders_withdraws_and_books_the_rest(as_file: Any) -> None:
    found = observed("shopee", as_file(BALANCE), IDR)
    assert problems(found) == []
    assert [(each.first.kind, int(each.first.amount), each.first.stage, each.books) for each in records(found)] == [
        (Kind.PAYOUT, 185_000, Stage.RELEASED, False),
        (Kind.SERVICE_FEE, -2_000, Stage.RELEASED, True),
        (Kind.WITHDRAWAL, -180_000, Stage.PAID, False),
        (Kind.OTHER, 7_000, Stage.RELEASED, True),
    ]
    released, *_ = records(found)
    assert released.releases == "order/A1"
    assert len({each.first.reference for each in records(found)}) == 4
    assert [(each[0], each[1], int(each[2])) for each in stated(found)] == [
        ("Total Saldo Masuk", TotalOf.CREDITS, 192_000), ("Total Saldo Keluar", TotalOf.DEBITS, 182_000),
    ]  # fmt: skip
    assert [each.actual for each in records(found)[-1].first.doubts] == ["Jenis Baru"]
    assert left_out(found) == ["the headings again", "a row that failed or was cancelled"]


SETTLED: dict[str, Rows] = {
    "Laporan": [["", "Periode", "2026/09/01-2026/09/30"], ["", "Mata uang", "IDR"],
                ["", "Jumlah penyelesaian pembayaran", 128000]],
    "Detail pesanan": [
        ["ID Pesanan/Penyesuaian", "Jenis transaksi", "Waktu pemesanan", "Waktu pembayaran pesanan", "Mata uang",
         "Jumlah penyelesaian pembayaran", "Total Pendapatan", "Total Biaya", "Biaya komisi platform",
         "Komisi Afiliasi", "ID pesanan terkait"],
        ["5800000000000001", "Pesanan", "2026/09/01", "2026/09/03", "IDR", 130000, 150000, -20000, -15000, -5000, "/"],
        ["3600000000000009", "Penyesuaian logistik", "/", "2026/09/04", "IDR", -2000, 0, -2000, 0, 0, "5800000000000001"],
        ["3600000000000010", "Pembayaran GMV untuk Iklan TikTok", "/", "2026/09/04", "IDR", -9000, 0, -9000, 0, 0, "/"],
        ["3600000000000011", "Sesuatu yang baru", "/", "2026/09/04", "IDR", 9000, 9000, 0, 0, 0, "/"],
    ],
    "Riwayat penarikan": [
        ["Jenis transaksi", "ID referensi", "Waktu permintaan", "Total", "Status", "Waktu keberhasilan", "Rekening bank"],
        ["Payments", "77", "2026/09/05", -128000, "Transferred", "2026/09/06", "BCA ****1234"],
        ["Earnings", "78", "2026/09/04", 128000, "Transferred", "2026/09/04", "/"],
        ["Payments", "79", "2026/09/06", -5, "Processing", "/", "/"],
    ],
}  # fmt: skip


@pytest.mark.parametrize(("channel", "books"), [("tiktok", False), ("tokopedia", True)])
def test_the_income_file_of_the_merged_marketplaces(channel: str, books: bool) -> None:
    found = observed(channel, as_workbook(SETTLED), Shop(currency="IDR"))
    assert problems(found) == []
    details = [each for each in records(found) if each.first.source == f"{channel}.income_report"]
    assert [(each.first.kind, int(each.first.amount), each.first.order, each.books) for each in details] == [
        (Kind.PAYOUT, 130_000, "5800000000000001", books),
        (Kind.ADJUSTMENT, -2_000, "5800000000000001", books),
        (Kind.SERVICE_FEE, -9_000, None, books),
        (Kind.OTHER, 9_000, None, books),
    ]
    assert [(line.kind, int(line.amount), line.part_of) for line in details[0].lines] == [
        (Kind.PAYOUT, 130_000, None),
        (Kind.ITEM_REVENUE, 150_000, "Jumlah penyelesaian pembayaran"),
        (Kind.FEE, -20_000, "Jumlah penyelesaian pembayaran"),
        (Kind.COMMISSION, -15_000, "Total Biaya"),
        (Kind.AFFILIATE_FEE, -5_000, "Total Biaya"),
    ]
    moved = [each.first for each in records(found) if each.first.source == f"{channel}.withdrawal_records"]
    assert [(each.kind, int(each.amount), each.stage) for each in moved] == [
        (Kind.WITHDRAWAL, -128_000, Stage.PAID), (Kind.PAYOUT, 128_000, Stage.RELEASED),
    ]  # fmt: skip
    assert left_out(found) == ["a pending row"]
    assert stated(found) == [("Jumlah penyelesaian pembayaran", TotalOf.AMOUNTS, Decimal(128_000), "Detail pesanan")]
    assert "****" not in repr(found)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("110,000", "110000"), ("110.000", "110000"), ("1.234,50", "1234.50"), ("1,234.50", "1234.50"),
        ("(5,000)", "-5000"), ("-Rp10.000", "-10000"), ("RM 12.50", "12.50"), ("12.000 IDR", "12000"), ("1,5", "1.5"),
        ("0.500", "0.500"), ("0,5", "0.5"), ("1,234,567", "1234567"), ("1.234.567", "1234567"), ("(Rp5.000)", "-5000"),
    ],
)  # fmt: skip
def test_amounts_are_read_whichever_sign_groups_their_digits(text: str, number: str) -> None:
    assert read_cell_amount(text, None).number == Decimal(number)
