"""The ledger with an embedded Postgres, broker and provider: works from a checkout only, not from the production wheel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import uvloop

from service.cli.demo import demo_provider, show_demo
from service.platform import logs
from service.platform.settings import Settings, load
from service.server import serve as serve_until_stopped
from simulator.servers.kafka import SESSION_SECONDS, start_broker
from simulator.servers.postgres import EmbeddedPostgres, master_key, start_postgres


def join_embedded(data: Path) -> tuple[EmbeddedPostgres, Settings]:
    """The embedded ledger in a data directory: started if it does not run. The caller stops the server afterwards."""
    postgres = start_postgres(data)
    return postgres, load(
        database_url=postgres.service_url, migrate_database_url=postgres.migrate_url, master_key=master_key(data)
    )


def serve_embedded(data: Path, given: Mapping[str, object], *, demo: bool) -> None:
    """Serves with everything embedded: Postgres stores its data in `data`, the broker stores nothing on disk.

    With `demo`, the second demo account has a simulated Plugipay.
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
                "kafka_session_timeout_seconds": SESSION_SECONDS,
            }
            if demo:
                # For a trial, webhook endpoints are on the same machine. Else the environment says what is allowed.
                here |= {"outgoing_plain_http": True, "outgoing_private_addresses": True}
            uvloop.run(_serve_demo(data, {**here, **given}) if demo else _serve({**here, **given}))
        finally:
            broker.stop()
    finally:
        postgres.stop()


async def _serve(given: Mapping[str, object]) -> None:
    settings = load(**given)
    logs.configure(settings.log_level)
    await serve_until_stopped(settings)


async def _serve_demo(data: Path, given: Mapping[str, object]) -> None:
    # The provider logs before the settings with the log level are read.
    logs.configure("info")
    async with demo_provider(data, str(given["master_key"])) as provider:
        settings = load(**provider.settings, **given)
        logs.configure(settings.log_level)
        await serve_until_stopped(settings, partial(show_demo, settings, provider))
