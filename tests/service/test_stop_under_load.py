"""A service that is told to stop while many ask: no request that it took goes without its answer."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field

from service.platform.settings import Settings
from tests.support.api import serving
from tests.support.served import served

CONNECTIONS = 40


@dataclass
class Asked:
    """What one connection was answered, request by request, until it was closed."""

    answered: int = 0
    last_was_announced: bool = False
    lost: list[str] = field(default_factory=list)


async def _asking(port: int, secret: str, begun: asyncio.Event) -> Asked:
    """Asks on one connection, again and again, until the service ends it or refuses it."""
    asked = Asked()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET /v1/payouts/balance HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n".encode()
    try:
        while True:
            writer.write(request)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(length)
            assert head.startswith(b"HTTP/1.1 200"), head
            asked.answered += 1
            if asked.answered == 3:
                begun.set()
            if b"connection: close" in head.lower():
                asked.last_was_announced = True
                return asked
    except (asyncio.IncompleteReadError, ConnectionError) as problem:
        asked.lost.append(repr(problem))
        return asked
    finally:
        writer.close()


async def test_no_connection_is_reset_that_waits_for_an_answer(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant = await api.merchant(available=10)
    async with served(settings) as running:
        begun = [asyncio.Event() for _ in range(CONNECTIONS)]
        asking = [asyncio.create_task(_asking(running.port, merchant.key.secret, each)) for each in begun]
        async with asyncio.timeout(60):
            for each in begun:
                await each.wait()
            running.process.send_signal(signal.SIGTERM)
            found = await asyncio.gather(*asking)
            assert await running.process.wait() == 0
    assert [each.lost for each in found if each.lost] == []
    assert all(each.last_was_announced for each in found)
