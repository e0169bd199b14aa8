"""A simulated Plugipay that runs: in a test's own loop, beside the demo, or as a command."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from service.platform import logs
from service.platform.runtime import REAL, Runtime
from simulator.provider import snapshot
from simulator.provider.api import build_app
from simulator.provider.control import Control
from simulator.provider.control_api import ControlApi
from simulator.provider.plugipay import Plugipay
from simulator.provider.settings import SimulatorSettings

log = logs.get("simulator")

_SAVE_SECONDS = 0.25


class CannotListen(Exception):
    """The address is taken, or not ours."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Where it is (what an SDK calls the base URL), and what can be done with it."""

    url: str
    port: int
    control: Control


@contextlib.asynccontextmanager
async def simulated_plugipay(
    settings: SimulatorSettings | None = None, runtime: Runtime = REAL
) -> AsyncIterator[Simulated]:
    """Serves until it is left. CannotListen, or snapshot.WrongFile, says why it does not."""
    at = settings or SimulatorSettings()
    plugipay = Plugipay(at, runtime)
    await plugipay.deliveries.open()
    tasks: list[asyncio.Task[None]] = []
    app = build_app(plugipay)
    control = Control(plugipay)
    app.add_routes(ControlApi(control).routes())
    # Whoever is kept waiting by a fault would wait for long.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    try:
        if at.state_file is not None:
            snapshot.load(plugipay, at.state_file)
        await runner.setup()
        try:
            await web.TCPSite(runner, at.host, at.port, backlog=1024).start()
        except OSError as problem:
            raise CannotListen(f"cannot listen on {at.host}:{at.port}: {problem.strerror}") from None
        port: int = runner.addresses[0][1]
        tasks.append(runtime.spawn(plugipay.agenda.run(), "simulator-agenda"))
        if at.state_file is not None:
            tasks.append(runtime.spawn(_keep_saved(plugipay, at.state_file), "simulator-state"))
        log.info("simulator_serving", host=at.host, port=port, seed=at.seed, time_scale=at.time_scale)
        yield Simulated(f"http://{at.host}:{port}", port, control)
    finally:
        await runner.cleanup()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if at.state_file is not None and tasks:
            snapshot.save(plugipay, at.state_file)
        await plugipay.deliveries.close()


async def _keep_saved(plugipay: Plugipay, path: Path) -> None:
    """Writes the state soon after it changes: a kill loses a quarter of a second at most."""
    saved = -1
    while True:
        if saved != plugipay.changes:
            saved = plugipay.changes
            snapshot.save(plugipay, path)
        await plugipay.runtime.sleep(_SAVE_SECONDS)
