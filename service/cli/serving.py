"""`payout-ledger serve`: configured by the environment, or with everything it needs embedded."""

from __future__ import annotations

from pathlib import Path

import uvloop

from service.platform import logs
from service.platform.settings import Settings, WrongSettings, load
from service.server import serve as serve_until_stopped


def serve(
    *,
    embedded: bool = False,
    data: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    demo: bool = False,
) -> None:
    """Serve HTTP, write the log, update the projections, consume webhooks.

    Parameters
    ----------
    embedded
        Start a Postgres and a Kafka broker beside the service, with the data in --data.
    data
        The data directory of the embedded Postgres (default ./data).
    host
        The address to listen on (HOST, default 127.0.0.1).
    port
        The port to listen on (PORT, default 8080).
    demo
        Open accounts with revenue in them, and print requests to try. Only with --embedded.

    """
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    if embedded:
        from service.cli.embedded import serve_embedded  # noqa: PLC0415 - not in the production wheel

        serve_embedded(data or Path("data"), given, demo=demo)
    elif demo or data is not None:
        raise WrongSettings("--demo and --data belong to --embedded")
    else:
        serve_settings(load(**given))


def serve_settings(settings: Settings) -> None:
    """Serves with an existing Postgres and Kafka, as in production."""
    settings.require("database_url", "master_key")
    logs.configure(settings.log_level)
    uvloop.run(serve_until_stopped(settings))
