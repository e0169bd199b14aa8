"""JSON, XML, CSV and XLSX of any length and in any state."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

import openpyxl
import pytest

from service.formats.json import CHUNK_CHARACTERS
from service.formats.json_records import Record, json_records
from service.formats.unreadable import Unreadable
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Shop
from tests.service.marketplaces.samples import line_texts, lines, observed, problems, sample, statements

IDR = Shop(currency="IDR")
ROUTES = frozenset({(), ("data",), ("data", "rows")})


class Trickle(io.RawIOBase):
    """A stream that gives few bytes at a time."""

    def __init__(self, content: bytes, step: int) -> None:
        super().__init__()
        self._content, self._step, self._at = content, step, 0

    def readable(self) -> bool:
        return True

    def read(self, _size: int = -1) -> bytes:
        piece = self._content[self._at : self._at + self._step]
        self._at += len(piece)
        return piece


def records(content: bytes, step: int = 1 << 20) -> list[Record | Unreadable]:
    stream: BinaryIO = Trickle(content, step)  # type: ignore[assignment]
    return list(json_records(stream, ROUTES))


DOCUMENT = '{"a": {"b": [1, 2]}, "data": {"rows": [{"n": 1.50}, {"n": "é", "m": [{}]} , 7], "more": true}, "z": null}'


@pytest.mark.parametrize("step", [1, 2, 3, 7, 4096])
@pytest.mark.parametrize("pad", ["", "\n"])
def test_records_are_the_same_however_the_bytes_come(step: int, pad: str) -> None:
    found = records((pad + DOCUMENT.replace(", ", f",{pad or ' '}")).encode(), step)
    assert [
        (each.value, each.raw.decode()) for each in found if isinstance(each, Record) and each.route is not None
    ] == [
        ({"n": "1.50"}, '{"n": 1.50}'),
        ({"n": "é", "m": [{}]}, f'{{"n": "é",{pad or " "}"m": [{{}}]}}'),
        ("7", "7"),
    ]
    (rest,) = [each for each in found if isinstance(each, Record) and each.route is None]
    assert rest.value == {"a": {"b": ["1", "2"]}, "data": {"more": True}, "z": None}


@pytest.mark.parametrize("step", [100_003, 262_144, 300_000])
def test_a_number_that_the_window_cuts_is_whole(step: int) -> None:
    count = 180_000
    found = records(b'{"data": [' + b",".join([b"12345"] * count) + b"]}", step)
    assert [each.value for each in found if isinstance(each, Record) and each.route == ("data",)] == ["12345"] * count


def test_a_broken_line_costs_that_line() -> None:
    found = records(b'{"n": 1}\n{"n": \n{"n": NaN}\n{"n": 2}\n[1}\n{"n": 3}')
    assert [each.value["n"] for each in found if isinstance(each, Record)] == ["1", "2", "3"]
    assert [each.place for each in found if isinstance(each, Unreadable)] == ["line 2", "line 3", "line 5"]


def test_a_document_that_breaks_off_keeps_what_came_before() -> None:
    found = records(b'{"data": [{"n": 1},\n {"n": 2},\n {"n": 3')
    assert [each.value for each in found if isinstance(each, Record)] == [{"n": "1"}, {"n": "2"}]
    (problem,) = [each for each in found if isinstance(each, Unreadable)]
    assert problem.place == "line 3"
    assert problem.raw == b'{"n": 3'


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_empty_file_is_listed(channel: str) -> None:
    (problem,) = observed(channel, b"", IDR)
    assert isinstance(problem, Unreadable)
    assert problem.place == "the file"


def test_what_is_not_text_is_listed_as_it_stood() -> None:
    found = records(b'{"n": "\xff"}\n{"n": "\\u0000"}\n{"n": "\\ud800"}\n{"n": "ok"}')
    assert [each.raw for each in found if isinstance(each, Unreadable)] == [
        b'{"n": "\xff"}',
        b'{"n": "\\u0000"}',
        b'{"n": "\\ud800"}',
    ]
    assert [each.value for each in found if isinstance(each, Record)] == [{"n": "ok"}]


def test_nesting_without_end_is_listed() -> None:
    (problem,) = records(b'{"a": ' + b"[" * 200_000)
    assert isinstance(problem, Unreadable)


def test_a_byte_order_mark_is_no_content() -> None:
    (only,) = records(b"\xef\xbb\xbf" + b'{"n": 1}')
    assert isinstance(only, Record)


def test_an_array_of_whole_answers_is_read_answer_by_answer() -> None:
    one = {
        "error": "",
        "response": {"escrow_list": [{"order_sn": "A1", "payout_amount": 1, "escrow_release_time": 1655714431}]},
    }
    found = observed("shopee", [one, one], IDR)
    assert [line.order for line in lines(found)] == ["A1", "A1"]
    assert not problems(found)


# XML

SEED = "lazada-get-payout-status.xml"


@pytest.mark.parametrize("step", [1, 5, 64, 700])
def test_xml_is_the_same_however_the_bytes_come(step: int) -> None:
    stream: BinaryIO = Trickle(sample(SEED), step)  # type: ignore[assignment]
    found = list(CHANNELS["lazada"].read(stream, Shop()))
    assert [(each.number, each.raw) for each in statements(found)] == [
        (each.number, each.raw) for each in statements(observed("lazada", sample(SEED)))
    ]
    assert not problems(found)


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
    ],
)
def test_a_document_type_is_refused(declaration: bytes) -> None:
    raw = sample(SEED).replace(b"<SuccessResponse>", declaration + b"<SuccessResponse>")
    raw = raw.replace(b"<Paid>0</Paid>", b"<Paid>0</Paid><X>&a;</X>")
    (problem,) = observed("lazada", raw)
    assert isinstance(problem, Unreadable)
    assert "document type" in problem.reason


def test_xml_that_breaks_off_keeps_the_statements_before() -> None:
    raw = sample(SEED)
    found = observed("lazada", raw[: raw.index(b"777.77")])
    assert [each.number for each in statements(found)] == ["EG100RT-20141228"]
    (problem,) = problems(found)
    assert problem.raw.startswith(b"<Statement>")
    assert b"EG100RT-20141229" in problem.raw


def test_xml_in_another_encoding_is_understood() -> None:
    raw = sample(SEED).decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
    assert [each.number for each in statements(observed("lazada", raw))] == ["EG100RT-20141228", "EG100RT-20141229"]


# Memory


class Made(io.RawIOBase):
    """A long file that is never whole anywhere."""

    def __init__(self, head: bytes, piece: bytes, count: int, tail: bytes) -> None:
        super().__init__()
        self._pieces = self._make(head, piece, count, tail)
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._left += piece
        found, self._left = self._left[:size], self._left[size:]
        return found

    @staticmethod
    def _make(head: bytes, piece: bytes, count: int, tail: bytes) -> Iterator[bytes]:
        yield head
        for index in range(count):
            yield piece.replace(b"@", str(index).encode())
        yield tail


def peak(channel: str, stream: Made, expected: int) -> int:
    tracemalloc.start()
    try:
        count = sum(not isinstance(each, Unreadable) for each in CHANNELS[channel].read(stream, IDR))  # type: ignore[arg-type]
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        assert count == expected


ESCROW = (
    b'{"order_sn": "O@", "payout_amount": 5733.04, "escrow_release_time": 1655714431, "pad": "' + b"x" * 900 + b'"}'
)
STATEMENT = (
    b"<Statement><StatementNumber>S@</StatementNumber><Payout>1.00 IDR</Payout><Pad>"
    + b"x" * 900
    + b"</Pad></Statement>"
)
SHAPES = {
    "one array": ("shopee", b'{"response": {"escrow_list": [' + ESCROW, b"," + ESCROW, b'], "more": false}}', 1),
    "lines": ("shopee", b"", ESCROW + b"\n", b"", 0),
    "xml": (
        "lazada",
        b"<SuccessResponse><Body><PayoutStatus>",
        STATEMENT,
        b"</PayoutStatus></Body></SuccessResponse>",
        0,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_four_times_the_file_takes_no_more_memory(shape: str) -> None:
    channel, head, piece, tail, extra = SHAPES[shape]
    few = peak(channel, Made(head, piece, 3000, tail), 3000 + extra)
    many = peak(channel, Made(head, piece, 12_000, tail), 12_000 + extra)
    assert len(ESCROW) * 12_000 > 40 * CHUNK_CHARACTERS
    assert many < few * 1.5


# Tables

HEADINGS = [
    "No.",
    "No. Pesanan",
    "Tanggal Dana Dilepaskan",
    "Harga Asli Produk",
    "Biaya\nAdministrasi",
    "Total Penghasilan",
]


def workbook() -> bytes:
    book = openpyxl.Workbook()
    summary = book.active
    assert summary is not None
    summary.title = "Summary"
    summary.append(["Laporan Penghasilan"])
    income = book.create_sheet("Income")
    income.append(["Toko", "X"])
    income.append(HEADINGS)
    income.append([1, "2602170GS576N1", "2026-05-01", 100000.5, -8000, 92000.5])
    income.append([2, "B2", date(2026, 5, 2), 10, 0, 10])
    income.append([3, None, None, 5, 0, 5])
    adjustments = book.create_sheet("Adjustment")
    adjustments.append(["Tipe Penyesuaian | Deskripsi", "Biaya Penyesuaian", "No. Pesanan Terhubung"])
    adjustments.append(["Lost", -1000, "B2"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_an_income_report_is_read_sheet_by_sheet() -> None:
    found = observed("shopee", workbook(), IDR)
    assert line_texts(found) == [
        ("payout", "92000.5", "Total Penghasilan"),
        ("item_revenue", "100000.5", "Harga Asli Produk"),
        ("commission", "-8000", "Biaya Administrasi"),
        ("payout", "10", "Total Penghasilan"),
        ("item_revenue", "10", "Harga Asli Produk"),
        ("commission", "0", "Biaya Administrasi"),
        ("adjustment", "-1000", "Biaya Penyesuaian"),
    ]
    first, second = [line for line in lines(found) if line.field == "Total Penghasilan"]
    assert first.reference == "order/2602170GS576N1"
    assert [first.occurred_at.instant, second.occurred_at.instant] == [
        "2026-04-30T17:00:00.000000Z",
        "2026-05-01T17:00:00.000000Z",
    ]
    assert [(each.place, each.reason) for each in problems(found)] == [("Income, row 5", "it has no No. Pesanan")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_same_report_as_csv(delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["Toko", "X"])
    writer.writerow(HEADINGS)
    writer.writerow(["1", "A1", "2026-05-01", "Rp100.000", "-8.000,50", "91.999,50"])
    found = observed("shopee", b"\xef\xbb\xbf" + text.getvalue().encode(), IDR)
    assert [amount for _, amount, _ in line_texts(found)] == ["91999.50", "100000", "-8000.50"]


def test_rows_that_are_not_utf_8_are_listed() -> None:
    head = b"No. Pesanan,Tanggal Dana Dilepaskan,Total Penghasilan"
    found = observed("shopee", head + b"\nA\xe9,2026-05-01,5\nB,2026-05-01,6\n", IDR)
    assert [line.order for line in lines(found)] == ["B"]
    assert "UTF-8" in problems(found)[0].reason


def test_a_charge_a_row_is_a_fee_report() -> None:
    text = "Nomor Laporan,Tanggal Transaksi,Nama Biaya,Jumlah (Termasuk Pajak),Nomor Pesanan,ID Pesanan\n"
    text += 'ID-1,17 May 2016,Komisi,"-1.500,25",55,66\nID-1,17 May 2016,Biaya Pembayaran,-10,55,66\n'
    found = lines(observed("lazada", text.encode(), IDR))
    assert [(line.kind.value, str(line.amount), line.statement, line.order, line.item) for line in found] == [
        ("commission", "-1500.25", "ID-1", "55", "66"),
        ("payment_fee", "-10", "ID-1", "55", "66"),
    ]
    assert found[0].reference != found[1].reference


def test_a_zip_file_that_holds_no_workbook_is_listed_with_what_it_holds() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as parts:
        parts.writestr("Income.csv", "No. Pesanan\n")
    (problem,) = observed("shopee", made.getvalue(), IDR)
    assert isinstance(problem, Unreadable)
    assert "a zip file that holds no workbook: it has Income.csv; unpack it" in problem.reason


def test_a_damaged_workbook_is_listed() -> None:
    (problem,) = observed("shopee", workbook()[:-200], IDR)
    assert isinstance(problem, Unreadable)
    assert "damaged" in problem.reason


def test_a_workbook_that_breaks_off_keeps_the_rows_before() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: content.index(b'<row r="4"')] if name.endswith("sheet2.xml") else content)
    found = observed("shopee", made.getvalue(), IDR)
    assert {line.order for line in lines(found)} == {"2602170GS576N1"}
    assert "breaks off" in problems(found)[0].reason


@pytest.mark.parametrize("before", [b"", b"<!-- " + b"x" * 100_000 + b" -->"])
def test_a_workbook_with_a_document_type_is_refused(before: bytes) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet2.xml"):
                content = before + b'<!DOCTYPE x [<!ENTITY a "b">]>' + content.removeprefix(b"<?xml version='1.0'?>")
            new.writestr(name, content)
    (problem,) = observed("shopee", made.getvalue(), IDR)
    assert isinstance(problem, Unreadable)
    assert "document type" in problem.reason


def test_a_workbook_that_unpacks_without_end_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as parts, parts.open("xl/sharedStrings.xml", "w") as strings:
        for _ in range(129):
            strings.write(bytes(1024 * 1024))
    (problem,) = observed("shopee", made.getvalue(), IDR)
    assert isinstance(problem, Unreadable)
    assert "texts take more" in problem.reason
