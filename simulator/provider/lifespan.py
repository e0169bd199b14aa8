"""Starts and stops a simulated Plugipay: in a test's event loop, with the demo, or as a command."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from service.platform import logs
from service.platform.runtime import REAL, Runtime
from simulator.provider import state_file
from simulator.provider.api import build_app
from simulator.provider.control import Control
from simulator.provider.control_api import ControlApi
from simulator.provider.plugipay import Plugipay
from simulator.provider.settings import SimulatorSettings

log = logs.get("simulator")

_SAVE_SECONDS = 0.25


class CannotListen(Exception):
    """The address is in use, or not one of this machine."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A running simulator: its URL (an SDK's base URL), and its control."""

    url: str
    port: int
    control: Control


@contextlib.asynccontextmanager
async def simulated_plugipay(
    settings: SimulatorSettings | None = None, runtime: Runtime = REAL
) -> AsyncIterator[Simulated]:
    """Serves inside the `with` block. CannotListen or state_file.WrongFile where it cannot."""
    chosen = settings or SimulatorSettings()
    plugipay = Plugipay(chosen, runtime)
    await plugipay.deliveries.open()
    tasks: list[asyncio.Task[None]] = []
    app = build_app(plugipay)
    control = Control(plugipay)
    app.add_routes(ControlApi(control).routes())
    # Do not wait for requests that a fault keeps waiting.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    try:
        if chosen.state_file is not None:
            state_file.load(plugipay, chosen.state_file)
        await runner.setup()
        try:
            await web.TCPSite(runner, chosen.host, chosen.port, backlog=1024).start()
        except OSError as problem:
            raise CannotListen(f"cannot listen on {chosen.host}:{chosen.port}: {problem.strerror}") from None
        port: int = runner.addresses[0][1]
        tasks.append(runtime.spawn(plugipay.clock.run(), "simulator-clock"))
        if chosen.state_file is not None:
            tasks.append(runtime.spawn(_keep_saved(plugipay, chosen.state_file), "simulator-state"))
        log.info("simulator_serving", host=chosen.host, port=port, seed=chosen.seed, time_scale=chosen.time_scale)
        yield Simulated(f"http://{chosen.host}:{port}", port, control)
    finally:
        await runner.cleanup()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if chosen.state_file is not None and tasks:
            state_file.save(plugipay, chosen.state_file)
        await plugipay.deliveries.close()


async def _keep_saved(plugipay: Plugipay, path: Path) -> None:
    """Writes the state soon after it changes: a kill loses a quarter of a second at most."""
    saved = -1
    while True:
        if saved != plugipay.changes:
            saved = plugipay.changes
            state_file.save(plugipay, path)
        await plugipay.runtime.sleep(_SAVE_SECONDS)
