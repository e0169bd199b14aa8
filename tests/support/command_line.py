"""`payout-ledger` as a process of its own, with nothing in its environment but what the test says."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from service.platform.settings import Settings

_ROOT = Path(__file__).parents[2]
_SECONDS_MAX = 60


def environment(settings: Settings | None = None, **more: str) -> dict[str, str]:
    """The variables that these settings stand for."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    found = {**kept, "PYTHONPATH": str(_ROOT), "COLUMNS": "200"}
    if settings is not None:
        found |= {
            "DATABASE_URL": settings.database_url,
            "MIGRATE_DATABASE_URL": str(settings.migrate_database_url),
            "MASTER_KEY": settings.master_key.get_secret_value(),
        }
    return found | more


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


async def start(*arguments: str, env: dict[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", *arguments, env=env, cwd=_ROOT, stdout=PIPE, stderr=PIPE
    )


async def payout_ledger(*arguments: str, env: dict[str, str]) -> Ended:
    """Runs a command to its end, which has to come within a minute."""
    process = await start(*arguments, env=env)
    try:
        out, err = await asyncio.wait_for(process.communicate(), _SECONDS_MAX)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@dataclass
class Served:
    """A running `payout-ledger serve`: where it is, and every line it has logged."""

    base: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    raw: bytes = b""


@contextlib.asynccontextmanager
async def serve_process(env: dict[str, str]) -> AsyncIterator[Served]:
    """`payout-ledger serve` on a free port, drained at the end; the log is whole after that."""
    process = await start("serve", env=env | {"PORT": "0"})
    assert process.stderr is not None
    served = Served("")

    async def read() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            served.raw += line
            served.lines.append(orjson.loads(line))
            if served.lines[-1]["event"] == "serving":
                served.base = f"http://127.0.0.1:{served.lines[-1]['port']}"
                ready.set()

    ready = asyncio.Event()
    reading = asyncio.ensure_future(read())
    try:
        await asyncio.wait_for(ready.wait(), _SECONDS_MAX)
        yield served
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), _SECONDS_MAX) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate() if reading.done() else await reading
        await process.wait()
