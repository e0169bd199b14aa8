"""Ports for servers that are killed and started again where they were.

Not from the range that the kernel gives to outgoing connections and to servers that take any port. While the server is
away, somebody else's server may be given its port; and a client that keeps asking for the port may be given it for its
own end, which connects it to itself, and the server cannot listen there again.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_FIRST, _LAST = 10_000, 32_000
"""Below the kernel's range on Linux (32768) and macOS (49152)."""


@contextmanager
def lasting_ports(count: int) -> Iterator[list[int]]:
    """So many free ones, held until the block ends, so that they differ."""
    with ExitStack() as held:
        yield [_hold(held) for _ in range(count)]


def _hold(held: ExitStack) -> int:
    # Not the seeded generator: workers of one run are not to choose alike.
    choose = random.SystemRandom()
    while True:
        port = choose.randrange(_FIRST, _LAST)
        try:
            held.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
        return port
