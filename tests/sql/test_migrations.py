"""The schema goes forward only, once, also when several replicas start at the same moment."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

import sql
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.platform.migrate import migrate
from service.platform.settings import Settings, WrongSettings
from sql import migrations
from tests.support.tables import as_owner
from tests.support.waiting import until

FILES = sorted((Path(sql.__file__).parent / "migrations").iterdir())
REPLICAS = 4


async def change(settings: Settings, statement: str, *values: object) -> None:
    owner = await as_owner(settings)
    await owner.execute(statement, *values)
    await owner.close()


def test_migrations_are_numbered_without_a_hole_and_told_by_their_content() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(FILES) + 1))
    for file, migration in zip(FILES, migrations(), strict=True):
        assert re.fullmatch(r"\d{4}_[a-z_]+\.sql", file.name)
        assert file.name == f"{migration.version:04d}_{migration.name}.sql"
        assert migration.checksum == sha256(file.read_bytes()).hexdigest()


async def test_what_is_missing_is_applied_in_order_and_only_once(empty_settings: Settings) -> None:
    assert await migrate(empty_settings) == len(FILES)
    assert await migrate(empty_settings) == 0
    owner = await as_owner(empty_settings)
    rows = await owner.fetch("SELECT version, name, checksum FROM schema_migrations ORDER BY applied_at, version")
    await owner.close()
    assert [tuple(row) for row in rows] == [(m.version, m.name, m.checksum) for m in migrations()]


async def _start_together(settings: Settings) -> Sequence[Ledger]:
    """Starts the replicas so that all of them wait at the same door before the first goes through."""
    stop = asyncio.Event()
    started: list[Ledger] = []

    async def replica() -> None:
        async with running_ledger(settings) as ledger:
            started.append(ledger)
            await stop.wait()

    owner, watcher = await as_owner(settings), await as_owner(settings)
    try:
        await owner.execute("SELECT pg_advisory_lock($1)", 0x7061796F7574)

        async def all_wait() -> bool:
            waiting = await watcher.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            return bool(waiting == REPLICAS)

        async with asyncio.TaskGroup() as group:
            for _ in range(REPLICAS):
                group.create_task(replica())
            await until(all_wait, "all replicas wait for the migrator's lock")
            await owner.execute("SELECT pg_advisory_unlock_all()")

            async def all_started() -> bool:
                return len(started) == REPLICAS

            await until(all_started, "all replicas have started", seconds=60)
            stop.set()
    finally:
        await owner.close()
        await watcher.close()
    return started


async def test_replicas_that_start_at_once_on_an_empty_database_make_one_ledger(empty_settings: Settings) -> None:
    started = await _start_together(empty_settings)
    assert len({ledger.id for ledger in started}) == 1
    owner = await as_owner(empty_settings)
    assert await owner.fetchval("SELECT count(*) FROM schema_migrations") == len(FILES)
    genesis = await owner.fetch("SELECT position, type FROM events ORDER BY position")
    await owner.close()
    assert [tuple(row) for row in genesis] == [(1, "ledger.begun")]


def unmigrating(settings: Settings) -> Settings:
    """A service that only has its own login."""
    return settings.model_copy(update={"migrate_database_url": None})


async def refusal(settings: Settings) -> str:
    with pytest.raises(WrongSettings) as caught:
        async with running_ledger(settings):
            pass
    return str(caught.value)


async def test_a_service_without_the_owners_login_does_not_start_on_an_empty_database(empty_settings: Settings) -> None:
    message = await refusal(unmigrating(empty_settings))
    assert "schema version 0" in message
    assert "payout-ledger migrate" in message
    assert "MIGRATE_DATABASE_URL" in message


async def test_an_older_schema_is_named_and_not_served(settings: Settings) -> None:
    await change(settings, "DELETE FROM schema_migrations WHERE version = $1", len(FILES))
    message = await refusal(unmigrating(settings))
    assert f"schema version {len(FILES) - 1}" in message
    assert f"needs {len(FILES)}" in message


async def test_a_newer_schema_is_named_and_not_served(settings: Settings) -> None:
    await change(settings, "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'later', 'x')")
    for at in (settings, unmigrating(settings)):
        assert "schema version 9999" in await refusal(at)


async def test_an_edited_migration_is_named_and_not_served(settings: Settings) -> None:
    await change(settings, "UPDATE schema_migrations SET checksum = 'edited' WHERE version = 2")
    for at in (settings, unmigrating(settings)):
        assert "migration 0002" in await refusal(at)


async def test_a_migration_that_fails_leaves_nothing_behind(
    empty_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = sql.Migration(len(FILES) + 1, "broken", "CREATE TABLE half (n integer); SELECT 1/0;")
    monkeypatch.setattr("service.platform.migrate.migrations", lambda: (*migrations(), broken))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_settings)
    owner = await as_owner(empty_settings)
    assert await owner.fetchval("SELECT count(*) FROM schema_migrations") == len(FILES)
    assert await owner.fetchval("SELECT to_regclass('half')") is None
    await owner.close()


async def test_partitions_are_made_ahead_without_a_hole_and_only_once(settings: Settings) -> None:
    owner = await as_owner(settings)
    bounds = """
    SELECT pg_get_expr(relpartbound, c.oid) FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
     WHERE i.inhparent = 'events'::regclass
    """
    numbers = [re.findall(r"\('(\d+)'\)", row[0]) for row in await owner.fetch(bounds)]
    ranges = sorted((int(start), int(end)) for start, end in numbers)
    assert ranges[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(ranges))
    assert ranges[-1][1] >= 20_000_000
    await migrate(settings)
    assert len(await owner.fetch(bounds)) == len(ranges)
    await owner.close()
