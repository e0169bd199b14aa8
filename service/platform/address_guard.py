"""The addresses that may be connected to where somebody else names them: none on this machine or in private networks.

The address is checked when the socket is created. So it does not matter what a name resolves to, how an address is
written, or when it changes: the name is not resolved again after the check.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from yarl import URL

from service.platform.settings import Settings

URL_LENGTH_MAX = 2000

# The one range of IPv6 from which addresses on the internet are given out (IANA, IPv6 Global Unicast Address Assignments).
_GIVEN_OUT = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # for protocols: RFC 6890
        "192.88.99.0/24",  # relays of 6to4, given up: RFC 7526
        "2001::/23",  # for protocols, with Teredo: RFC 2928
        "2002::/16",  # 6to4, given up: RFC 7526
        "3fff::/20",  # for documentation: RFC 9637
    )
]
_NAMES_OF_NETWORKS = ("localhost", "local", "internal", "home.arpa")
"""Ends of names that are of a machine or a private network: RFC 6761, 6762 and 8375, and ICANN's `internal`."""


class ForbiddenAddress(OSError):
    """The address lies on this machine or in a private network."""

    def __init__(self, address: str) -> None:
        # With a number, as the system's own: the client's message shows the text of no other.
        super().__init__(errno.EACCES, f"{address} is not a public internet address")


def is_public(address: str) -> bool:
    """Whether this is a public internet address. IPv6 forms that contain an IPv4 address are checked by that one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        embedded = found.ipv4_mapped
        if embedded is None and found in _NAT64:
            embedded = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if embedded is not None:
            return is_public(str(embedded))
        if found not in _GIVEN_OUT:
            return False
    return found.is_global and not found.is_multicast and not any(found in network for network in _SPECIAL)


def guarded_socket(*, private_addresses: bool) -> Callable[[Any], socket.socket]:
    """What makes a connector's sockets: ForbiddenAddress for an address that is not public, unless all are allowed."""
    return partial(_socket_for, private_addresses=private_addresses)


def _socket_for(address_info: Any, *, private_addresses: bool) -> socket.socket:
    family, kind, protocol, _, address = address_info
    if not private_addresses and not is_public(str(address[0])):
        raise ForbiddenAddress(str(address[0]))
    return socket.socket(family, kind, protocol)


def url_problem(url: str, settings: Settings) -> str | None:
    """Why this cannot be a URL that we connect to, or None. What a name resolves to is checked at the connection."""
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
        return "." in name and not f".{name}".endswith(tuple(f".{end}" for end in _NAMES_OF_NETWORKS))
