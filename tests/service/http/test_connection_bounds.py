"""Connections are bounded in all and by address, whether anything is asked on them or not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Self
from urllib.parse import urlsplit

import pytest

from service.http.connections import LOCAL, Connections, network_of
from service.platform.settings import Settings
from tests.service.http.test_metrics import of, scrape
from tests.support.api import Api, serving

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = REQUEST[:-2]

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Peers:
    """Connections from addresses of this machine: all of 127.0.0.0/8 is. They are closed at the end."""

    def __init__(self, api: Api) -> None:
        self._at = urlsplit(api.base)
        self._connections: list[Connection] = []

    async def connect(self, address: str = "127.0.0.2") -> Connection:
        connection = await asyncio.open_connection(self._at.hostname, self._at.port, local_addr=(address, 0))
        self._connections.append(connection)
        return connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._connections:
            await close(connection)


async def close(connection: Connection) -> None:
    connection[1].close()
    with contextlib.suppress(ConnectionError):
        await connection[1].wait_closed()


async def is_served(connection: Connection, sent: bytes = REQUEST) -> bool:
    """Whether a request is answered on it; else it was closed without a byte."""
    reader, writer = connection
    async with asyncio.timeout(30):
        try:
            writer.write(sent)
            return b"200 OK" in await reader.readline()
        except ConnectionError:
            return False


async def is_closed(connection: Connection) -> bool:
    """Nothing is sent: whether the other side has closed it."""
    async with asyncio.timeout(30):
        try:
            return await connection[0].read(1) == b""
        except ConnectionError:
            return True


async def until_open(api: Api, number: float) -> None:
    """So many connections are open, the asking one among them."""
    async with asyncio.timeout(30):
        while of(await scrape(api), "connections_open") != number:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("sent", [b"", HALF, REQUEST], ids=["idle", "half a request", "a request"])
async def test_one_more_connection_of_an_address_is_closed_and_one_of_another_is_served(
    settings: Settings, sent: bytes
) -> None:
    async with serving(settings.model_copy(update={"connections_per_address_max": 3})) as api, Peers(api) as peers:
        held = [await peers.connect() for _ in range(3)]
        for reader, writer in held:
            writer.write(sent)
            if sent == REQUEST:
                async with asyncio.timeout(30):
                    await reader.readuntil(b"\r\n\r\n")
        await until_open(api, 4)
        assert await is_closed(await peers.connect())
        assert not await is_served(await peers.connect())
        assert await is_served(await peers.connect("127.0.0.3"))
        assert of(await scrape(api), "connections_refused_total", kind="address") == 2
        # What has its place keeps it.
        assert await is_served(held[0], REQUEST[len(HALF) :] if sent == HALF else REQUEST)
        await close(held.pop())
        await until_open(api, 4)
        assert await is_served(await peers.connect()), "the place is free again"


async def test_all_connections_together_are_bounded(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"connections_max": 4})) as api, Peers(api) as peers:
        assert of(await scrape(api), "connections_open") == 1
        held = [await peers.connect(f"127.0.1.{number}") for number in range(1, 4)]
        await until_open(api, 4)
        assert await is_closed(await peers.connect("127.0.1.9"))
        samples = await scrape(api)
        assert of(samples, "connections_refused_total", kind="all") == 1
        assert of(samples, "connections_open") == 4
        await close(held.pop())
        await until_open(api, 3)
        assert await is_served(await peers.connect("127.0.1.9"))


async def test_a_connection_that_was_refused_takes_no_place_when_it_goes(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"connections_per_address_max": 1})) as api, Peers(api) as peers:
        held = await peers.connect()
        await until_open(api, 2)
        for _ in range(5):
            assert await is_closed(await peers.connect())
        await until_open(api, 2)
        assert await is_served(held)


def test_an_address_is_counted_for_itself_and_an_ipv6_one_for_its_network() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7" != network_of("192.0.2.8")
    assert network_of("127.0.0.1") == "127.0.0.1"
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("::1") == "::/64"
    assert network_of("fe80::1%eth0") == network_of("fe80::2%eth1")
    assert network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert network_of("") == network_of(None) == network_of("/run/socket") == LOCAL


async def test_whoever_connects_through_a_socket_of_the_machine_is_counted(settings: Settings) -> None:
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    connections = Connections(settings.model_copy(update={"connections_per_address_max": 1}))
    assert connections.take("one", transport)  # type: ignore[arg-type]
    assert not connections.take("another", transport)  # type: ignore[arg-type]
    transport.close()
    theirs.close()
