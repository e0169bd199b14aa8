"""A connection that sends nothing, or half of a request's headers, is not held for ever."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from service.platform.settings import Settings
from tests.support.api import serving

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("half", [b"", b"G", REQUEST[:-2], REQUEST + REQUEST[:-2], REQUEST])
async def test_what_comes_to_no_whole_request_is_closed(settings: Settings, half: bytes) -> None:
    async with serving(settings.model_copy(update={"keep_alive_seconds": 0.5})) as api:
        at = urlsplit(api.base)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        writer.write(half)
        async with asyncio.timeout(30):
            answered = await reader.read()
        assert answered.count(b"HTTP/1.1 200 OK") == half.count(REQUEST)
        writer.close()


async def test_headers_that_come_byte_by_byte_win_no_time(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"keep_alive_seconds": 0.5})) as api:
        at = urlsplit(api.base)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)

        async def drip() -> None:
            writer.write(REQUEST[:-2])
            while True:
                writer.write(b"x: y\r\n")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        dripping.cancel()
        writer.close()
