"""Bodies of all requests together: how many bytes of them may be on their way in at once.

One body is bounded (`BODY_BYTES_MAX`), and so are all of them: otherwise many slow ones together fill the memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from service.http.app_keys import SETTINGS
from service.http.body_encoding import ENCODING, read_body
from service.http.errors import ApiError
from service.http.request_context import ANSWER_BY


class ReceivedBodies:
    """Counts the bytes that are promised by requests whose bodies are being read."""

    def __init__(self, bytes_max: int) -> None:
        self._free = bytes_max

    async def read(self, request: web.Request) -> bytes:
        """The whole body. 503 where too much is on its way already; 400 where it does not arrive in time."""
        if not request.can_read_body:
            return b""
        with self._room_for(request):
            try:
                # Half of the request's time: the other half is for the answer.
                async with asyncio.timeout_at(request[ANSWER_BY] - request.app[SETTINGS].request_seconds_max / 2):
                    return await (read_body(request) if ENCODING in request.headers else request.read())
            except TimeoutError:
                raise ApiError("VALIDATION_ERROR", "the body did not arrive in time", field="body") from None

    @contextmanager
    def _room_for(self, request: web.Request) -> Iterator[None]:
        # A body that does not say how long it is may become as long as any. One that is too long is refused as such.
        most = request.client_max_size
        size = min(request.content_length if request.content_length is not None else most, most)
        if size > self._free:
            raise ApiError("UNAVAILABLE", "too many bodies are being received: try again")
        self._free -= size
        try:
            yield
        finally:
            self._free += size


BODIES = web.AppKey("bodies", ReceivedBodies)
