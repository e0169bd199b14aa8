"""A window on JSON text of any length: it moves forward, and never grows beyond one record."""

from __future__ import annotations

import codecs
import json
from typing import Any, BinaryIO, Never

from service.formats.amounts import Number

CHUNK_CHARACTERS = 256 * 1024
RECORD_CHARACTERS_MAX = 16 * 1024 * 1024
"""A single record that is longer is not a record."""
LINE_CHARACTERS_MAX = 1024 * 1024
"""A line up to this length is decoded at once; a longer one is walked."""

_SPACE = " \t\r\n"


class Broken(Exception):
    """The text is not JSON from here on."""


def _no_constant(name: str) -> Never:
    raise Broken(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_no_constant)


def decode(text: str) -> Any:
    """A whole JSON text with numbers as text; Broken says why not."""
    try:
        return _DECODER.decode(text)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise Broken(_why(problem)) from None


def _why(problem: Exception) -> str:
    return problem.msg if isinstance(problem, json.JSONDecodeError) else "nested too deeply"


class JsonText:
    """A window on the stream's text, that moves forward and never grows beyond a record."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        # Bytes that are not UTF-8 come through, so that the record they stand in is kept as it was.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._begun = False
        self.line_number = 1
        self.kept: list[str] | None = None
        """What is consumed outside of records, while somebody wants it."""

    def more(self) -> bool:
        """Reads on; False at the end of the stream."""
        if self._ended:
            return False
        self._buffer = self._buffer[self._at :]
        self._at = 0
        # Twice as much each time: a long record is not decoded over and over in small steps.
        data = self._stream.read(max(CHUNK_CHARACTERS, len(self._buffer)))
        self._ended = not data
        added = self._decoder.decode(data, final=self._ended)
        if not self._begun and added:
            added = added.removeprefix("\ufeff")
            self._begun = True
        self._buffer += added
        return True

    def skip(self) -> str:
        """The next character that is not a space, not consumed; empty at the end."""
        while True:
            buffer, at = self._buffer, self._at
            while at < len(buffer) and buffer[at] in _SPACE:
                at += 1
            self.advance(at - self._at)
            if at < len(buffer):
                return buffer[at]
            if not self.more():
                return ""

    def line(self) -> str | None:
        """The rest of this line, not consumed; None if it is too long to be decoded at once."""
        while True:
            end = self._buffer.find("\n", self._at)
            if end < 0 and self._ended:
                end = len(self._buffer)
            if end >= 0:
                return self._buffer[self._at : end].rstrip() if end - self._at <= LINE_CHARACTERS_MAX else None
            if len(self._buffer) - self._at > LINE_CHARACTERS_MAX:
                return None
            self.more()

    def to_next_line(self) -> bool:
        """Skips to the next line if a document can begin there."""
        end = self._buffer.find("\n", self._at)
        if end < 0:
            return False
        self.advance(end + 1 - self._at)
        if self._at == len(self._buffer):
            self.more()
        return self._buffer[self._at : self._at + 1] in ("{", "[")

    def advance(self, count: int) -> None:
        if count:
            consumed = self._buffer[self._at : self._at + count]
            self.line_number += consumed.count("\n")
            if self.kept is not None:
                self.kept.append(consumed)
            self._at += count

    def expect(self, wanted: str) -> str:
        found = self.skip()
        if not found or found not in wanted:
            raise Broken(f"{' or '.join(wanted)} expected, {found or 'the end'} found")
        self.advance(1)
        return found

    def value(self) -> tuple[Any, str]:
        """The value that begins here, consumed, and its text."""
        while True:
            try:
                found, end = _DECODER.raw_decode(self._buffer, self._at)
            except (json.JSONDecodeError, RecursionError) as problem:
                if len(self._buffer) - self._at > RECORD_CHARACTERS_MAX:
                    raise Broken(f"a record longer than {RECORD_CHARACTERS_MAX} characters, or none") from None
                if isinstance(problem, RecursionError) or not self.more():
                    raise Broken(_why(problem)) from None
                continue
            # A number that ends with the window may go on behind it.
            if end < len(self._buffer) or not self.more():
                raw = self._buffer[self._at : end]
                self.advance(end - self._at)
                return found, raw

    def ahead(self) -> str:
        return self._buffer[self._at : self._at + 64 * 1024]

    def where(self) -> str:
        return f"line {self.line_number}"
