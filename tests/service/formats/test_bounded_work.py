"""Whatever a file is made of: the work to read it is at most a constant for each of its bytes, and nothing else is raised."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.refusals import InvalidCommand
from service.banks.files import bank_observations
from service.banks.tables import TableRequest
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Shop
from tests.service.banks.samples import BCA, HEAD, NAMESPACE, PAYOUT, TAIL
from tests.service.formats.books import book
from tests.service.formats.steps import steps

STEPS_ALWAYS = 200_000
"""What every file may cost: to look at the start of one, to open a workbook."""
STEPS_PER_BYTE = 40
"""What a record costs that is understood, for each of its bytes, with some to spare."""

SHOPEE = "No. Pesanan,Tanggal Dana Dilepaskan,Total Penghasilan\n"
JSON = (
    *(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\n",
        " ",
        "1",
        "null",
        '"a"',
        '"data":[',
        '"order_sn":"A",',
        "{}",
        "[[[[[[[[[[",
        "\\u00e9",
    ),
    *('{"order_sn": "A1", "order_income": {"escrow_amount": 95000, "commission_fee": 5000}}', '"response":{"list":['),
)
CSV = (
    *(",", ";", "\n", '"', "a", "(b)", " ", "\t", "1.500,00 CR", "\r", SHOPEE, "A1,2026-05-01,95000\n", "Total,,1\n"),
    *(BCA.decode(), "09/11/2026;BIAYA;1;;2\n", "31/12/9999", "Saldo Akhir : 1\n", "Periode;01/01/0001 - 31/12/9999\n"),
)
XML = (
    *("<a>", "</a>", "<a/>", "x", " ", "<!--", "-->", "&amp;", "<Statement>", "</Statement>", "<Payout>1</Payout>"),
    *("<SuccessResponse>", "<Ntry>", "</Ntry>", PAYOUT, TAIL, HEAD.format(closing="1", namespace=NAMESPACE), "<Bal/>"),
    *("<a b='c'>", "<Stmt>", "</Stmt>", "<BkToCstmrStmt>", "<Bal><Dt><Dt>x</Dt></Dt></Bal>", "<?p?>", "<![CDATA["),
)
MT940 = (
    *(
        ":20:S\n:25:1/2\n:28C:1\n:60F:C260904EUR1,00\n",
        ":61:2609040904C1,00NTRFE//F\n",
        ":86:x\n",
        ":62F:C260905EUR2,00\n",
    ),
    *("-\n", "-}\n", ":", "\n", " ", "x", ":61:\n", ":65:C260905EUR2,00\n", ":NS:22x\n", ":86:166?00G?20SVWZ+A\n"),
)
SHEET = (
    *(
        "<row>",
        "</row>",
        "<row/>",
        "<c><v>1</v></c>",
        '<c r="ALL1"><v>1</v></c>',
        '<c r="XFD1"/>',
        "<x/>",
        "<x>",
        "</x>",
    ),
    *('<row r="1048576"/>', '<row r="7">', '<c t="s"><v>0</v></c>', '<c t="inlineStr"><is><t>a</t></is></c>', "x", " "),
    *(
        '<c t="d"><v>2026-05-01</v></c>',
        '<c t="str"><v>No. Pesanan</v></c>',
        "<mergeCell/>",
        '<row><c r="XFD9"><v>1</v></c></row>',
    ),
)


def text_of(fragments: Sequence[str]) -> st.SearchStrategy[str]:
    """Fragments of a format behind each other, each of them some times: most of it is broken, and some is not."""
    piece = st.tuples(st.sampled_from(fragments), st.sampled_from([1, 1, 2, 30, 300]))
    return st.lists(piece, max_size=12).map(lambda pieces: "".join(text * times for text, times in pieces))


def read_all(content: bytes) -> None:
    """Reads a file as each marketplace's, and as a bank's."""
    readers: list[Callable[[], Any]] = [
        *(lambda each=each: CHANNELS[each].read(io.BytesIO(content), Shop(currency="IDR")) for each in CHANNELS),
        lambda: bank_observations(io.BytesIO(content), TableRequest("123", "IDR")),
    ]
    for reader in readers:
        with contextlib.suppress(InvalidCommand):
            for _ in reader():
                pass


def check_work(content: bytes, unpacked_bytes: int) -> None:
    assert steps(lambda: read_all(content)) <= len(CHANNELS) * (STEPS_ALWAYS + STEPS_PER_BYTE * unpacked_bytes)


@pytest.mark.parametrize(
    ("begin", "fragments"), [("{", JSON), ("", CSV), (SHOPEE, CSV), ("<d>", XML), (MT940[0], MT940)]
)
@settings(deadline=None, max_examples=25)
@given(st.data())
def test_the_work_is_bounded_by_the_bytes(begin: str, fragments: Sequence[str], data: st.DataObject) -> None:
    content = (begin + data.draw(text_of(fragments))).encode()
    check_work(content, len(content))


@settings(deadline=None, max_examples=30)
@given(text_of(SHEET), text_of(("<si>", "</si>", "<t>a</t>", "<r><t>b</t></r>", "<si/>")), st.integers(1, 3))
def test_the_work_of_a_workbook_is_bounded_by_its_bytes_when_it_is_unpacked(
    rows: str, strings: str, sheets: int
) -> None:
    content = book(rows, strings=strings, sheets=sheets)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        check_work(content, sum(each.file_size for each in parts.infolist()))


def test_a_file_of_blank_rows_costs_no_look_for_headings_in_each_of_them() -> None:
    content = (SHOPEE + "\n" * 600).encode()
    check_work(content, len(content))
