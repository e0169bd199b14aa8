"""Bodies that are files: streamed to disk, and never whole in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

from aiohttp import web

from service.http.app_keys import SETTINGS
from service.http.body_encoding import pieces
from service.http.errors import ApiError
from service.http.parameters import text_with_default

_NAME_MAX = 100

FILE = text_with_default(
    "file",
    "What the sender calls the file: part of the place of each record.",
    _NAME_MAX,
    str.isprintable,
    f"file is 1 to {_NAME_MAX} printable characters",
    "upload",
)


async def chunks(request: web.Request) -> AsyncIterator[bytes]:
    """The body piece by piece; 413 as soon as it is known to be too large."""
    most = request.app[SETTINGS].import_bytes_max
    too_large = ApiError("PAYLOAD_TOO_LARGE", f"a file has {most} bytes at most: import it in parts", field="body")
    if request.content_length is not None and request.content_length > most:
        raise too_large
    size = 0
    async for chunk in _in_time(request):
        size += len(chunk)
        if size > most:
            raise too_large
        yield chunk


async def _in_time(request: web.Request) -> AsyncIterator[bytes]:
    """The pieces of the body; 400 where it stands still, or comes so slowly that it holds its place for no good."""
    settings, loop = request.app[SETTINGS], asyncio.get_running_loop()
    idle = settings.upload_idle_seconds
    until, arriving = loop.time() + idle, pieces(request)
    while True:
        try:
            async with asyncio.timeout_at(min(until, loop.time() + idle)):
                chunk = await anext(arriving, None)
        except TimeoutError:
            raise ApiError("VALIDATION_ERROR", "the body did not arrive in time: send it again", field="body") from None
        if chunk is None:
            return
        until += len(chunk) / settings.upload_bytes_per_second_min
        yield chunk


async def receive(request: web.Request, stream: BinaryIO) -> None:
    """The body, on disk while it is read: readers go back and forth in some formats."""
    async for chunk in chunks(request):
        await asyncio.to_thread(stream.write, chunk)
    await asyncio.to_thread(stream.seek, 0)
