"""Records of JSON and JSON lines of any length, each with its exact text.

A document is never loaded whole. The arrays at the routes that a source names are given element by element. The fields
around them come last, as the remainder. The standard library decodes; numbers stay text (`Number`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache
from typing import Any, BinaryIO

from events.canonical import check_text
from events.values import value
from service.formats.bounds import BeyondBounds
from service.formats.json import (
    LINE_CHARACTERS_MAX,
    BrokenJson,
    JsonText,
    RepeatedKey,
    check_bounds,
    check_keys,
    decode,
)
from service.formats.unreadable import Unreadable, unreadable

Route = tuple[str, ...]
"""The names of the fields that lead to an array of records. The empty route is a document that is itself the array."""


@value
class Record:
    """A value with its exact text. `route` leads to the array that it is an element of; None for a remainder."""

    route: Route | None
    value: Any
    raw: bytes = field(repr=False)
    place: str
    had_records: bool = False
    """Of a remainder: whether its document had an array of records, even an empty one."""


def json_records(stream: BinaryIO, routes: frozenset[Route]) -> Iterator[Record | Unreadable]:
    """The elements of the arrays at `routes`, and after them the remainder of each document.

    A broken line of JSON lines is one Unreadable, and the next line is read. After a broken document nothing is read.
    """
    text = JsonText(stream)
    walker = _Walker(text, routes)
    lines = False
    try_line_from = 0
    if not text.skip():
        yield unreadable("the file", "it is empty", b"")
    while text.skip():
        # Documents may stand behind each other on one line, which is not tried anew for each of them.
        line = text.line() if text.consumed >= try_line_from else None
        if text.consumed >= try_line_from:
            try_line_from = text.consumed + (LINE_CHARACTERS_MAX if line is None else len(line)) // 2
        place = f"line {text.line_number}"
        if line is not None:
            try:
                value = decode(line)
            except BrokenJson as problem:
                if lines:
                    yield unreadable(place, f"not JSON: {problem}", _bytes(line))
                    text.advance(len(line))
                    continue
            else:
                lines = True
                if not has_records(value, routes):
                    text.advance(len(line))
                    yield _whole_record(Record(None, value, _bytes(line), place))
                    continue
        count = walker.records_count
        try:
            yield from walker.document(f"{place}: " if lines else "")
        except (BrokenJson, RecursionError, ValueError) as problem:
            why = str(problem) if isinstance(problem, RepeatedKey) else f"not JSON: {problem}"
            yield unreadable(text.where(), why, _bytes(text.ahead()))
            if walker.records_count > count or not text.to_next_line():
                return
            lines = True


def has_records(value: Any, routes: frozenset[Route]) -> bool:
    """Whether a decoded document has records: an array at a route, or the single object that stands for one."""
    for route in routes:
        found = value
        for name in route:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, list) or (isinstance(found, dict) and route not in _on_the_way(routes)):
            return True
    return False


@lru_cache(16)
def _on_the_way(routes: frozenset[Route]) -> frozenset[Route]:
    """The routes of the objects that contain a route."""
    return frozenset(route[:depth] for route in routes for depth in range(len(route)))


def _whole_record(record: Record) -> Record | Unreadable:
    """A record whose text is all of it: as `_storable_record`, or the key that stands in it twice."""
    try:
        check_bounds(record.raw, record.value)
        check_keys(record.raw, record.value)
    except (ValueError, BeyondBounds) as problem:
        return unreadable(record.place, str(problem), record.raw)
    return _storable_record(record)


def _storable_record(record: Record) -> Record | Unreadable:
    """The record, or why it cannot be stored as text: bytes that are not UTF-8, NUL, or half a surrogate pair."""
    if record.raw.isascii() and b"\\u" not in record.raw:
        return record
    try:
        for text in _texts(record.value):
            check_text(text, "a text in it")
    except ValueError as problem:
        return unreadable(record.place, str(problem), record.raw)
    return record


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class _Walker:
    """Reads documents: follows the routes, and collects everything else as the remainder."""

    def __init__(self, text: JsonText, routes: frozenset[Route]) -> None:
        self._text = text
        self._routes = routes
        self._on_the_way = _on_the_way(routes)
        self.records_count = 0
        self._arrays = 0

    def document(self, prefix: str) -> Iterator[Record | Unreadable]:
        text = self._text
        text.kept = []
        remainder: dict[str, Any] = {}
        place = f"{prefix}{text.where()}"
        self._arrays = 0
        try:
            yield from self._value((), remainder, prefix)
            raw = _bytes("".join(text.kept))
        finally:
            text.kept = None
        if "" in remainder:
            yield _storable_record(
                Record(None, remainder[""], raw, prefix.removesuffix(": ") or place, self._arrays > 0)
            )

    def _value(self, route: Route, remainder: dict[str, Any], prefix: str) -> Iterator[Record | Unreadable]:
        """The value at a route. What is no record goes into `remainder`, under the route's last name."""
        text, name = self._text, route[-1] if route else ""
        first = text.skip()
        if first == "[" and route in self._routes:
            self._arrays += 1
            text.advance(1)
            yield from self._elements(route, prefix)
        elif first == "{" and route in self._on_the_way:
            inner: dict[str, Any] = {}
            remainder[name] = inner
            text.advance(1)
            yield from self._members(route, inner, prefix)
        elif first == "{" and route in self._routes:
            # Converters from XML write a list of one element as that element.
            self._arrays += 1
            yield self._element(route, f"{prefix}{'.'.join(route)}")
        else:
            remainder[name] = self._one()

    def _one(self) -> Any:
        """A value beside the records. RepeatedKey where an object in it has a key twice, BrokenJson beyond a bound."""
        value, raw = self._text.value()
        try:
            check_bounds(raw, value)
        except BeyondBounds as problem:
            raise BrokenJson(str(problem)) from None
        check_keys(raw, value)
        return value

    def _members(self, route: Route, remainder: dict[str, Any], prefix: str) -> Iterator[Record | Unreadable]:
        text = self._text
        seen: set[str] = set()
        if text.skip() == "}":
            text.advance(1)
            return
        while True:
            if text.skip() != '"':
                raise BrokenJson("a name in double quotes expected")
            name, _ = text.value()
            if name in seen:
                raise RepeatedKey(name)
            seen.add(name)
            text.expect(":")
            inner = (*route, name)
            if inner in self._routes or inner in self._on_the_way:
                yield from self._value(inner, remainder, prefix)
            else:
                text.skip()
                remainder[name] = self._one()
            if text.expect(",}") == "}":
                return

    def _elements(self, route: Route, prefix: str) -> Iterator[Record | Unreadable]:
        text = self._text
        if text.skip() == "]":
            text.advance(1)
            return
        # Nothing of the array is collected for the remainder, not even the commas: there may be millions.
        kept, text.kept = text.kept, None
        index = 0
        while True:
            text.skip()
            yield self._element(route, f"{prefix}{'.'.join(route)}[{index}]")
            index += 1
            if text.expect(",]") == "]":
                text.kept = kept
                return

    def _element(self, route: Route, place: str) -> Record | Unreadable:
        text = self._text
        kept, text.kept = text.kept, None
        line = text.line_number
        value, raw = text.value()
        text.kept = kept
        self.records_count += 1
        return _whole_record(
            Record(route, value, _bytes(raw), place if place.startswith("line") else f"{place}, line {line}")
        )
