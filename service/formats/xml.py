"""XML from outside, of any length, in constant memory.

The standard library's Expat is fed in chunks. A document type is refused where it begins: without one there are no
entities to expand and no other files to fetch.
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
    """It is not XML, or it has something that none of our sources sends."""


class XmlReader(ABC, Generic[Found]):
    """Reads one document. A subclass handles the elements, and removes the bytes that it no longer needs."""

    def __init__(self, *, namespaces: bool = False) -> None:
        # With a separator, Expat gives names as `namespace name`.
        self._parser = expat.ParserCreate(namespace_separator=" " if namespaces else None)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text_read
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.EntityDeclHandler = _refuse_document_type
        self._path: list[str] = []
        """The names of the elements that are open, without their namespaces."""
        self._found: list[Found] = []
        self._window = bytearray()
        """The bytes of the document from the offset `_base` on."""
        self._base = 0

    @property
    def line(self) -> int:
        """The current line, from 1."""
        return self._parser.CurrentLineNumber

    def read(self, stream: BinaryIO) -> Iterator[Found]:
        """What the subclass finds, in the order of the document. RefusedXml where the document cannot be read further."""
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
    def _element_started(self, name: str, attributes: dict[str, str]) -> None:
        """Called at the start of an element, which is the last of the path."""

    @abstractmethod
    def _text_read(self, text: str) -> None:
        """Called with a piece of an element's text."""

    @abstractmethod
    def _element_ended(self, name: str) -> None:
        """Called at the end of an element, which is still the last of the path."""

    @abstractmethod
    def _chunk_ended(self) -> None:
        """Called after each parsed chunk, to remove bytes of the window that are no longer needed."""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _DEPTH_MAX:
            raise RefusedXml(f"nested more than {_DEPTH_MAX} deep")
        name = name.rsplit(" ", 1)[-1]
        self._path.append(name)
        self._element_started(name, attributes)

    def _end(self, _name: str) -> None:
        self._element_ended(self._path[-1])
        self._path.pop()

    def _hand_out(self) -> list[Found]:
        found, self._found = self._found, []
        return found


class _FirstElement(Exception):
    """The first element has begun."""


def check_no_document_type(stream: IO[bytes]) -> None:
    """Reads up to the first element. RefusedXml if a document type comes before it, or if there is no element."""
    parser = expat.ParserCreate()

    def begin(*_: Any) -> None:
        raise _FirstElement

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise RefusedXml(f"it is no XML: {problem}") from None
    except _FirstElement:
        return


def _refuse_document_type(*_: Any) -> None:
    raise RefusedXml("it has a document type: none of ours does")
