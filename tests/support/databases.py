"""Databases for tests: one template a run, migrated once, and a fresh copy of it for each test that asks.

Everything that a run makes carries the run's name, so that two runs on one server do not meet.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

from service.platform.migrate import migrate
from service.platform.settings import Settings
from simulator.servers.cluster import SUPERUSER
from simulator.servers.postgres import Server, start_server, stop_leftover
from tests.support.loops import run

CONNECTIONS_MAX = 500
"""Every worker runs its own services, each with its pool."""


@dataclass(frozen=True)
class Run:
    """One run of the suite, over all its workers."""

    name: str
    folder: Path
    """Private to the run, shared by its workers, removed when it ends."""
    given_url: str | None
    """A server to use in place of an embedded one."""

    @property
    def owner(self) -> str:
        return f"{self.name}_owner"

    @property
    def service(self) -> str:
        return f"{self.name}_service"

    @property
    def template(self) -> str:
        return f"{self.name}_template"

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def end(self) -> None:
        """Removes what the run made. For the process that began it, once its workers are gone."""
        if (self.folder / "begun").exists() and self.given_url is not None:
            run(self._drop_all(self.given_url))
        stop_leftover(self.folder / "postgres")

    async def _drop_all(self, url: str) -> None:
        connection = await asyncpg.connect(url)
        try:
            made = await connection.fetch(
                "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", f"{self.name}_"
            )
            for row in made:
                await connection.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
            for role in (self.service, self.owner):
                await connection.execute(f'DROP ROLE IF EXISTS "{role}"')
        finally:
            await connection.close()


@dataclass(frozen=True)
class Databases:
    """A server and the run's template on it, as one worker sees them."""

    run: Run
    worker: str
    admin_url: str
    """A login that may create databases and roles."""
    password: str
    _server: Server | None
    _numbers: Iterator[int] = field(default_factory=count)

    @classmethod
    def join(cls, run_: Run, worker: str) -> Databases:
        """Starts the server and makes the template, or finds that another worker has done so."""
        with run_.one_at_a_time():
            server = None if run_.given_url is not None else _embedded(run_.folder / "postgres")
            admin_url = server.url(SUPERUSER, "postgres") if server is not None else str(run_.given_url)
            begun = run_.folder / "begun"
            if begun.exists():
                return cls(run_, worker, admin_url, json.loads(begun.read_text())["password"], server)
            databases = cls(run_, worker, admin_url, secrets.token_hex(16), server)
            begun.write_text(json.dumps({"password": databases.password}))
            run(databases._make_template())
            return databases

    def leave(self) -> None:
        if self._server is not None:
            self._server.stop()

    def url(self, role: str, database: str) -> str:
        """The server's address with another login and database."""
        parts = urlsplit(self.admin_url)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{quote(role)}:{self.password}@{place}", path=f"/{quote(database)}"))

    def settings(self, database: str) -> Settings:
        """A ledger of its own on that database, with names of its own on the broker."""
        mark = secrets.token_hex(4)
        return Settings(
            database_url=self.url(self.run.service, database),
            migrate_database_url=self.url(self.run.owner, database),
            master_key=SecretStr(base64.b64encode(os.urandom(32)).decode()),
            kafka_webhooks_topic=f"plugipay.webhooks.{mark}",
            kafka_events_topic=f"payouts.events.{mark}",
            kafka_group=f"payout-ledger.{mark}",
            port=0,
            # Where the example of `setProvider` has its provider.
            plugipay_hosts="p.example",
            # The machine is busy with the other workers.
            database_timeout_seconds=30,
            request_seconds_max=60,
            # Many tests have a clock of their own.
            clock_ahead_seconds_max=1e10,
        )

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The name of a copy of the template, dropped at the end, whoever is still connected."""
        name = f"{self.run.name}_{self.worker}_{next(self._numbers)}"
        run(self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.run.template}" OWNER "{self.run.owner}"'))
        try:
            yield name
        finally:
            run(self._execute(f'DROP DATABASE "{name}" WITH (FORCE)'))

    @contextmanager
    def empty(self) -> Iterator[str]:
        """As `fresh`, before the first migration."""
        name = f"{self.run.name}_{self.worker}_{next(self._numbers)}"
        run(self._execute(f'CREATE DATABASE "{name}" TEMPLATE template0 OWNER "{self.run.owner}"'))
        try:
            yield name
        finally:
            run(self._execute(f'DROP DATABASE "{name}" WITH (FORCE)'))

    async def _make_template(self) -> None:
        for role in (self.run.owner, self.run.service):
            await self._execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{self.password}'")
            # A login that is no superuser may give a database away, and end its sessions, only as a member of the role.
            await self._execute(f'GRANT "{role}" TO CURRENT_USER')
        await self._execute(f'CREATE DATABASE "{self.run.template}" TEMPLATE template0 OWNER "{self.run.owner}"')
        settings = self.settings(self.run.template)
        await migrate(settings)
        # Many tests have a clock of their own, which may be years ahead of the server's.
        await self._execute(
            "CREATE OR REPLACE FUNCTION clock_ahead_max() RETURNS interval LANGUAGE sql IMMUTABLE "
            "AS $$ SELECT interval '1000 years' $$",
            settings.migrate_database_url,
        )

    async def _execute(self, statement: str, url: str | None = None) -> None:
        connection = await asyncpg.connect(url or self.admin_url, timeout=60)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _embedded(directory: Path) -> Server:
    made = (directory / "PG_VERSION").exists()
    server = start_server(directory)
    if not made:
        server.cluster.psql(f"ALTER SYSTEM SET max_connections = {CONNECTIONS_MAX};")
        server.stop()
        server = start_server(directory)
    return server
