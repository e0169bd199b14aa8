"""Connections: how many may be open in all, and from one address. One more is closed before anything of it is read."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.platform.settings import Settings

_IPV6_SITE_BITS = 64
"""Whoever has one IPv6 address has all that begin with the same bits."""

LOCAL = "local"
"""Stands for whoever connects without an address, through a socket of this machine: all of them together."""


@lru_cache(10_000)
def network_of(address: str | None) -> str:
    """Whom an address is counted for: itself, or its IPv6 network of 64 bits. What is no address is `LOCAL`."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return LOCAL
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        # Where one socket listens for both: without this, all of IPv4 would be one network.
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> _IPV6_SITE_BITS << _IPV6_SITE_BITS)}/{_IPV6_SITE_BITS}"


class Connections(Collector):
    """The open connections, and how many were refused, whether a request is under way on them or not."""

    def __init__(self, settings: Settings) -> None:
        self._max = settings.connections_max
        self._per_address_max = settings.connections_per_address_max
        self._networks: dict[RequestHandler, str] = {}
        """Of each connection that was taken."""
        self._open: defaultdict[str, int] = defaultdict(int)
        self._refused = {"all": 0, "address": 0}

    def take(self, handler: RequestHandler, transport: asyncio.BaseTransport) -> bool:
        """Whether there is room for the connection. It has its place until `give_back`."""
        peer = transport.get_extra_info("peername")
        network = network_of(peer[0] if isinstance(peer, tuple) else None)
        if self._open.get(network, 0) >= self._per_address_max:
            self._refused["address"] += 1
            return False
        if len(self._networks) >= self._max:
            self._refused["all"] += 1
            return False
        self._networks[handler] = network
        self._open[network] += 1
        return True

    def give_back(self, handler: RequestHandler) -> None:
        """The connection is closed. Nothing where it had no place."""
        network = self._networks.pop(handler, None)
        if network is None:
            return
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]

    def collect(self) -> Iterator[Metric]:
        """Called by the registry, for each text."""
        open_now = GaugeMetricFamily("payout_ledger_connections_open", "Connections that are open.")
        open_now.add_metric([], float(len(self._networks)))
        refused = CounterMetricFamily(
            "payout_ledger_connections_refused",
            "Connections closed at once: too many, by whose bound.",
            labels=["kind"],
        )
        for kind, number in self._refused.items():
            refused.add_metric([kind], float(number))
        yield from (open_now, refused)


CONNECTIONS = web.AppKey("connections", Connections)


class BoundedRunner(web.AppRunner):
    """Serves the application on no more connections than it may have."""

    async def setup(self) -> None:
        await super().setup()
        server, connections = self.server, self.app[CONNECTIONS]
        assert server is not None, "a runner that is set up has a server"
        made, lost = server.connection_made, server.connection_lost

        def connection_made(handler: RequestHandler, transport: asyncio.Transport) -> None:
            made(handler, transport)
            if not connections.take(handler, transport):
                transport.pause_reading()
                # Not at once: the handler has yet to begin what the loss of its connection ends.
                asyncio.get_running_loop().call_soon(transport.abort)

        def connection_lost(handler: RequestHandler, exc: BaseException | None = None) -> None:
            connections.give_back(handler)
            lost(handler, exc)

        # Each connection tells its server: there is no other place where aiohttp lets one look at it.
        server.connection_made = connection_made  # type: ignore[method-assign]
        server.connection_lost = connection_lost  # type: ignore[method-assign]
