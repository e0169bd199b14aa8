"""JSON text of any length, read through a window that moves forward and holds at most one record; and repeated keys.

`{"amount": 1, "amount": 2}`: nobody can know which of the two was meant, so it is refused. Parsers silently take the last
one, or the first, and two systems then act on different content. RFC 8259 leaves open what a repeated key means; I-JSON
(RFC 7493) forbids it.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable
from typing import Any, BinaryIO, Never

import orjson

from service.formats.amounts import Number
from service.formats.bounds import RECORD_CHARACTERS_MAX, RECORD_DEPTH_MAX, RECORD_VALUES_MAX, BeyondBounds

CHUNK_CHARACTERS = 256 * 1024
LINE_CHARACTERS_MAX = 1024 * 1024
"""A line up to this length is decoded at once. A longer one is read record by record."""

_SPACE = " \t\r\n"
_NAME_SHOWN = 60


class BrokenJson(Exception):
    """The text is not JSON from here on."""


def _no_constant(name: str) -> Never:
    raise BrokenJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_no_constant)


def decode(text: str) -> Any:
    """The value of a whole JSON text, with numbers as `Number`; BrokenJson says why it is none."""
    try:
        return _DECODER.decode(text)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise BrokenJson(_why(problem)) from None


def _why(problem: Exception) -> str:
    return problem.msg if isinstance(problem, json.JSONDecodeError) else "nested too deeply"


class JsonText:
    """The text of a stream, seen through a window that moves forward and holds at most one record."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        # Bytes that are not UTF-8 are kept as surrogates, so that the raw record can be stored unchanged.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._begun = False
        self.line_number = 1
        self.consumed = 0
        """The characters of all that was consumed."""
        self.kept: list[str] | None = None
        """The consumed text outside of records, while it is being collected; else None."""

    def more(self) -> bool:
        """Reads more of the stream. False at its end."""
        if self._ended:
            return False
        self._buffer = self._buffer[self._at :]
        self._at = 0
        # Twice as much each time, so that a long record is not decoded again after each small step.
        data = self._stream.read(max(CHUNK_CHARACTERS, len(self._buffer)))
        self._ended = not data
        added = self._decoder.decode(data, final=self._ended)
        if not self._begun and added:
            added = added.removeprefix("\ufeff")
            self._begun = True
        self._buffer += added
        return True

    def skip(self) -> str:
        """Skips spaces. The next character, which is not consumed; empty at the end."""
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
        """The rest of the line, which is not consumed. None if it is too long to be decoded at once."""
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
        """Skips to the next line. False where no document can begin there."""
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
            self.consumed += count

    def expect(self, wanted: str) -> str:
        found = self.skip()
        if not found or found not in wanted:
            raise BrokenJson(f"{' or '.join(wanted)} expected, {found or 'the end'} found")
        self.advance(1)
        return found

    def value(self) -> tuple[Any, str]:
        """Consumes the value that begins here. The value, and its text."""
        while True:
            try:
                found, end = _DECODER.raw_decode(self._buffer, self._at)
            except (json.JSONDecodeError, RecursionError) as problem:
                if len(self._buffer) - self._at > RECORD_CHARACTERS_MAX:
                    raise BrokenJson(f"a record longer than {RECORD_CHARACTERS_MAX} characters, or none") from None
                if sum(self._buffer.count(each, self._at) for each in ",[{") > RECORD_VALUES_MAX:
                    # Each value but the first has a comma or a bracket, and all of the window is of this record.
                    raise BrokenJson(f"a record of more than {RECORD_VALUES_MAX} values, or none") from None
                if isinstance(problem, RecursionError) or not self.more():
                    raise BrokenJson(_why(problem)) from None
                continue
            # A number at the end of the window may have more digits after it.
            if end < len(self._buffer) or not self.more():
                raw = self._buffer[self._at : end]
                self.advance(end - self._at)
                return found, raw

    def ahead(self) -> str:
        """The next 64 Ki characters of the window, not consumed."""
        return self._buffer[self._at : self._at + 64 * 1024]

    def where(self) -> str:
        """The current line, as people read it."""
        return f"line {self.line_number}"


def check_bounds(text: bytes | str, found: Any) -> None:
    """BeyondBounds where a record has too many values, or is nested too deeply. `found` is what it was parsed to."""
    if len(text) > RECORD_VALUES_MAX and _values_count(found) > RECORD_VALUES_MAX:
        raise BeyondBounds(f"it has more than {RECORD_VALUES_MAX} values")
    opened = text.count(b"[") + text.count(b"{") if isinstance(text, bytes) else text.count("[") + text.count("{")
    if opened > RECORD_DEPTH_MAX and _is_deep(found):
        raise BeyondBounds(f"it is nested more than {RECORD_DEPTH_MAX} deep")


def _inner(found: Any) -> Iterable[Any]:
    return found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()


def _values_count(found: Any) -> int:
    """The number of values in it, itself among them."""
    count, waiting = 0, [found]
    while waiting:
        count += 1
        waiting.extend(_inner(waiting.pop()))
    return count


def _is_deep(found: Any) -> bool:
    waiting = [(found, 1)]
    while waiting:
        each, depth = waiting.pop()
        if depth > RECORD_DEPTH_MAX:
            return True
        waiting.extend((inner, depth + 1) for inner in _inner(each) if isinstance(inner, dict | list))
    return False


class RepeatedKey(ValueError):
    """An object of the text has a key twice."""

    def __init__(self, name: str) -> None:
        shown = name[:_NAME_SHOWN].encode("utf-8", "replace").decode()
        super().__init__(f"the key {shown!r} is there twice in one object")


def check_keys(text: bytes | str, value: Any) -> None:
    """RepeatedKey where an object of the JSON text has a key twice. `value` is what the text was parsed to.

    Each member of an object has one colon, and so has what is written of the parsed value, if no member was lost. The
    colons of two texts are counted in a hundredth of the time that another parse takes, and only where the counts
    differ, or say nothing, is the text parsed once more.
    """
    # A colon in a text may be written as an escape.
    if isinstance(text, bytes):
        colons = -1 if b"\\u" in text else text.count(b":")
    else:
        colons = -1 if "\\u" in text else text.count(":")
    if isinstance(value, dict) and colons == len(value):
        # Each member that is left has a colon: there is none for another.
        return
    try:
        if colons == orjson.dumps(value).count(b":"):
            return
    except TypeError:
        # Nested deeper than orjson writes, or text that is not UTF-8.
        pass
    _parse_members(text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text)


def _parse_members(text: str) -> None:
    try:
        json.loads(text, object_pairs_hook=_members, parse_int=str, parse_float=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _members(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise RepeatedKey(name)
        seen.add(name)
