"""The addresses that webhooks may be sent to: an account's URL must not make us connect to private networks.

The address is checked when the socket is created. So it does not matter what a name resolves to, how an address is
written, or when it changes: the name is not resolved again after the check.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from service.platform.settings import Settings

URL_LENGTH_MAX = 2000

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddress(OSError):
    """The address lies on this machine or in a private network."""


def is_public(address: str) -> bool:
    """Whether this is a public internet address. IPv6 forms that contain an IPv4 address are checked by that one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        embedded = found.ipv4_mapped or found.sixtofour
        if embedded is None and found.teredo is not None:
            embedded = found.teredo[1]
        if embedded is None and found in _NAT64:
            embedded = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if embedded is not None:
            return is_public(str(embedded))
    return found.is_global and not found.is_multicast


def _socket_for(address_info: Any, *, private_addresses: bool) -> socket.socket:
    family, kind, protocol, _, address = address_info
    if not private_addresses and not is_public(str(address[0])):
        raise ForbiddenAddress(f"{address[0]} is not a public internet address")
    return socket.socket(family, kind, protocol)


def connector(settings: Settings, resolver: AbstractResolver | None = None) -> aiohttp.TCPConnector:
    """A connector that opens a connection for each request, and none to a forbidden address."""
    return aiohttp.TCPConnector(
        socket_factory=partial(_socket_for, private_addresses=settings.outgoing_private_addresses),
        resolver=resolver,
        use_dns_cache=False,
        force_close=True,
        limit=0,
    )


def url_problem(url: str, settings: Settings) -> str | None:
    """Why this cannot be an endpoint's URL, or None. What a name resolves to is checked at the connection."""
    schemes = ("https", "http") if settings.outgoing_plain_http else ("https",)
    if len(url) > URL_LENGTH_MAX or not (url.isascii() and url.isprintable()) or " " in url:
        return f"a URL has at most {URL_LENGTH_MAX} printable ASCII characters without spaces"
    try:
        parsed = URL(url)
        host, port = parsed.host, parsed.port
    except ValueError:
        return "this is not a URL"
    if parsed.scheme not in schemes or not host or port == 0:
        return f"a URL begins with {' or '.join(f'{scheme}://' for scheme in schemes)} and names a host"
    if parsed.user is not None or parsed.password is not None or parsed.fragment:
        return "a URL here has neither a user nor a password nor a fragment"
    if not settings.outgoing_private_addresses and not _may_be_public(host):
        return "the host is on this machine or in a private network"
    return None


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return name != "localhost" and not name.endswith(".localhost")
