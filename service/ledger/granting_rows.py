"""Rows that grant something, all together: gives a MAC to those of earlier releases, once, and verifies them.

A row is checked where it is used, too (`Vault.holds`). Which rows they are, and what their MACs cover, is in the vault.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from events.envelope import SYSTEM_ACCOUNT
from events.read_set import ReadSet
from service.ledger.event_store import read_state
from service.ledger.vault import (
    API_KEYS,
    ENABLED_ENDPOINTS,
    PROVIDERS,
    WEBHOOK_ENDPOINTS,
    WEBHOOK_SECRETS,
    CannotUnseal,
    GrantingTable,
    Vault,
    vault_of,
)
from service.platform import logs
from service.platform.database import Connection
from service.platform.migrate import connect_as_owner
from service.platform.runtime import Runtime
from service.platform.settings import Settings, WrongSettings
from sql import query, set_mac

log = logs.get("ledger")

TABLES = {
    "granting/api_keys": API_KEYS,
    "granting/providers": PROVIDERS,
    "granting/webhook_secrets": WEBHOOK_SECRETS,
    "granting/webhook_endpoints": WEBHOOK_ENDPOINTS,
    "granting/enabled_endpoints": ENABLED_ENDPOINTS,
}
"""By the statement that reads all rows that have to carry a MAC."""

_ROWS_AT_ONCE = 1000


async def are_macs_given(connection: Connection) -> bool:
    """Whether the rows that earlier releases wrote have their MACs."""
    return bool(await connection.fetchval(query("granting/is_done")))


async def require_macs(connection: Connection) -> None:
    """WrongSettings where the rows that earlier releases wrote have no MACs yet."""
    if not await are_macs_given(connection):
        raise WrongSettings(
            "rows of an earlier release have no MACs yet, and would grant nothing: run `payout-ledger migrate` with "
            "MASTER_KEY, or set MIGRATE_DATABASE_URL"
        )


async def give_macs(settings: Settings, runtime: Runtime) -> int:
    """Gives each row of an earlier release its MAC, as the schema's owner, in one transaction. Returns how many.

    It is done once: a row without a MAC that is found later was not written by this service. WrongSettings without the
    master key that the ledger was begun with.
    """
    connection = await connect_as_owner(settings)
    try:
        if await are_macs_given(connection):
            return 0
        settings.require("master_key")
        vault = vault_of(settings, runtime)
        async with connection.transaction():
            await connection.execute(query("granting/lock"))
            if await are_macs_given(connection):
                return 0
            await _check_master_key(connection, vault)
            given = sum([await _give(connection, vault, statement, table) for statement, table in TABLES.items()])
            await connection.execute(query("granting/finish"))
    finally:
        await connection.close()
    log.warning("macs_given", rows=given)
    return given


async def _give(connection: Connection, vault: Vault, statement: str, table: GrantingTable) -> int:
    rows = [row for row in await connection.fetch(query(statement)) if row[table.mac] is None]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        await connection.executemany(
            set_mac(table.name, table.key, table.mac),
            [
                (vault.mac(table, row), *(row[column] for column in table.key))
                for row in rows[start : start + _ROWS_AT_ONCE]
            ],
        )
    return len(rows)


async def _check_master_key(connection: Connection, vault: Vault) -> None:
    if not await connection.fetch(query("ledger/heads")):
        return
    try:
        await read_state(connection, 1, ReadSet({SYSTEM_ACCOUNT}), vault)
    except CannotUnseal as problem:
        raise WrongSettings(f"MASTER_KEY: {problem}") from None


async def refused_rows(connection: Connection, vault: Vault) -> AsyncIterator[tuple[str, str]]:
    """The table and the key of each row whose MAC does not hold."""
    async with connection.transaction(readonly=True):
        for statement, table in TABLES.items():
            async for row in connection.cursor(query(statement), prefetch=_ROWS_AT_ONCE):
                if not vault.holds(table, row):
                    yield table.name, " ".join(str(row[column]) for column in table.key)
