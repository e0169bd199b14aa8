"""Bounds on work: a small file that asks for more than any real one is refused where it does. Steps are counted."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from service.banks import camt, camt_statement
from service.banks.files import bank_observations
from service.banks.observations import ObservedEntry
from service.banks.tables import TableRequest
from service.formats import bounds, json, json_records, workbook_parts
from service.formats.spreadsheets import TableRow, csv_rows, heading, rows_of_head
from service.formats.unreadable import Unreadable
from service.formats.xml_records import xml_records
from service.marketplaces.observations import Shop
from service.marketplaces.report_columns import key_of
from tests.service.banks.samples import PAYOUT
from tests.service.banks.samples import camt as written
from tests.service.formats.books import CELL, book, rows_of, zipped
from tests.service.formats.steps import steps
from tests.service.marketplaces.samples import observed, problems

IDR = Shop(currency="IDR")


def reasons(content: bytes) -> str:
    """Why a workbook's file is not read, or not further."""
    return " ".join(each.reason for each in problems(observed("shopee", content, IDR)))


# Workbooks


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (book(f'<row r="1">{CELL.format("XFD1")}</row>'), "a, row 1 has a value beyond column 1000"),
        (book(*(f'<row r="{n}">{CELL.format(f"ALL{n}")}</row>' for n in range(1, 1200))), "leaves out 32 cells"),
        (book('<row r="1048577"><c r="A1048577"><v>1</v></c></row>'), "beyond 1048576"),
        (book("<row>" + "<c/>" * 50_001 + "</row>"), "behind row 0, there are more than 50000 XML elements"),
        (book("<row/>" + "<x/>" * 30_000 + "<row/>" + "<x/>" * 30_000), "behind row 1, there are more than 50000"),
        (book("<row/>", after="<mergeCells>" + "<mergeCell/>" * 50_001 + "</mergeCells>"), "behind row 1, there are"),
        (book("<row><c>" + "<x>" * 400_000), "more than 1048576 bytes"),
        (book("<row>" + ('<c t="str"><v>' + "x" * 400_000 + "</v></c>") * 22 + "</row>"), "there are more than 8388608 bytes"),
        (book(strings="<si><t>" + "x" * 1_300_000 + "</t></si>"), "the shared strings, behind number 0"),
        (book(strings="<si>" + "<r><t>x</t></r>" * 26_000 + "</si>"), "there are more than 50000 XML elements"),
        (book(styles="<x/>" * 50_001), "xl/styles.xml has more than 50000 XML elements"),
        (book(styles='<cellStyle name="a"/>' * 2001), "xl/styles.xml has more than 2000 elements cellStyle"),
        (book(styles=" " * (8 * 1024**2)), "xl/styles.xml has 83"),
        (book(styles="<x>" * 40 + "</x>" * 40), "nested more than 32 deep"),
        (book(sheets=101), "the workbook has 101 sheets, which is more than 100"),
        (book(sheets=2, one_part=True), "is the part of several sheets"),
        (book(other={"xl/media/image.png": bytes(17 * 1024**2)}), "the zip file unpacks to 178"),
        (book(other={f"xl/{number}.bin": b"" for number in range(1000)}), "has 1005 files in it, which is more than 1000"),
        (book(other={"x" * 60_000 + str(number): b"" for number in range(20)}), "table of contents has 12"),
        (book(other={"xl/comments.xml": b"<!--" + b" " * 1_300_000 + b"--><a/>"}), "no element in its first 1048576 bytes"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_workbook_beyond_a_bound_is_refused_by_its_name_and_place(content: bytes, said: str) -> None:
    assert said in reasons(content)


def test_a_member_that_would_be_unpacked_at_once_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_BZIP2) as parts:
        parts.writestr("xl/workbook.xml", bytes(10 * 1024**2))
    assert "packed in another way than deflate" in reasons(made.getvalue())


@pytest.mark.parametrize("name", ["ROWS_MAX", "STRINGS_MAX"])
def test_rows_and_shared_strings_are_counted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_parts, name, 10)
    item = "<row/>" if name == "ROWS_MAX" else "<si/>"
    rows, strings = (item * 11, "") if name == "ROWS_MAX" else ("", item * 11)
    assert "10, there are more" in reasons(book(rows, strings=strings))
    assert "there are more" not in reasons(book(rows[len(item) :], strings=strings[len(item) :]))


def test_a_row_that_stands_far_below_costs_no_rows_before_it() -> None:
    (row,) = rows_of(book('<row r="1048576"><c r="C1048576"><v>1</v></c></row>'))
    assert (row.number, row.cells) == (1_048_576, [None, None, "1"])


def test_cells_without_a_value_may_be_styled_to_the_last_column() -> None:
    (row,) = rows_of(book('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="0"/></row>'))
    assert len(row.cells) == 1000
    assert [cell for cell in row.cells if cell is not None] == ["1"]


def test_a_workbook_in_a_banks_zip_file_unpacks_within_the_bound_of_the_whole() -> None:
    inner = book(other={"xl/media/image.png": bytes(9 * 1024**2)})
    with_two = zipped({"1.xlsx": inner, "2.xlsx": inner})
    found = list(bank_observations(io.BytesIO(with_two), TableRequest()))
    assert ["unpacks to" in each.reason for each in found if isinstance(each, Unreadable)] == [False, True]


# CSV


def csv_of(content: bytes) -> list[TableRow | Unreadable]:
    return list(csv_rows(io.BufferedReader(io.BytesIO(content)), ","))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"," * 1000 + b"\n", "it has 1001 columns, which is more than 1000"),
        (b"," * 1_048_576 + b"\n", "a row of more than 1048576 characters"),
        (b"," * 3_000_000 + b"\n", "a row of more than 1048576 characters"),
    ],
)
def test_a_row_beyond_a_bound_is_listed_and_the_rows_around_it_are_read(bad: bytes, said: str) -> None:
    found = csv_of(b"a,b\n" + bad + b"c,d\n")
    assert isinstance(found[0], TableRow)
    assert isinstance(found[1], Unreadable)
    assert said in found[1].reason
    assert isinstance(found[-1], TableRow)
    assert found[-1].cells == ["c", "d"]


def test_a_row_of_many_lines_ends_at_the_bound() -> None:
    first, *_ = csv_of(b'"a\n",' * 300_000)
    assert isinstance(first, Unreadable)
    assert (first.place, "more than 1048576 characters" in first.reason) == ("behind line 209715", True)


def test_the_head_of_a_file_is_looked_at_row_by_row_up_to_a_bound() -> None:
    assert len(list(rows_of_head("a\n" * 30_000, ","))) == bounds.HEAD_ROWS_MAX
    assert list(rows_of_head("," * 60_000 + "\na,b\n", ",")) == [["a", "b"]]


def test_the_notes_of_a_heading_are_taken_off_up_to_a_bound() -> None:
    assert steps(lambda: key_of("Amount" + "(b)" * 40_000)) < 2000
    assert len(heading("x" * 10_000)) == bounds.HEADING_CHARACTERS_MAX


def test_headings_that_come_again_cost_no_more_for_each_of_their_columns() -> None:
    """Each row of headings begins another table. As many names are looked for in a wide row as in a narrow one."""

    def cost(width: int) -> int:
        names = ",".join(["No. Pesanan,Tanggal Dana Dilepaskan,Total Penghasilan", *(f"x{n}" for n in range(width))])
        content = "".join(f"{names},y{n}\n" for n in range(20)).encode()
        return steps(lambda: observed("shopee", content, IDR))

    narrow, wide = cost(10), cost(900)
    assert wide < narrow + 890 * 20 * 100


# JSON


def json_of(content: bytes) -> list[Any]:
    return list(json_records.json_records(io.BytesIO(content), frozenset({("data",)})))


DEEP = b'{"a":' + b"[" * 64 + b"]" * 64 + b"}"
MANY = b"[" + b"0," * 1_000_000 + b"0]"


@pytest.mark.parametrize(("bad", "said"), [(DEEP, "nested more than 64 deep"), (MANY, "more than 1000000 values")])
def test_a_record_of_json_beyond_a_bound_is_listed_and_those_around_it_are_read(bad: bytes, said: str) -> None:
    first, refused, last, _ = json_of(b'{"data": [{"a": 1}, ' + bad + b', {"a": 2}]}')
    assert (first.value, last.value) == ({"a": "1"}, {"a": "2"})
    assert isinstance(refused, Unreadable)
    assert said in refused.reason
    assert "data[1]" in refused.place
    _, beside = json_of(b'{"data": [1], "other": ' + bad + b"}")
    assert said in beside.reason


def test_a_record_of_json_that_goes_on_is_left_where_it_has_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = counted_decoding(monkeypatch)
    (problem,) = json_of(b'{"data": [[' + b"[]," * 5_000_000)
    assert "more than 1000000 values" in problem.reason
    assert sum(decoded) < 10_000_000


def counted_decoding(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The length of each text that is decoded from here on."""
    decoded: list[int] = []
    decode, value = json.decode, json.JsonText.value

    def counted(text: str) -> Any:
        decoded.append(len(text))
        return decode(text)

    def counted_value(text: json.JsonText) -> Any:
        decoded.append(0)
        found = value(text)
        decoded[-1] = len(found[1])
        return found

    monkeypatch.setattr(json_records, "decode", counted)
    monkeypatch.setattr(json.JsonText, "value", counted_value)
    return decoded


def test_documents_on_one_line_are_not_read_again_for_each_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = counted_decoding(monkeypatch)
    content = b'{"a":1}' * 20_000
    assert len(json_of(content)) == 20_000
    assert sum(decoded) < 4 * len(content)


# XML


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<r>" + b"<a/>" * 50_001 + b"</r>", "a r of more than 50000 elements"),
        (b"<r>" + b"x" * 1_200_000 + b"</r>", "a r longer than 1048576 bytes"),
        (b"<" + b"n" * 301 + b"/>", "a name of more than 300 characters"),
        (b"<r " + b" ".join(b'a%d=""' % number for number in range(101)) + b"/>", "more than 100 attributes"),
        (b"<a>" * 32, "nested more than 32 deep"),
        (b"<r a='" + b"x" * 1_200_000 + b"'/>", "a tag or a comment longer than 1048576 bytes"),
        (b"<!--" + b"x" * 1_200_000 + b"-->", "a tag or a comment longer than 1048576 bytes"),
    ],
)
def test_a_record_of_xml_beyond_a_bound_ends_the_file_with_its_name(body: bytes, said: str) -> None:
    found = list(xml_records(io.BytesIO(b"<d><r><a>1</a></r>" + body + b"</d>"), "r"))
    assert [each.value for each in found[:-1] if not isinstance(each, Unreadable)] == [{"a": "1"}]
    assert isinstance(found[-1], Unreadable)
    assert said in found[-1].reason


def test_text_around_records_is_kept_up_to_a_bound() -> None:
    content = b"<d>" + b"x" * 3_000_000 + b"<r><a>1</a></r></d>"
    *_, remainder = xml_records(io.BytesIO(content), "r")
    assert not isinstance(remainder, Unreadable)
    assert len(str(remainder.value)) <= bounds.XML_RECORD_BYTES_MAX + 100


# Banks


def bank(content: bytes) -> list[Any]:
    return list(bank_observations(io.BytesIO(content), TableRequest()))


def test_a_statement_with_too_many_balances_is_refused() -> None:
    found = bank(written("<Bal/>" * 99))
    assert "Stmt[0] has more than 100 balances" in found[-1].reason


def test_texts_of_an_entry_are_kept_up_to_a_bound() -> None:
    """Each path is kept once: names that are all different would each be kept."""
    many = "".join(f"<x{number}>1</x{number}>" for number in range(1000))
    parties = "".join(f"<p{number}><Nm>1</Nm></p{number}>" for number in range(1000))
    inside = PAYOUT.replace("<BookgDt>", f"{many}<BookgDt>", 1)
    assert len(entry_of(written(inside)).fields) == bounds.FIELDS_MAX
    crowded = PAYOUT.replace("<RltdPties>", f"<RltdPties>{parties}", 1)
    assert len(entry_of(written(crowded)).parties) == bounds.FIELDS_MAX


def entry_of(content: bytes) -> camt_statement.Entry:
    """The entry of a camt file, as its texts were kept."""
    made: list[camt_statement.Entry] = []

    def kept(place: str) -> camt_statement.Entry:
        made.append(camt_statement.Entry(place))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(camt, "Entry", kept)
        bank(content)
    (entry,) = made
    return entry


MT940_HEAD = b":20:S\n:25:1/2\n:28C:1\n:60F:C260904EUR1000,00\n"
MT940_ENTRY = b":61:2609040904C1250,00NTRFE2E-77//FT0001\n"
MT940_END = b":62F:C260905EUR2250,00\n-\n"


def test_a_message_whose_head_is_long_is_listed() -> None:
    """It is read again with each of its entries."""
    found = bank(MT940_HEAD + MT940_ENTRY + b":65:C260905EUR2250,00\n" * 200 + MT940_END)
    (problem,) = found
    assert "the fields beside its entries have more than 4096 characters" in problem.reason


def test_an_entry_that_is_long_is_listed_and_those_around_it_are_read() -> None:
    found = bank(MT940_HEAD + MT940_ENTRY + b":86:x\n" * 5000 + MT940_ENTRY + MT940_END)
    assert "it has more than 16384 characters" in found[0].reason
    assert isinstance(found[1], ObservedEntry)


def test_balances_that_cannot_be_read_are_not_read_again_with_each_entry() -> None:
    wrong = written(*[PAYOUT] * 50).replace(b"2026-11-09</Dt></Dt></Bal>", b"x</Dt></Dt></Bal>")
    counted = 0
    dates = camt_statement._day

    def day(fields: dict[str, str], name: str) -> Any:
        nonlocal counted
        counted += name == "Dt"
        return dates(fields, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(camt_statement, "_day", day)
        bank(wrong)
    assert counted < 10
