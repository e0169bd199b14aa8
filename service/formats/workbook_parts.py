"""The parts of an XLSX workbook, each read up to a bound: shared strings, styles, and the rows of its sheets.

openpyxl understands them; what it would read whole, or fill up, is read here.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any
from xml.etree.ElementTree import Element, XMLPullParser

from service.formats.bounds import (
    COLUMNS_MAX,
    NAMED_STYLES_MAX,
    PART_BYTES_MAX,
    PART_ELEMENTS_MAX,
    ROWS_MAX,
    SHEETS_MAX,
    STRINGS_BYTES_MAX,
    STRINGS_MAX,
    XML_TOKEN_BYTES_MAX,
    BeyondBounds,
    BlankCells,
)
from service.formats.xml import check_no_document_type, check_part

_CHUNK_BYTES = 64 * 1024
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ROW, _STRING, _TEXT = f"{_MAIN}row", f"{_MAIN}si", f"{_MAIN}t"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that has cells: the values up to the last one, with None for those that the file leaves out."""

    sheet: str
    number: int
    values: Sequence[Any]


class _Parts:
    """What openpyxl reads a workbook's small parts from: each is looked at before it is given out."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.filename = archive.filename

    def namelist(self) -> list[str]:
        return self._archive.namelist()

    def read(self, name: str) -> bytes:
        info = self._archive.getinfo(name)
        if info.file_size > PART_BYTES_MAX:
            raise BeyondBounds(f"{name[:60]} has {info.file_size} bytes, which is more than {PART_BYTES_MAX}")
        with self._archive.open(info) as part:
            content = part.read(PART_BYTES_MAX)
        check_part(content, name, PART_ELEMENTS_MAX, {"cellStyle": NAMED_STYLES_MAX})
        return content

    def close(self) -> None:
        self._archive.close()


def sheet_rows(archive: zipfile.ZipFile) -> Iterator[SheetRow]:
    """The rows of every sheet that have cells. BeyondBounds, RefusedXml, and whatever openpyxl raises for damage."""
    # It is slow to import, and rarely needed.
    from openpyxl.reader.excel import ExcelReader  # noqa: PLC0415
    from openpyxl.styles.stylesheet import apply_stylesheet  # noqa: PLC0415
    from openpyxl.workbook.child import avoid_duplicate_name  # noqa: PLC0415
    from openpyxl.worksheet._reader import WorkSheetParser  # noqa: PLC0415
    from openpyxl.xml.constants import SHARED_STRINGS  # noqa: PLC0415

    stream: Any = archive.fp
    reader: Any = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
    reader.archive = _Parts(archive)
    reader.read_manifest()
    strings = reader.package.find(SHARED_STRINGS)
    texts: list[str] = [] if strings is None else _shared_strings(archive, strings.PartName[1:])
    reader.read_workbook()
    book = reader.wb
    apply_stylesheet(reader.archive, book)
    if len(reader.parser.sheets) > SHEETS_MAX:
        raise BeyondBounds(f"the workbook has {len(reader.parser.sheets)} sheets, which is more than {SHEETS_MAX}")
    titles: list[str] = []
    read: set[str] = set()
    blank = BlankCells()
    for sheet, part in reader.parser.find_sheets():
        if part.target not in reader.valid_files or "chartsheet" in part.Type:
            continue
        if part.target in read:
            raise BeyondBounds(f"{part.target[:60]} is the part of several sheets")
        read.add(part.target)
        title = avoid_duplicate_name(titles, sheet.name)
        titles.append(title)
        with _opened(archive, part.target) as source:
            parser: Any = WorkSheetParser(
                source,
                texts,
                data_only=True,
                epoch=book.epoch,
                date_formats=book._date_formats,  # noqa: SLF001 - as openpyxl's own sheets do
                timedelta_formats=book._timedelta_formats,  # noqa: SLF001
            )
            yield from _rows(source, title, parser.parse_row, blank)


def _rows(
    source: Any, title: str, parse_row: Callable[[Element], tuple[int, list[dict[str, Any]]]], blank: BlankCells
) -> Iterator[SheetRow]:
    next_number = 1
    for element in _elements(source, _ROW, ROWS_MAX, f"sheet {title[:60]}, behind row"):
        number, cells = parse_row(element)
        if number > ROWS_MAX:
            raise BeyondBounds(f"sheet {title[:60]} has a row with the number {number}, which is beyond {ROWS_MAX}")
        if number < next_number:
            continue
        next_number = number + 1
        place = f"{title[:60]}, row {number}"
        width = cells[-1]["column"] if cells else 0
        if width > COLUMNS_MAX:
            # Some programs style whole rows: cells without a value are no columns.
            if any(cell["column"] > COLUMNS_MAX and cell["value"] is not None for cell in cells):
                raise BeyondBounds(f"{place} has a value beyond column {COLUMNS_MAX}")
            width = COLUMNS_MAX
        blank.add(width, len(cells), place)
        values: list[Any] = [None] * width
        for cell in cells:
            if cell["column"] <= width:
                values[cell["column"] - 1] = cell["value"]
        yield SheetRow(title, number, values)


def _shared_strings(archive: zipfile.ZipFile, name: str) -> list[str]:
    from openpyxl.cell.text import Text  # noqa: PLC0415

    rich: Any = Text
    info = archive.getinfo(name)
    if info.file_size > STRINGS_BYTES_MAX:
        raise BeyondBounds(f"the shared strings have {info.file_size} bytes, which is more than {STRINGS_BYTES_MAX}")
    texts: list[str] = []
    with _opened(archive, name) as source:
        for element in _elements(source, _STRING, STRINGS_MAX, "the shared strings, behind number"):
            plain = len(element) == 1 and element[0].tag == _TEXT
            text = (element[0].text or "") if plain else rich.from_tree(element).content
            texts.append(text.replace("x005F_", ""))
    return texts


def _opened(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A part that is read piece by piece. RefusedXml where it has a document type."""
    with archive.open(name) as part:
        check_no_document_type(part)
    return archive.open(name)


def _elements(source: IO[bytes], tag: str, count_max: int, place: str) -> Iterator[Element]:
    """The elements of this name, each as it ends. BeyondBounds for too many, and where one or what is around is too large.

    Nothing of them is kept but their number: what stands around them adds up.
    """
    parser: Any = XMLPullParser(("end",))
    count, elements, around = 0, 0, 0
    since_one_bytes = since_any_bytes = 0
    while chunk := source.read(_CHUNK_BYTES):
        parser.feed(chunk)
        since_one_bytes += len(chunk)
        since_any_bytes += len(chunk)
        for _, element in parser.read_events():
            since_any_bytes = 0
            if element.tag != tag:
                elements += 1
                continue
            if count == count_max:
                raise BeyondBounds(f"{place} {count_max}, there are more")
            around += elements - sum(1 for _ in element.iter()) + 1
            if around + elements > PART_ELEMENTS_MAX:
                break
            yield element
            element.clear()
            count += 1
            elements = since_one_bytes = 0
        if around + elements > PART_ELEMENTS_MAX:
            raise BeyondBounds(f"{place} {count}, there are more than {PART_ELEMENTS_MAX} XML elements")
        if since_one_bytes > PART_BYTES_MAX:
            raise BeyondBounds(f"{place} {count}, there are more than {PART_BYTES_MAX} bytes")
        if since_any_bytes > XML_TOKEN_BYTES_MAX:
            raise BeyondBounds(f"{place} {count}, an XML element has more than {XML_TOKEN_BYTES_MAX} bytes")
    parser.close()
    yield from (element for _, element in parser.read_events() if element.tag == tag)
