"""A front of Postgres: what passes through it can be stopped, as by a server that hangs, and cut, as by one that dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit, urlunsplit

from service.platform.settings import Settings

_PIECE = 1 << 16


class Front:
    """Between a service and its server."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        asked = parse_qs(parts.query)
        self._folder = asked.get("host", [None])[0]
        self._host, self._port = parts.hostname or "", parts.port or int(asked.get("port", ["5432"])[0])
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def hang(self) -> None:
        """Nothing passes in either direction, and new connections are taken and not answered."""
        self._flows.clear()

    def flow(self) -> None:
        """All passes again, what waited first."""
        self._flows.set()

    def url(self, server: str) -> str:
        """The server's address, through this front."""
        parts = urlsplit(server)
        login = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{self.port}", query=""))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        if self._folder is not None:
            theirs = await asyncio.open_unix_connection(f"{self._folder}/.s.PGSQL.{self._port}")
        else:
            theirs = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, theirs[1]}
        for source, target in ((reader, theirs[1]), (theirs[0], writer)):
            task = asyncio.create_task(self._relay(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _relay(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(_PIECE):
                await self._flows.wait()
                target.write(piece)
                await target.drain()
        target.close()

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.close()


@contextlib.asynccontextmanager
async def fronted(settings: Settings) -> AsyncIterator[tuple[Front, Settings]]:
    """A front of the settings' server, and the settings through it."""
    front = Front(settings.database_url)
    server = await asyncio.start_server(front.serve, "127.0.0.1", 0)
    front.port = server.sockets[0].getsockname()[1]
    through = {"database_url": front.url(settings.database_url), "migrate_database_url": None}
    try:
        yield front, settings.model_copy(update=through)
    finally:
        front.end()
        server.close()
