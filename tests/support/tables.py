"""Everything that stands in a ledger's database, to be compared or searched."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from service.platform.settings import Settings
from tests.support.databases import Databases

_TABLES = """
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
 ORDER BY c.relname
"""

Tables = dict[str, list[tuple[Any, ...]]]


async def as_owner(settings: Settings) -> asyncpg.Connection[asyncpg.Record]:
    """A connection of the schema's owner."""
    return await asyncpg.connect(settings.migrate_database_url)


async def read_tables(settings: Settings, *names: str) -> Tables:
    """All rows of all tables, or of those named, in an order of their own."""
    connection = await as_owner(settings)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            found = names or [row["relname"] for row in await connection.fetch(_TABLES)]
            return {
                name: sorted((tuple(row) for row in await connection.fetch(f'SELECT * FROM "{name}"')), key=repr)
                for name in found
            }
    finally:
        await connection.close()


def places_of(text: str, tables: Tables) -> set[str]:
    """The tables in which the text can be read, in a column of any type."""
    return {
        name
        for name, rows in tables.items()
        for row in rows
        for value in row
        if text.encode() in (bytes(value) if isinstance(value, bytes) else str(value).encode())
    }


async def as_admin(databases: Databases, settings: Settings) -> asyncpg.Connection[asyncpg.Record]:
    """A connection of the server's superuser to the ledger's database."""
    name = urlsplit(settings.database_url).path
    return await asyncpg.connect(urlunsplit(urlsplit(databases.admin_url)._replace(path=name)))
