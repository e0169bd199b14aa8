"""`payout-ledger serve`: in production by the environment, or with everything it needs embedded."""

from __future__ import annotations

from pathlib import Path

import uvloop

from service.platform import logs, settings
from service.platform.settings import Settings, WrongSettings
from service.server import serve as serve_until_told


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
        from service.cli.embedded import serve_embedded  # noqa: PLC0415 - not in the production wheel

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
