"""Format detection, of zip files above all: what holds no workbook says so, and what does is read to the end."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.formats.detection import CSV, HEAD_BYTES, JSON, XLSX, XML, ZIP, detect_format, zip_members
from service.formats.spreadsheets import NotASpreadsheet, xlsx_rows


class Pipe(io.RawIOBase):
    """A stream that can only be read on."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        return self._rest.readinto(buffer)


def pipe_of(content: bytes) -> BinaryIO:
    return cast("BinaryIO", Pipe(content))


def zipped(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as parts:
        for name, content in members.items():
            parts.writestr(name, content)
    return made.getvalue()


def workbook(rows: int = 1) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for number in range(rows):
        book.active.append([f"row {number}", number])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def renamed(content: bytes, old: str, new: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return zipped({name.replace(old, new): parts.read(name) for name in parts.namelist()})


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b' {"a": 1}', JSON),
        (b"[]", JSON),
        (b"\xef\xbb\xbf<a/>", XML),
        (b"a,b\n", CSV),
        (b"", CSV),
        (workbook(), XLSX),
        (renamed(workbook(), "xl/", "XL/"), XLSX),
        (renamed(workbook(), "xl/", "xl\\"), XLSX),
        (zipped({"camt.053_1.xml": b"<Document/>", "camt.053_2.xml": b"<Document/>"}), ZIP),
        (zipped({"[Content_Types].xml": b"", "word/document.xml": b"<a/>"}), ZIP),
        (zipped({"[Content_Types].xml": b"", "xl/workbook.bin": b"", "xl/theme/theme1.xml": b""}), ZIP),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}), ZIP),
        (zipped({"report.xlsx": workbook()}), ZIP),
        (zipped({"a.csv": b"x" * 3 * HEAD_BYTES}), ZIP),
        (zipped({}), ZIP),
    ],
)
def test_a_format_is_told_by_its_content_and_the_stream_begins_where_it_began(content: bytes, wanted: str) -> None:
    found, whole = detect_format(io.BytesIO(content))
    assert (found, whole.read()) == (wanted, content)


@settings(deadline=None)
@given(
    st.dictionaries(st.text("ab./xl", min_size=1, max_size=12), st.binary(max_size=40), max_size=5),
    st.integers(0, 2000),
    st.booleans(),
)
def test_whatever_a_zip_file_holds_it_is_given_on_whole(members: dict[str, bytes], at: int, pipe: bool) -> None:
    content = zipped(members)
    if not pipe:
        content = content[: max(4, at)]
    stream = pipe_of(content) if pipe else io.BytesIO(content)
    found, whole = detect_format(stream)
    assert found in (XLSX, ZIP)
    assert whole.read() == content
    if whole.seekable():
        whole.seek(0)
        assert whole.read() == content


def test_a_file_that_is_sought_is_read_from_where_it_stood() -> None:
    """As a workbook's reader goes through it: to its end and back, beyond what was read ahead."""
    content = bytes(range(256)) * 1024
    stream = io.BytesIO(b"before" + content)
    stream.seek(6)
    _, whole = detect_format(stream)
    assert whole.read(3) == content[:3]
    assert whole.seek(-10, io.SEEK_END) == len(content) - 10
    assert whole.read() == content[-10:]
    assert whole.seek(100_000) == whole.tell() == 100_000
    assert whole.seek(5, io.SEEK_CUR) == 100_005
    assert whole.read(4) == content[100_005:100_009]


@pytest.mark.parametrize("pipe", [False, True])
def test_a_workbook_that_cannot_be_sought_is_read_like_one_that_can(pipe: bool) -> None:
    content = workbook(5000)
    _, whole = detect_format(pipe_of(content) if pipe else io.BytesIO(content))
    assert [row.cells for row in xlsx_rows(whole)] == [[f"row {number}", str(number)] for number in range(5000)]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"a.xml": b"", "b.xml": b""}, "a zip file that holds no workbook: it has a.xml, b.xml; unpack it"),
        ({f"{name}.csv": b"" for name in "abcde"}, "it has a.csv, b.csv, c.csv and 2 more; unpack it"),
        ({"\x1b[31mre\u0301d": b""}, r"it has \x1b[31mre\u0301d; unpack it"),
        ({}, "a zip file that holds no workbook: it is empty"),
    ],
)
def test_a_zip_file_that_holds_no_workbook_says_what_it_holds(members: dict[str, bytes], said: str) -> None:
    _, whole = detect_format(io.BytesIO(zipped(members)))
    with pytest.raises(NotASpreadsheet) as caught:
        list(xlsx_rows(whole))
    assert said in str(caught.value)


def test_a_zip_file_that_breaks_off_is_told_by_what_is_left_of_it(tmp_path: Path) -> None:
    for content, wanted in ((workbook(), XLSX), (zipped({"a.csv": b"x" * 500}), ZIP)):
        (tmp_path / "file").write_bytes(content[:-150])
        with (tmp_path / "file").open("rb") as stream:
            found, whole = detect_format(stream)
            assert found == wanted
            with pytest.raises(NotASpreadsheet, match="damaged, or breaks off"):
                list(xlsx_rows(whole))


def test_the_members_of_a_zip_file_are_named_without_its_folders() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as parts:
        parts.mkdir("folder")
        parts.writestr("folder/a.xml", b"<a/>")
    assert zip_members(made) == ["folder/a.xml"]
