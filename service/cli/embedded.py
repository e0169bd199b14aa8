"""The ledger with a Postgres, a broker and a provider of its own: for a checkout, and not in the production wheel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import uvloop

from service.cli.demo import demo_provider, show_demo
from service.platform import logs, settings
from service.platform.settings import Settings
from service.server import serve as serve_until_told
from simulator.servers.kafka import start_broker
from simulator.servers.postgres import EmbeddedPostgres, master_key, start_postgres


def join_embedded(data: Path) -> tuple[EmbeddedPostgres, Settings]:
    """The embedded ledger in a data directory: joined where it runs, started where it does not. Stop the server after."""
    postgres = start_postgres(data)
    return postgres, settings.load(
        database_url=postgres.service_url, migrate_database_url=postgres.migrate_url, master_key=master_key(data)
    )


def serve_embedded(data: Path, given: Mapping[str, object], *, demo: bool) -> None:
    """Everything in one process group: Postgres keeps its data in `data`, the broker keeps nothing.

    With the demo, a simulated Plugipay stands behind its second account.
    """
    postgres = start_postgres(data)
    try:
        broker = start_broker()
        try:
            here: dict[str, object] = {
                "database_url": postgres.service_url,
                "migrate_database_url": postgres.migrate_url,
                "master_key": master_key(data),
                "kafka_bootstrap_servers": broker.bootstrap_servers,
                "kafka_keeps": False,
                # Whoever tries it has endpoints on this machine.
                "outgoing_plain_http": True,
                "outgoing_private_addresses": True,
            }
            uvloop.run(_serve_demo(data, {**here, **given}) if demo else _serve({**here, **given}))
        finally:
            broker.stop()
    finally:
        postgres.stop()


async def _serve(given: Mapping[str, object]) -> None:
    at = settings.load(**given)
    logs.configure(at.log_level)
    await serve_until_told(at)


async def _serve_demo(data: Path, given: Mapping[str, object]) -> None:
    # The provider speaks before the settings are read that say how loudly.
    logs.configure("info")
    async with demo_provider(data, str(given["master_key"])) as provider:
        at = settings.load(**provider.settings, **given)
        logs.configure(at.log_level)
        await serve_until_told(at, partial(show_demo, at, provider))
