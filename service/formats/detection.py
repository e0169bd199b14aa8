"""Format detection: which format a stream is in, by its content. A file's name proves nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any, BinaryIO

from service.formats.bounds import BeyondBounds
from service.formats.zip_files import open_zip

JSON, XML, CSV, XLSX, ZIP = "json", "xml", "csv", "xlsx", "zip"
FORMATS = frozenset({JSON, XML, CSV, XLSX, ZIP})
"""`zip` is any zip file that is no XLSX workbook."""

HEAD_BYTES = 64 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""A zip file with members, an empty one, and one that was cut into parts."""
_WORKBOOK_FOLDER, _WORKBOOK = "xl/", "workbook.xml"
"""Where XLSX workbooks have their parts, and the part that each has. Programs differ in the folder and in its letters."""
_BINARY_WORKBOOK = "xl/workbook.bin"


class _Rejoined(io.RawIOBase):
    """The first bytes that were read already, and then the rest of the stream. It can be sought where the stream can."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = head
        self._rest = rest
        self._seekable = rest.seekable()
        self._start = rest.tell() - len(head) if self._seekable else 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._seekable

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            # BufferedReader asks for no other place than this one.
            offset += self.tell()
        self._head = b""
        if whence == io.SEEK_END:
            return self._rest.seek(offset, io.SEEK_END) - self._start
        return self._rest.seek(self._start + offset) - self._start

    def tell(self) -> int:
        return self._rest.tell() - self._start - len(self._head)

    def readinto(self, buffer: Any) -> int:
        chunk = self._head[: len(buffer)] if self._head else self._rest.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def detect_format(stream: BinaryIO) -> tuple[str, io.BufferedReader]:
    """The format (one of `FORMATS`), and a stream that begins where the given one began, and can be sought if that can.

    A zip file's table of contents is at its end: of one that cannot be sought, only the first bytes say what it is.
    """
    head = stream.read(HEAD_BYTES)
    whole: io.BufferedReader = io.BufferedReader(_Rejoined(head, stream), HEAD_BYTES)
    return (_zip_format(head, whole) if head.startswith(_ZIP_STARTS) else _format(head)), whole


def zip_members(stream: BinaryIO) -> list[str]:
    """The names of the files in a zip file that can be sought. BadZipFile where its table of contents is damaged.

    BeyondBounds where it lists too many.
    """
    with open_zip(stream) as parts:
        names = [info.filename for info in parts.infolist() if not info.is_dir()]
    stream.seek(0)
    return names


def is_workbook(names: Sequence[str]) -> bool:
    """Whether a zip file with these members is an XLSX workbook, even one that lacks some of its parts."""
    found = [name.replace("\\", "/").lower() for name in names]
    return _BINARY_WORKBOOK not in found and any(
        name.startswith(_WORKBOOK_FOLDER) or name.rpartition("/")[2] == _WORKBOOK for name in found
    )


def _zip_format(head: bytes, stream: io.BufferedReader) -> str:
    try:
        if stream.seekable():
            return XLSX if is_workbook(zip_members(stream)) else ZIP
    except (zipfile.BadZipFile, NotImplementedError, ValueError, BeyondBounds):
        # A file that breaks off has no table of contents, and one that is too long is refused when the file is read.
        stream.seek(0)
    # The name of each member stands before it, too.
    return XLSX if any(name.encode() in head for name in (_WORKBOOK_FOLDER, _WORKBOOK)) else ZIP


def _format(head: bytes) -> str:
    for bom in _BOMS:
        head = head.removeprefix(bom)
    first = head.replace(b"\x00", b"").lstrip()[:1]
    if first == b"<":
        return XML
    return JSON if first in (b"{", b"[") else CSV
