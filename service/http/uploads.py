"""Files that are sent as a body: streamed to disk, and never whole in memory."""

from __future__ import annotations

import asyncio
from typing import BinaryIO

from aiohttp import web

from service.http.app_keys import SETTINGS
from service.http.errors import ApiError

_CHUNK = 1 << 18
_NAME_MAX = 100


async def receive(request: web.Request, stream: BinaryIO) -> None:
    """The body, on disk while it is read: readers go back and forth in some formats."""
    most = request.app[SETTINGS].import_bytes_max
    taken = 0
    async for chunk in request.content.iter_chunked(_CHUNK):
        taken += len(chunk)
        if taken > most:
            raise ApiError("PAYLOAD_TOO_LARGE", f"a file has {most} bytes at most: import it in parts")
        await asyncio.to_thread(stream.write, chunk)
    await asyncio.to_thread(stream.seek, 0)


def file_name(request: web.Request) -> str:
    """What the sender calls the file: part of the place of each record."""
    text = request.query.get("file", "upload")
    if not (0 < len(text) <= _NAME_MAX and text.isprintable()):
        raise ApiError("VALIDATION_ERROR", f"file is 1 to {_NAME_MAX} printable characters", field="file")
    return text
