"""Bodies in the encoding that `Content-Encoding` names: read piece by piece, and refused where they are in another one.

The server does not decode bodies (`app_runner`). aiohttp would, but it takes a gzip body that breaks off for a whole
one, passes on what is in an encoding that it does not know, and logs a traceback for what cannot be decoded.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator

from aiohttp import web

from service.http.errors import ApiError

ENCODING = "Content-Encoding"

GZIP, DEFLATE = ("gzip", "x-gzip"), "deflate"

_PIECE = 1 << 18
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15
_ZLIB_METHOD = 8
_SHOWN = 40


async def read_body(request: web.Request) -> bytes:
    """The whole body. 400 where it is not in its encoding, 413 where it is larger than the service takes."""
    if _encoding(request) is None:
        return await request.read()
    most = request.client_max_size
    found = bytearray()
    async for piece in pieces(request):
        found += piece
        if most and len(found) > most:
            raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=len(found))
    return bytes(found)


async def pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body piece by piece. 400 where it is not in its encoding, or breaks off."""
    encoding = _encoding(request)
    if encoding is None:
        async for chunk in request.content.iter_chunked(_PIECE):
            yield chunk
        return
    decoder = _Decoder(encoding)
    try:
        async for chunk in request.content.iter_chunked(_PIECE):
            for piece in decoder.feed(chunk):
                yield piece
    except zlib.error:
        raise _refused(f"the body is not {encoding}, as its Content-Encoding says") from None
    if not decoder.is_whole:
        raise _refused(f"the body breaks off: it is {encoding}, as its Content-Encoding says, and lacks its end")


def _encoding(request: web.Request) -> str | None:
    """`gzip` or `deflate`; None for none. 400 for any other."""
    named = ",".join(request.headers.getall(ENCODING, [])).strip().lower()
    if named in ("", "identity"):
        return None
    if named in GZIP:
        return GZIP[0]
    if named == DEFLATE:
        return DEFLATE
    shown = ascii(named[:_SHOWN])[1:-1]
    raise _refused(f"Content-Encoding: {shown} is not read here; send gzip, deflate, or the body as it is")


def _refused(message: str) -> ApiError:
    return ApiError("VALIDATION_ERROR", message, field=ENCODING)


class _Decoder:
    """Decodes one body. `deflate` is zlib's format, or without its frame, as some clients send it."""

    def __init__(self, encoding: str) -> None:
        self._gzip = encoding == GZIP[0]
        self._stream: zlib._Decompress | None = None

    @property
    def is_whole(self) -> bool:
        return self._stream is None or self._stream.eof

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What these bytes decode to, in small pieces. zlib.error where they cannot be decoded."""
        while chunk:
            if self._stream is None or self._stream.eof:
                self._stream = zlib.decompressobj(self._bits(chunk))
            piece = self._stream.decompress(chunk, _PIECE)
            while piece:
                yield piece
                chunk = self._stream.unconsumed_tail
                piece = self._stream.decompress(chunk, _PIECE) if len(piece) == _PIECE or chunk else b""
            chunk = self._stream.unconsumed_tail or self._stream.unused_data

    def _bits(self, chunk: bytes) -> int:
        if self._gzip:
            # A gzip file may have several members.
            return _GZIP_BITS
        if self._stream is not None:
            raise zlib.error("there is more behind the end")
        return _ZLIB_BITS if chunk[0] & 0x0F == _ZLIB_METHOD else _RAW_BITS
