"""The database itself keeps the log as it was written: by what each login may do, and by triggers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from service.platform.database import Connection
from service.platform.settings import Settings
from tests.support.api import serving
from tests.support.databases import Databases
from tests.support.tables import as_admin, as_owner, read_tables

KEPT = ("events", "deliveries", "answers", "ledger", "account_lanes", "account_keys")
"""What the service may add to, and never change or remove."""


@pytest_asyncio.fixture
async def lived_in(settings: Settings) -> AsyncIterator[Settings]:
    """A ledger with events and a kept answer, which are the same at the end."""
    async with serving(settings) as api:
        merchant = await api.merchant(available=100)
        await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"}, **{"Idempotency-Key": "k-1"})
    before = await read_tables(settings)
    yield settings
    assert await read_tables(settings) == before


@pytest_asyncio.fixture
async def service(lived_in: Settings) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(lived_in.database_url)
    yield connection
    await connection.close()


async def refusal_of(connection: Connection, statement: str) -> str:
    """What Postgres says against it; empty where it does it."""
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError as problem:
        return str(problem)
    return ""


async def column_of(connection: Connection, table: str) -> str:
    name = await connection.fetchval(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1", table
    )
    assert isinstance(name, str)
    return name


async def partitions(connection: Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'events'::regclass"
    )
    assert rows
    return [row["relname"] for row in rows]


async def test_the_service_may_add_to_what_is_kept_and_not_change_it(service: Connection) -> None:
    for table in (*KEPT, *await partitions(service)):
        column = await column_of(service, table)
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"DELETE FROM {table} WHERE false",
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"ALTER TABLE {table} ADD COLUMN x integer",
        ):
            assert await refusal_of(service, statement) != "", statement


async def test_the_service_may_not_write_a_partition_past_the_log(service: Connection) -> None:
    for partition in await partitions(service):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(f"INSERT INTO {partition} SELECT * FROM events LIMIT 1")


async def test_the_service_may_not_make_or_change_the_schema(service: Connection) -> None:
    for statement in (
        "CREATE TABLE mine (n integer)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql RETURN 1",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE INDEX ON events (type)",
        "ALTER TABLE events DETACH PARTITION events_0_to_10000000",
        "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'x', 'x')",
        "DELETE FROM lanes",
        "DELETE FROM api_keys",
        "TRUNCATE balances",
        "SET session_replication_role = replica",
    ):
        assert await refusal_of(service, statement) != "", statement


async def assert_refused_by_the_trigger(connection: Connection) -> None:
    for table in ("events", *await partitions(connection)):
        rows = await connection.fetchval(f"SELECT count(*) FROM {table}")
        statements = [f"TRUNCATE {table}"]
        if rows:
            statements += [f"UPDATE {table} SET type = type", f"DELETE FROM {table}"]
        for statement in statements:
            assert "append-only" in await refusal_of(connection, statement), statement


async def test_not_even_the_owner_changes_an_event(lived_in: Settings) -> None:
    owner = await as_owner(lived_in)
    await assert_refused_by_the_trigger(owner)
    await owner.close()


async def test_not_even_a_session_that_calls_itself_a_replica_does(lived_in: Settings, databases: Databases) -> None:
    admin = await as_admin(databases, lived_in)
    await admin.execute("SET session_replication_role = replica")
    await assert_refused_by_the_trigger(admin)
    await admin.close()


async def test_a_partition_made_later_is_kept_the_same_way(settings: Settings) -> None:
    owner = await as_owner(settings)
    before = set(await partitions(owner))
    await owner.fetchval("SELECT make_event_partitions(60000000)")
    after = await partitions(owner)
    assert set(after) - before
    for table in ("events", *after):
        enabled = await owner.fetch(
            "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = $1::text::regclass AND NOT tgisinternal", table
        )
        found = {row["tgname"]: row["tgenabled"] for row in enabled}
        assert found == {"events_are_not_changed": b"A", "events_are_not_truncated": b"A"}, table
    await owner.close()
