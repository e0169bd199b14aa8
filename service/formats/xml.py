"""XML from outside, of any length, in memory that does not grow with it.

Expat of the standard library, fed in pieces. A document type is refused as soon as it begins: without one there are no
entities to expand and nothing outside to fetch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, Generic, TypeVar
from xml.parsers import expat

_CHUNK_BYTES = 64 * 1024
_DEPTH_MAX = 32

Found = TypeVar("Found")


class RefusedXml(Exception):
    """It is no XML, or none that anybody sends whom we read."""


class XmlReader(ABC, Generic[Found]):
    """One document on its way. A subclass takes its elements, and says which bytes of it are still needed."""

    def __init__(self, *, namespaces: bool = False) -> None:
        # With a separator, names come as `namespace name`.
        self._parser = expat.ParserCreate(namespace_separator=" " if namespaces else None)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.EntityDeclHandler = _refuse_document_type
        self._path: list[str] = []
        """The names of the elements that are open, without their namespaces."""
        self._found: list[Found] = []
        self._window = bytearray()
        """The bytes from `_base` on."""
        self._base = 0

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    def read(self, stream: BinaryIO) -> Iterator[Found]:
        """What is found, as the document comes by; then Refused, where that ended before the document did."""
        try:
            while chunk := stream.read(_CHUNK_BYTES):
                self._window += chunk
                self._parser.Parse(chunk, False)
                self._chunk_ended()
                yield from self._hand_out()
            self._parser.Parse(b"", True)
        except (expat.ExpatError, RefusedXml) as problem:
            yield from self._hand_out()
            raise RefusedXml(str(problem)) from None
        yield from self._hand_out()

    @abstractmethod
    def _begun(self, name: str, attributes: dict[str, str]) -> None:
        """An element has begun; it is the last of the path."""

    @abstractmethod
    def _characters(self, text: str) -> None:
        """A piece of an element's text."""

    @abstractmethod
    def _ended(self, name: str) -> None:
        """An element has ended; it is still the last of the path."""

    @abstractmethod
    def _chunk_ended(self) -> None:
        """A chunk stands in the window and was parsed: time to let go of bytes."""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _DEPTH_MAX:
            raise RefusedXml(f"nested more than {_DEPTH_MAX} deep")
        name = name.rsplit(" ", 1)[-1]
        self._path.append(name)
        self._begun(name, attributes)

    def _end(self, _name: str) -> None:
        self._ended(self._path[-1])
        self._path.pop()

    def _hand_out(self) -> list[Found]:
        found, self._found = self._found, []
        return found


class _Begun(Exception):
    """The first element has come."""


def check_no_document_type(stream: IO[bytes]) -> None:
    """Reads up to the first element; Refused if a document type comes before it, or no element at all."""
    parser = expat.ParserCreate()

    def begin(*_: Any) -> None:
        raise _Begun

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise RefusedXml(f"it is no XML: {problem}") from None
    except _Begun:
        return


def _refuse_document_type(*_: Any) -> None:
    raise RefusedXml("it has a document type: none of ours does")
