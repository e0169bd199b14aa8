"""XML from outside, of any length, in constant memory.

The standard library's Expat is fed in chunks. A document type is refused where it begins: without one there are no
entities to expand and no other files to fetch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import IO, Any, BinaryIO, Generic, TypeVar
from xml.parsers import expat

from service.formats.bounds import (
    XML_ATTRIBUTES_MAX,
    XML_DEPTH_MAX,
    XML_NAME_CHARACTERS_MAX,
    XML_TOKEN_BYTES_MAX,
    BeyondBounds,
)

_CHUNK_BYTES = 64 * 1024

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
                self._check_token()
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
        _check_element(name, attributes, len(self._path))
        name = name.rsplit(" ", 1)[-1]
        self._path.append(name)
        self._element_started(name, attributes)

    def _end(self, _name: str) -> None:
        self._element_ended(self._path[-1])
        self._path.pop()

    def _check_token(self) -> None:
        """RefusedXml where what the parser waits for the end of is too long: it begins that anew with each chunk."""
        if self._base + len(self._window) - self._parser.CurrentByteIndex > XML_TOKEN_BYTES_MAX:
            raise RefusedXml(f"a tag or a comment longer than {XML_TOKEN_BYTES_MAX} bytes")

    def _hand_out(self) -> list[Found]:
        found, self._found = self._found, []
        return found


def _check_element(name: str, attributes: Mapping[str, str], depth: int) -> None:
    if depth >= XML_DEPTH_MAX:
        raise RefusedXml(f"nested more than {XML_DEPTH_MAX} deep")
    if len(name) > XML_NAME_CHARACTERS_MAX:
        raise RefusedXml(f"an element has a name of more than {XML_NAME_CHARACTERS_MAX} characters")
    if len(attributes) > XML_ATTRIBUTES_MAX:
        raise RefusedXml(f"the element {name[:40]} has more than {XML_ATTRIBUTES_MAX} attributes")


def check_part(content: bytes, name: str, elements_max: int, of_name_max: Mapping[str, int]) -> None:
    """BeyondBounds where a whole document has more elements, or more of one name, without its namespace; or RefusedXml."""
    counts = dict.fromkeys(of_name_max, 0)
    path, count = 0, 0

    def start(found: str, attributes: dict[str, str]) -> None:
        nonlocal path, count
        _check_element(found, attributes, path)
        path, count = path + 1, count + 1
        own = found.rpartition(":")[2]
        if own in counts:
            counts[own] += 1
            if counts[own] > of_name_max[own]:
                raise BeyondBounds(f"{name[:60]} has more than {of_name_max[own]} elements {own}")
        if count > elements_max:
            raise BeyondBounds(f"{name[:60]} has more than {elements_max} XML elements")

    def end(_: str) -> None:
        nonlocal path
        path -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(content, True)
    except expat.ExpatError as problem:
        raise RefusedXml(f"{name[:60]} is no XML: {problem}") from None


class _FirstElement(Exception):
    """The first element has begun."""


def check_no_document_type(stream: IO[bytes]) -> None:
    """Reads up to the first element. RefusedXml if a document type comes before it, or if there is no element."""
    parser = expat.ParserCreate()

    def begin(*_: Any) -> None:
        raise _FirstElement

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = _refuse_document_type
    read_bytes = 0
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)
            read_bytes += len(chunk)
            if read_bytes > XML_TOKEN_BYTES_MAX:
                raise RefusedXml(f"it has no element in its first {XML_TOKEN_BYTES_MAX} bytes")
        parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise RefusedXml(f"it is no XML: {problem}") from None
    except _FirstElement:
        return


def _refuse_document_type(*_: Any) -> None:
    raise RefusedXml("it has a document type: none of ours does")
