"""`payout-ledger serve`: in production by the environment, or with everything it needs embedded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import uvloop

from service.cli.demo import demo_provider, show_demo
from service.platform import logs, settings
from service.platform.settings import Settings, WrongSettings
from service.server import serve as serve_until_told
from simulator.servers.kafka import start_broker
from simulator.servers.postgres import master_key, start_postgres


def serve(
    *,
    embedded: bool = False,
    data: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    demo: bool = False,
) -> None:
    """Serve HTTP, write the log, keep the projections, consume webhooks.

    Parameters
    ----------
    embedded
        Start a Postgres and a Kafka broker beside the service, with the data in --data.
    data
        Where the embedded Postgres keeps its data (default ./data).
    host
        The address to listen on (HOST, default 127.0.0.1).
    port
        The port to listen on (PORT, default 8080).
    demo
        Open an account with revenue in it, and print what to try. Only with --embedded.

    """
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    if embedded:
        serve_embedded(data or Path("data"), given, demo=demo)
    elif demo or data is not None:
        raise WrongSettings("--demo and --data belong to --embedded")
    else:
        serve_settings(settings.load(**given))


def serve_settings(at: Settings) -> None:
    """Production: Postgres and Kafka are somebody else's processes."""
    at.require("database_url", "master_key")
    logs.configure(at.log_level)
    uvloop.run(serve_until_told(at))


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
