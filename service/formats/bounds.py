"""Bounds on the work that one file can ask for. The largest real file that is known stays far below each of them.

Bytes alone do not bound work: few bytes of a zip file unpack to many, and a few bytes of a sheet can stand for a million
cells. What is beyond a bound is refused after work that is linear in what was read so far.
"""

from __future__ import annotations

# Zip files

ZIP_DIRECTORY_BYTES_MAX = 1024**2
"""The table of contents of a zip file. Each member takes about 100 bytes of it; a workbook has about 20."""
ZIP_MEMBERS_MAX = 1000
"""Members of a zip file. A year of a bank's daily statements has 366."""
UNPACKED_BYTES_MAX = 1024**3
"""All members, unpacked. A workbook with a million rows has 300 MB."""
UNPACKED_RATIO_MAX = 250
"""How many times its own size a zip file unpacks to. Reports unpack to 20 times theirs; deflate reaches 1000 with zeros."""
UNPACKED_BYTES_ALWAYS = 16 * 1024**2
"""A zip file may unpack to this much, however small it is."""

# Tables

ROW_CHARACTERS_MAX = 1024**2
"""One row of a CSV file. Reports have rows of a few thousand characters."""
COLUMNS_MAX = 1000
"""The last column of a table that has a value. The widest report that is known has about 80 columns."""
ROWS_MAX = 1_048_576
"""The number of a workbook's last row: spreadsheet programs have no more."""
SHEETS_MAX = 100
"""Sheets of a workbook. Reports have up to 10."""
STRINGS_BYTES_MAX = 128 * 1024**2
"""The shared strings of a workbook, unpacked: they are held in memory. A report of a million orders has 50 MB."""
STRINGS_MAX = 4_000_000
"""Shared strings of a workbook. A report of a million orders has two or three for each."""
PART_BYTES_MAX = 8 * 1024**2
"""A part of a workbook that is read whole, such as its styles; also one row or shared string. Styles have some 10 KB."""
PART_ELEMENTS_MAX = 50_000
"""XML elements of such a part, of one row or shared string, and of all that is around them, such as merged ranges.

Reports have a thousand styles and merged ranges; a cell has two to four elements.
"""
NAMED_STYLES_MAX = 2000
"""Named styles of a workbook: each is compared with all others. Spreadsheet programs begin with 50."""
BLANK_CELLS_ALWAYS = 1_000_000
BLANK_CELLS_RATIO_MAX = 32
"""Cells of a workbook that are left of a cell and not in the file: up to `BLANK_CELLS_ALWAYS`, and 32 for each that is.

Reports with many columns leave three quarters of them out.
"""
HEADING_CHARACTERS_MAX = 500
"""A heading is compared up to this length. The longest one that is known has 120 characters, with its notes."""
HEAD_ROWS_MAX = 1000
"""Rows at the start of a file that tell its delimiter. Headings stand in the first 200."""

# JSON

RECORD_CHARACTERS_MAX = 16 * 1024**2
"""One record of JSON, or what stands beside the records. Answers are read record by record: each has a few thousand."""
RECORD_VALUES_MAX = 1_000_000
"""Values of one record of JSON. The largest answers have some 100,000, if all of one is a record."""
RECORD_DEPTH_MAX = 64
"""How deep a record of JSON is nested. Those that are known are nested 8 deep."""

# XML

XML_DEPTH_MAX = 32
"""How deep XML is nested. camt is nested 14 deep."""
XML_NAME_CHARACTERS_MAX = 300
"""The name of an XML element with its namespace. camt's have about 80."""
XML_ATTRIBUTES_MAX = 100
"""Attributes of an XML element. Those that are known have up to 20."""
XML_TOKEN_BYTES_MAX = 1024**2
"""A tag or a comment: the parser begins it anew with each chunk."""
XML_RECORD_BYTES_MAX = 1024**2
"""One record of XML. Those that are known have some 10,000."""
XML_RECORD_ELEMENTS_MAX = 50_000
"""Elements of one record of XML. Those that are known have up to 1000."""
XML_REMAINDER_MAX = 1000
"""The most elements around the records that are kept."""

# Banks

BALANCES_MAX = 100
"""Balances of one camt statement. A statement has two to ten."""
FIELDS_MAX = 200
"""Texts of one camt entry, balance or statement that are kept, by their path. An entry has about 40 beside its details."""
MT940_BYTES_MAX = 64 * 1024**2
"""An MT940 file, which is held in memory. A day's statement has some 10 KB."""
MT940_HEAD_CHARACTERS_MAX = 4096
"""The fields of one MT940 message beside its entries, which are read again with each entry. They have about 300."""
MT940_ENTRY_CHARACTERS_MAX = 16 * 1024
"""One entry of an MT940 message, with its details. The standard has up to 500 characters."""


class BeyondBounds(Exception):
    """A file asks for more work than any real one. The message names the bound, and where it was passed."""


class Unpacking:
    """How much a zip file, with all zip files in it, still may unpack to. `packed_bytes` is its own size."""

    def __init__(self, packed_bytes: int) -> None:
        self._most = min(UNPACKED_BYTES_MAX, max(UNPACKED_BYTES_ALWAYS, UNPACKED_RATIO_MAX * packed_bytes))
        self._sum = 0

    def add(self, unpacked_bytes: int) -> None:
        """Counts what a zip file says that it unpacks to. BeyondBounds where that is too much."""
        self._sum += unpacked_bytes
        if self._sum > self._most:
            raise BeyondBounds(f"the zip file unpacks to {self._sum} bytes, which is more than {self._most}")


class BlankCells:
    """How many cells a workbook may leave out before others."""

    def __init__(self) -> None:
        self._left = BLANK_CELLS_ALWAYS

    def add(self, width: int, cells: int, place: str) -> None:
        """Counts a row of this width with so many cells. BeyondBounds where too many before it are left out."""
        self._left -= width - cells - BLANK_CELLS_RATIO_MAX * cells
        if self._left < 0:
            raise BeyondBounds(
                f"up to {place} the workbook leaves out {BLANK_CELLS_RATIO_MAX} cells for each that it has, "
                f"and {BLANK_CELLS_ALWAYS} more"
            )
