"""Workbooks written by hand, of parts that no program would write."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from service.formats.spreadsheets import TableRow, xlsx_rows

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CELL = '<c r="{}"><v>1</v></c>'


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip file, as small as it gets."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as parts:
        for name, content in members.items():
            parts.writestr(name, content)
    return made.getvalue()


def book(
    *rows: str,
    after: str = "",
    strings: str = "",
    styles: str = "",
    sheets: int = 1,
    one_part: bool = False,
    other: Mapping[str, bytes] | None = None,
) -> bytes:
    """A workbook whose sheets, named `a` and so on, all have these rows. `one_part` is one part for all of them."""
    parts = range(1, 2 if one_part else sheets + 1)
    overrides = {
        "/xl/workbook.xml": "sheet.main+xml",
        "/xl/sharedStrings.xml": "sharedStrings+xml",
        **{f"/xl/worksheets/sheet{number}.xml": "worksheet+xml" for number in parts},
    }
    types = "".join(f'<Override PartName="{name}" ContentType="{_TYPES}.{kind}"/>' for name, kind in overrides.items())
    listed = "".join(
        f'<sheet name="{chr(96 + number) if number < 27 else number}" sheetId="{number}" r:id="r{number}"/>'
        for number in range(1, sheets + 1)
    )
    relations = "".join(
        f'<Relationship Id="r{number}" Type="{_RELATIONS}/worksheet" '
        f'Target="worksheets/sheet{1 if one_part else number}.xml"/>'
        for number in range(1, sheets + 1)
    )
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData>{after}</worksheet>'
    found = {
        "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{types}</Types>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}'
            "</Relationships>"
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
        **({"xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>'} if styles else {}),
        **{f"xl/worksheets/sheet{number}.xml": sheet for number in parts},
    }
    return zipped({**{name: content.encode() for name, content in found.items()}, **(other or {})})


def rows_of(content: bytes) -> list[TableRow]:
    """All rows of a workbook."""
    return list(xlsx_rows(io.BufferedReader(io.BytesIO(content))))
