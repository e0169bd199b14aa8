"""The service process: starts everything in order, serves, and stops everything in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Protocol

import asyncpg
from aiohttp import web

from service.http.app import app_runner, build_app
from service.http.middleware import REQUESTS
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.outgoing.lifespan import Outgoing
from service.platform import database, logs
from service.platform.health import Health
from service.platform.kafka import broker_access
from service.platform.migrate import migrate
from service.platform.runtime import REAL, Runtime, collect_garbage_rarely
from service.platform.settings import Settings, WrongSettings
from service.plugipay.inbound.consumer import Consumer
from service.plugipay.outbound.access_reports import AccessReports
from service.plugipay.outbound.client import PlugipayClient
from service.plugipay.outbound.dispatcher import Dispatcher
from service.plugipay.outbound.sweeper import Sweeper
from service.workers.payout_scheduler import PayoutScheduler
from service.workers.projector import Projector
from service.workers.statement_closer import StatementCloser

log = logs.get("process")

_PARTITIONS_SECONDS = 3600
_QUIET_SECONDS = 1.0
"""For so long no request may come before the connections that are left are closed."""

OnReady = Callable[[Ledger, int], Awaitable[None]]
"""Called with the ledger and the port, once the service answers requests."""


async def serve(settings: Settings, on_ready: OnReady | None = None, runtime: Runtime = REAL) -> None:
    """Serves until SIGINT or SIGTERM, then finishes what is under way."""
    if settings.kafka_bootstrap_servers:
        # Wrong Kafka settings are reported before anything is opened.
        broker_access(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running_ledger(settings, runtime) as ledger:
        health = Health(ledger.pool, settings)
        client = PlugipayClient(
            runtime,
            timeout_seconds=settings.plugipay_timeout_seconds,
            private_addresses=settings.outgoing_private_addresses,
        )
        health.breakers = client.breakers
        workers = _workers(ledger, settings, health, client)
        outgoing = Outgoing(ledger, settings, health)
        tasks = [runtime.spawn(worker.run(), type(worker).__name__.lower()) for worker in workers]
        tasks.extend(outgoing.start())
        if settings.migrate_database_url is not None:
            tasks.append(runtime.spawn(_keep_partitions_ahead(settings, runtime), "partitions"))
        runner = app_runner(build_app(ledger, health, settings))
        await runner.setup()
        try:
            site = await _listen(runner, settings)
            port: int = runner.addresses[0][1]
            collect_garbage_rarely()
            log.info("serving", host=settings.host, port=port, ledger=ledger.id, lanes=len(ledger.lanes))
            if on_ready is not None:
                await on_ready(ledger, port)
            await stop.wait()
            log.info("draining")
            await _drain(runner, site, settings, runtime)
        finally:
            await runner.cleanup()
            outgoing.stop()
            for worker in workers:
                worker.stop()
            await _end(tasks, settings.drain_seconds)
            await client.close()
    log.info("stopped")


class _Worker(Protocol):
    """A background worker."""

    async def run(self) -> None:
        """Continues until `stop`, whatever fails meanwhile."""

    def stop(self) -> None:
        """Ends `run` once the work under way is finished."""


def _workers(ledger: Ledger, settings: Settings, health: Health, client: PlugipayClient) -> list[_Worker]:
    workers: list[_Worker] = [
        Projector(ledger, health),
        StatementCloser(ledger, health),
        PayoutScheduler(ledger, health),
    ]
    if settings.kafka_bootstrap_servers:
        health.report("broker", ok=False, message="connecting")
        workers.append(Consumer(ledger, settings, health))
    else:
        message = "KAFKA_BOOTSTRAP_SERVERS is not set: webhooks are received over HTTP only, and no event is published"
        health.report("broker", ok=False, message=message)
    if settings.dispatcher:
        reports = AccessReports(health, ledger.runtime)
        workers += [
            Dispatcher(ledger, settings, reports, client),
            Sweeper(ledger, settings, client, reports, health),
        ]
    return workers


async def _drain(runner: web.AppRunner, site: web.TCPSite, settings: Settings, runtime: Runtime) -> None:
    """Ends listening first, then each connection with the answer to its request. None is closed that waits for one.

    A connection that sends nothing in the meantime is closed afterwards, by the runner.
    """
    requests, deadline = runner.app[REQUESTS], runtime.monotonic() + settings.drain_seconds
    requests.stopping = True
    # Whoever has connected already is let in: to stop listening would reset them.
    await runtime.sleep(0)
    await site.stop()
    assert runner.server is not None
    quiet_since = runtime.monotonic()
    while runner.server.connections and (now := runtime.monotonic()) < deadline:
        if now - quiet_since > _QUIET_SECONDS:
            return
        if requests.under_way:
            quiet_since = now
        await runtime.sleep(_QUIET_SECONDS / 20)


async def _listen(runner: web.AppRunner, settings: Settings) -> web.TCPSite:
    """Starts to listen."""
    site = web.TCPSite(runner, settings.host, settings.port, backlog=1024)
    try:
        await site.start()
    except OSError as problem:
        raise WrongSettings(
            f"HOST, PORT: cannot listen on {settings.host}:{settings.port}: {problem.strerror}"
        ) from None
    return site


async def _end(tasks: list[asyncio.Task[None]], seconds: float) -> None:
    """Lets the tasks finish their work. The task that only waits for its next hour is cancelled at once."""
    for task in tasks:
        if task.get_name() == "partitions":
            task.cancel()
    _, unfinished = await asyncio.wait(tasks, timeout=seconds)
    for task in unfinished:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_partitions_ahead(settings: Settings, runtime: Runtime) -> None:
    while True:
        await runtime.sleep(_PARTITIONS_SECONDS)
        try:
            await migrate(settings)
        except (*database.OUTAGES, asyncpg.PostgresError, WrongSettings) as problem:
            log.warning("partitions_not_made", problem=repr(problem))
