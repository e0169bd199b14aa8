"""Brings the schema up to date, and creates the log's partitions ahead.

Safe when several replicas start at once: a session lock in the database admits one at a time, and the others find
nothing left to do.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import asyncpg

from service.platform import logs
from service.platform.database import UNREACHABLE, Connection
from service.platform.settings import Settings, WrongSettings
from sql import Migration, migrations, query, statement_file

log = logs.get("migrate")

_LOCK = 0x7061796F7574  # "payout"
PARTITION_ROOM = 20_000_000
"""How many positions ahead the partitions cover after a migration."""


async def connect_as_owner(settings: Settings) -> Connection:
    """A connection of the schema's owner. WrongSettings where the database cannot be reached."""
    name = "migrate_database_url" if settings.migrate_database_url else "database_url"
    try:
        return await asyncpg.connect(getattr(settings, name), timeout=settings.database_timeout_seconds)
    except UNREACHABLE as problem:
        raise WrongSettings(f"{name.upper()}: the database cannot be reached: {problem}") from None


async def migrate(settings: Settings) -> int:
    """Applies the missing migrations, as the schema's owner. Returns how many."""
    connection = await connect_as_owner(settings)
    try:
        await connection.execute(query("schema/lock"), _LOCK)
        await connection.execute(query("schema/create"))
        done = {row["version"]: row["checksum"] for row in await connection.fetch(query("schema/version"))}
        _check(done)
        applied = [migration for migration in migrations() if migration.version not in done]
        for migration in applied:
            await _apply(connection, migration)
        await connection.fetchval(query("events/make_partitions"), PARTITION_ROOM)
        role = role_of(settings.database_url)
        if role is not None:
            async with connection.transaction():
                await connection.execute(query("schema/set_service_role"), role)
                try:
                    await connection.execute(statement_file("grants"))
                except asyncpg.UndefinedObjectError as problem:
                    raise WrongSettings(f"DATABASE_URL: the service's login does not exist: {problem}") from None
        return len(applied)
    finally:
        await connection.close()


async def require_current(connection: Connection) -> None:
    """WrongSettings where the schema is not the one of this release."""
    try:
        done = {row["version"]: row["checksum"] for row in await connection.fetch(query("schema/version"))}
    except asyncpg.UndefinedTableError:
        done = {}
    _check(done)
    missing = [migration for migration in migrations() if migration.version not in done]
    if missing:
        raise WrongSettings(
            f"the database is at schema version {max(done, default=0)}, this release needs {missing[-1].version}: "
            "run `payout-ledger migrate`, or set MIGRATE_DATABASE_URL"
        )


def role_of(url: str) -> str | None:
    """The login in a Postgres URL."""
    user = urlsplit(url).username
    return unquote(user) if user else None


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.text)
        await connection.execute(query("schema/record"), migration.version, migration.name, migration.checksum)
    log.info("migration_applied", version=migration.version, name=migration.name)


def _check(done: dict[int, str]) -> None:
    known = {migration.version: migration for migration in migrations()}
    newer = [version for version in done if version not in known]
    if newer:
        raise WrongSettings(f"the database is at schema version {max(newer)}, which this release does not know")
    for version, checksum in done.items():
        if known[version].checksum != checksum:
            raise WrongSettings(f"migration {version:04d} is not the one that was applied to this database")
