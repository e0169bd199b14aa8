"""The service as a process of its own, that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from service.platform.settings import Settings


@dataclass
class Served:
    """A running `payout-ledger serve`."""

    process: asyncio.subprocess.Process
    port: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def kill(self) -> None:
        """As `kill -9` does it: nothing is finished, nothing is closed."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@contextlib.asynccontextmanager
async def served(settings: Settings, **environment: str) -> AsyncIterator[Served]:
    """Starts the service against the database of `settings`, and ends it if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "service",
        "serve",
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "MASTER_KEY": settings.master_key.get_secret_value(),
            "KAFKA_WEBHOOKS_TOPIC": settings.kafka_webhooks_topic,
            "KAFKA_GROUP": settings.kafka_group,
            "PORT": "0",
            **environment,
        },
    )
    try:
        port = await _port(process)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.stderr is not None
    drained = asyncio.create_task(process.stderr.read())
    try:
        yield Served(process, port)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        await drained


async def _port(process: asyncio.subprocess.Process) -> int:
    """Reads the log until the service says where it listens."""
    assert process.stderr is not None
    lines = []
    async with asyncio.timeout(60):
        while True:
            line = await process.stderr.readline()
            lines.append(line)
            assert line, b"".join(lines).decode()
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if entry.get("event") == "serving":
                    port: int = entry["port"]
                    return port
