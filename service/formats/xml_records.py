"""Records of XML of any length, each with its exact bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from service.formats.bounds import XML_RECORD_BYTES_MAX, XML_RECORD_ELEMENTS_MAX, XML_REMAINDER_MAX
from service.formats.json_records import Record
from service.formats.unreadable import Unreadable, unreadable
from service.formats.xml import RefusedXml, XmlReader


def xml_records(stream: BinaryIO, tag: str) -> Iterator[Record | Unreadable]:
    """Every element named `tag` as a dictionary of its children's texts. Last, likewise, the elements around them."""
    reader = _Records(tag)
    try:
        yield from reader.read(stream)
    except RefusedXml as problem:
        yield unreadable(f"line {reader.line}", f"not XML that we read: {problem}", reader.ahead())
        return
    if reader.remainder:
        yield Record(None, reader.remainder, reader.outside(), "line 1", reader.count > 0)


class _Records(XmlReader[Record]):
    def __init__(self, tag: str) -> None:
        super().__init__()
        self._tag = tag
        self._values: list[dict[str, Any]] = [{}]
        self._texts: list[list[str]] = [[]]
        self._record_depth = 0
        self._record_start = 0
        self._record_line = 0
        self._record_elements = 0
        self._outside_left = XML_RECORD_BYTES_MAX
        """The characters of the text around the records that may still be kept."""
        self.count = 0
        self._remainder_count = 0
        self._outside = bytearray()

    @property
    def remainder(self) -> dict[str, Any]:
        return self._values[0]

    def ahead(self) -> bytes:
        """The bytes that could not be read: from the start of an open record, else from the error on."""
        start = self._record_start if self._record_depth else self._parser.ErrorByteIndex
        return bytes(self._window[max(0, start - self._base) :])

    def outside(self) -> bytes:
        """The bytes around the records, when the whole document has been read."""
        return bytes(self._outside + self._window)

    def _chunk_ended(self) -> None:
        keep_from = self._record_start if self._record_depth else self._parser.CurrentByteIndex
        if self._record_depth and self._base + len(self._window) - keep_from > XML_RECORD_BYTES_MAX:
            raise RefusedXml(f"a {self._tag} longer than {XML_RECORD_BYTES_MAX} bytes")
        count = keep_from - self._base
        if count > 0:
            if len(self._outside) < XML_RECORD_BYTES_MAX and not self._record_depth:
                self._outside += self._window[:count]
            del self._window[:count]
            self._base = keep_from

    def _element_started(self, name: str, _attributes: dict[str, str]) -> None:
        self._values.append({})
        self._texts.append([])
        if name == self._tag and not self._record_depth:
            self._record_depth = len(self._path)
            self._record_start = self._parser.CurrentByteIndex
            self._record_line = self._parser.CurrentLineNumber
            self._record_elements = 0
        self._record_elements += 1
        if self._record_depth and self._record_elements > XML_RECORD_ELEMENTS_MAX:
            raise RefusedXml(f"a {self._tag} of more than {XML_RECORD_ELEMENTS_MAX} elements")

    def _text_read(self, text: str) -> None:
        if not self._record_depth:
            self._outside_left -= len(text)
            if self._outside_left < 0:
                return
        self._texts[-1].append(text)

    def _element_ended(self, name: str) -> None:
        children, text = self._values.pop(), "".join(self._texts.pop())
        value: Any = children or text
        if len(self._path) == self._record_depth:
            self._record_depth = 0
            self._add_record(children)
            return
        if not self._record_depth:
            self._remainder_count += 1
            if self._remainder_count > XML_REMAINDER_MAX:
                return
        siblings = self._values[-1]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]

    def _add_record(self, children: dict[str, Any]) -> None:
        # Expat gives the start of an end tag, but the end of an empty element: the next `>` is the end of both.
        start, at = self._record_start - self._base, self._parser.CurrentByteIndex - self._base
        end = self._window.find(b">", max(at, start))
        raw = bytes(self._window[start : end + 1])
        place = f"{self._tag}[{self.count}], line {self._record_line}"
        self.count += 1
        self._found.append(Record((self._tag,), children, raw, place))
