"""Records out of JSON and JSON lines of any length, each with the very text that it stood in.

A document is walked, not loaded: the arrays that a channel names as routes are handed out element by element, and what
is around them comes last, as the rest. The decoding itself is the standard library's; numbers stay text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO

from events.canonical import check_text
from service.formats.json import Broken, JsonText, decode
from service.formats.unreadable import Unreadable, unreadable

Route = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A value with its text. `route` is the array that it is an element of, None for the rest of a document."""

    route: Route | None
    value: Any
    raw: bytes = field(repr=False)
    place: str
    around_records: bool = False
    """Of a rest: whether there was an array at a route, be it empty."""


def json_records(stream: BinaryIO, routes: frozenset[Route]) -> Iterator[Record | Unreadable]:
    """The elements of the arrays at `routes`, and the rest of each document after them.

    An empty route is the document itself being an array. A broken line of JSON lines costs that line; a document that
    breaks off costs what comes after.
    """
    text = JsonText(stream)
    walker = _Walker(text, routes)
    lines = False
    if not text.skip():
        yield unreadable("the file", "it is empty", b"")
    while text.skip():
        line = text.line()
        place = f"line {text.line_number}"
        if line is not None:
            try:
                value = decode(line)
            except Broken as problem:
                if lines:
                    yield unreadable(place, f"not JSON: {problem}", _bytes(line))
                    text.advance(len(line))
                    continue
            else:
                lines = True
                if not has_records(value, routes):
                    text.advance(len(line))
                    yield _sound(Record(None, value, _bytes(line), place))
                    continue
        count = walker.handed_out
        try:
            yield from walker.document(f"{place}: " if lines else "")
        except (Broken, RecursionError) as problem:
            yield unreadable(text.where(), f"not JSON: {problem}", _bytes(text.ahead()))
            if walker.handed_out > count or not text.to_next_line():
                return
            lines = True


def has_records(value: Any, routes: frozenset[Route]) -> bool:
    """Whether a decoded document has an array at one of the routes, or the one child of what would be an array."""
    for route in routes:
        found = value
        for name in route:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, list) or (isinstance(found, dict) and route not in _passed(routes)):
            return True
    return False


@lru_cache(16)
def _passed(routes: frozenset[Route]) -> frozenset[Route]:
    """The objects that lie on the way to a route."""
    return frozenset(route[:depth] for route in routes for depth in range(len(route)))


def _sound(record: Record) -> Record | Unreadable:
    """The record, or why it cannot be kept as text: bytes that are not UTF-8, NUL, or half a character."""
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
    """Walks documents: down the routes, over everything else."""

    def __init__(self, text: JsonText, routes: frozenset[Route]) -> None:
        self._text = text
        self._routes = routes
        self._passed = _passed(routes)
        self.handed_out = 0
        self._arrays = 0

    def document(self, prefix: str) -> Iterator[Record | Unreadable]:
        text = self._text
        text.kept = []
        rest: dict[str, Any] = {}
        place = f"{prefix}{text.where()}"
        self._arrays = 0
        try:
            yield from self._value((), rest, prefix)
            raw = _bytes("".join(text.kept))
        finally:
            text.kept = None
        if "" in rest:
            yield _sound(Record(None, rest[""], raw, prefix.removesuffix(": ") or place, self._arrays > 0))

    def _value(self, route: Route, rest: dict[str, Any], prefix: str) -> Iterator[Record | Unreadable]:
        """The value at a route. What is not handed out goes into `rest` under the route's last name."""
        text, name = self._text, route[-1] if route else ""
        first = text.skip()
        if first == "[" and route in self._routes:
            self._arrays += 1
            text.advance(1)
            yield from self._elements(route, prefix)
        elif first == "{" and route in self._passed:
            inner: dict[str, Any] = {}
            rest[name] = inner
            text.advance(1)
            yield from self._members(route, inner, prefix)
        elif first == "{" and route in self._routes:
            # One child, where several would have been an array.
            self._arrays += 1
            yield self._element(route, f"{prefix}{'.'.join(route)}")
        else:
            rest[name], _ = text.value()

    def _members(self, route: Route, rest: dict[str, Any], prefix: str) -> Iterator[Record | Unreadable]:
        text = self._text
        if text.skip() == "}":
            text.advance(1)
            return
        while True:
            if text.skip() != '"':
                raise Broken("a name in double quotes expected")
            name, _ = text.value()
            text.expect(":")
            inner = (*route, name)
            if inner in self._routes or inner in self._passed:
                yield from self._value(inner, rest, prefix)
            else:
                text.skip()
                rest[name], _ = text.value()
            if text.expect(",}") == "}":
                return

    def _elements(self, route: Route, prefix: str) -> Iterator[Record | Unreadable]:
        text = self._text
        if text.skip() == "]":
            text.advance(1)
            return
        # Nothing in here belongs to the rest, not even the commas: there may be millions.
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
        self.handed_out += 1
        return _sound(Record(route, value, _bytes(raw), place if place.startswith("line") else f"{place}, line {line}"))
