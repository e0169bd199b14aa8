"""Format detection: which format a stream is in, by its first bytes. A file's name proves nothing."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

JSON, XML, CSV, XLSX = "json", "xml", "csv", "xlsx"
FORMATS = frozenset({JSON, XML, CSV, XLSX})

HEAD_BYTES = 64 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class _Rejoined(io.RawIOBase):
    """The first bytes that were read already, and then the rest of the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._head[: len(buffer)] if self._head else self._rest.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def detect_format(stream: BinaryIO) -> tuple[str, io.BufferedReader]:
    """The format (one of `FORMATS`), and a stream that begins where the given one began."""
    head = stream.read(HEAD_BYTES)
    return _format(head), io.BufferedReader(_Rejoined(head, stream), HEAD_BYTES)


def _format(head: bytes) -> str:
    if head.startswith(b"PK\x03\x04"):
        return XLSX
    for bom in _BOMS:
        head = head.removeprefix(bom)
    first = head.replace(b"\x00", b"").lstrip()[:1]
    if first == b"<":
        return XML
    return JSON if first in (b"{", b"[") else CSV
