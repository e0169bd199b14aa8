"""Records out of XML of any length, each with the very bytes that it stood in.

Expat of the standard library, fed in pieces. A document type is refused as soon as it begins: without one there are no
entities to expand and nothing outside to fetch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, BinaryIO
from xml.parsers import expat

from service.marketplaces.observed import Unreadable, unreadable
from service.marketplaces.records import Record

CHUNK_BYTES = 64 * 1024
RECORD_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 32
REST_MAX = 1000
"""How many elements around the records are kept."""


class Refused(Exception):
    """XML that no marketplace sends."""


def xml_records(stream: BinaryIO, tag: str) -> Iterator[Record | Unreadable]:
    """Every element named `tag` as a dictionary of its children's texts, then what stands around them, likewise."""
    reader = _Reader(tag)
    try:
        while chunk := stream.read(CHUNK_BYTES):
            reader.feed(chunk)
            yield from reader.found()
        reader.finish()
    except (expat.ExpatError, Refused) as problem:
        yield from reader.found()
        yield unreadable(f"line {reader.line}", f"not XML that we read: {problem}", reader.ahead())
        return
    yield from reader.found()
    if reader.rest:
        yield Record(None, reader.rest, reader.outside(), "line 1", reader.count > 0)


class _Begun(Exception):
    """The first element has come."""


def check_no_document_type(stream: IO[bytes]) -> None:
    """Reads up to the first element; Refused if a document type comes before it, or no element at all."""
    parser = expat.ParserCreate()

    def begin(*_: Any) -> None:
        raise _Begun

    def refuse(*_: Any) -> None:
        raise Refused("it has a document type: none of ours does")

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    try:
        while chunk := stream.read(CHUNK_BYTES):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise Refused(f"it is no XML: {problem}") from None
    except _Begun:
        return


class _Reader:
    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._doctype
        self._window = bytearray()
        """The bytes from `_base` on: at least from the beginning of an open record."""
        self._base = 0
        self._names: list[str] = []
        self._values: list[dict[str, Any]] = [{}]
        self._texts: list[list[str]] = [[]]
        self._record_depth = 0
        self._record_start = 0
        self._record_line = 0
        self._found: list[Record] = []
        self.count = 0
        self._rest_count = 0
        self._outside = bytearray()

    @property
    def rest(self) -> dict[str, Any]:
        return self._values[0]

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    def feed(self, chunk: bytes) -> None:
        self._window += chunk
        self._parser.Parse(chunk, False)
        keep_from = self._record_start if self._record_depth else self._parser.CurrentByteIndex
        if self._record_depth and self._base + len(self._window) - keep_from > RECORD_BYTES_MAX:
            raise Refused(f"a {self._tag} longer than {RECORD_BYTES_MAX} bytes")
        self._forget(keep_from)

    def finish(self) -> None:
        self._parser.Parse(b"", True)
        self._outside += self._window

    def found(self) -> list[Record]:
        found, self._found = self._found, []
        return found

    def ahead(self) -> bytes:
        start = self._record_start if self._record_depth else self._parser.ErrorByteIndex
        return bytes(self._window[max(0, start - self._base) :])

    def outside(self) -> bytes:
        return bytes(self._outside)

    def _forget(self, until: int) -> None:
        count = until - self._base
        if count > 0:
            if len(self._outside) < RECORD_BYTES_MAX and not self._record_depth:
                self._outside += self._window[:count]
            del self._window[:count]
            self._base = until

    def _doctype(self, *_: Any) -> None:
        raise Refused("it has a document type: none of ours does")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._names) >= DEPTH_MAX:
            raise Refused(f"nested more than {DEPTH_MAX} deep")
        self._names.append(name)
        self._values.append({})
        self._texts.append([])
        if name == self._tag and not self._record_depth:
            self._record_depth = len(self._names)
            self._record_start = self._parser.CurrentByteIndex
            self._record_line = self._parser.CurrentLineNumber

    def _characters(self, text: str) -> None:
        self._texts[-1].append(text)

    def _end(self, name: str) -> None:
        depth = len(self._names)
        self._names.pop()
        children, text = self._values.pop(), "".join(self._texts.pop())
        value: Any = children or text
        if depth == self._record_depth:
            self._record_depth = 0
            self._hand_out(children)
            return
        if not self._record_depth:
            self._rest_count += 1
            if self._rest_count > REST_MAX:
                return
        siblings = self._values[-1]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]

    def _hand_out(self, children: dict[str, Any]) -> None:
        # The index of an end tag is where it begins, or behind it for an empty element: the text tells.
        start, at = self._record_start - self._base, self._parser.CurrentByteIndex - self._base
        end = self._window.find(b">", max(at, start))
        raw = bytes(self._window[start : end + 1])
        place = f"{self._tag}[{self.count}], line {self._record_line}"
        self.count += 1
        self._found.append(Record((self._tag,), children, raw, place))
