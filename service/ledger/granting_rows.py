"""Rows that grant something, all together: gives a MAC to those of earlier releases, once, and verifies them.

A row is checked where it is used, too (`Vault.holds`). Which rows they are, and what their MACs cover, is in the vault.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson

from events.account_state import AccountState
from events.accounts.events import ProviderSet, WebhookSecretAdded, WebhookSecretRetired
from events.accounts.state import LIVE, MANUAL, Account, Provider, WebhookSecret
from events.envelope import SYSTEM_ACCOUNT, envelope_from, event_of
from events.evolve import evolve
from events.instants import from_datetime
from events.read_set import ReadSet
from service.ledger.event_store import read_head, read_state
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
_TYPES = [each.stored_name for each in (ProviderSet, WebhookSecretAdded, WebhookSecretRetired)]
_OPENED = Account(mode=LIVE, backend=MANUAL, currencies=())
"""These events are folded without the one that opened their account."""


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


async def rows_unlike_the_log(connection: Connection, lane: int) -> list[tuple[str, str]]:
    """The table and the key of each provider and webhook secret that is not what the lane's events say.

    It may have been changed, added, deleted, or put back as it was once: its MAC may hold.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await _rows_of_views(connection, lane)
        said = await _rows_by_events(connection, lane)
    return sorted(
        (table, " ".join((str(lane), *key)))
        for table, *key in found.keys() | said.keys()
        if found.get((table, *key)) != said.get((table, *key))
    )


async def _rows_of_views(connection: Connection, lane: int) -> dict[tuple[str, ...], Provider | WebhookSecret]:
    found: dict[tuple[str, ...], Provider | WebhookSecret] = {}
    async for row in connection.cursor(query("granting/providers"), prefetch=_ROWS_AT_ONCE):
        if row["lane"] == lane:
            key = (PROVIDERS.name, row["account_id"])
            found[key] = Provider(row["workspace_id"], row["key_id"], row["secret"], row["base_url"])
    async for row in connection.cursor(query("granting/webhook_secrets"), prefetch=_ROWS_AT_ONCE):
        if row["lane"] == lane:
            retired_at = from_datetime(row["retired_at"]) if row["retired_at"] is not None else None
            secret = WebhookSecret(row["secret"], from_datetime(row["added_at"]), retired_at)
            found[WEBHOOK_SECRETS.name, row["account_id"], row["secret_id"]] = secret
    return found


async def _rows_by_events(connection: Connection, lane: int) -> dict[tuple[str, ...], Provider | WebhookSecret]:
    states: dict[str, AccountState] = {}
    head, after = await read_head(connection, lane), 0
    while rows := await connection.fetch(query("events/of_types"), lane, after, head.position, _TYPES, _ROWS_AT_ONCE):
        for row in rows:
            envelope = envelope_from(orjson.loads(row["envelope"]))
            state = states.setdefault(envelope.account_id, AccountState(envelope.account_id, account=_OPENED))
            evolve(state, event_of(envelope), envelope.effective_at, envelope.position)
        after = rows[-1]["position"]
    said: dict[tuple[str, ...], Provider | WebhookSecret] = {}
    for account_id, state in states.items():
        if state.provider is not None:
            said[PROVIDERS.name, account_id] = state.provider
        for secret_id, secret in state.secrets.items():
            said[WEBHOOK_SECRETS.name, account_id, secret_id] = secret
    return said


async def refused_rows(connection: Connection, vault: Vault) -> AsyncIterator[tuple[str, str]]:
    """The table and the key of each row whose MAC does not hold."""
    async with connection.transaction(readonly=True):
        for statement, table in TABLES.items():
            async for row in connection.cursor(query(statement), prefetch=_ROWS_AT_ONCE):
                if not vault.holds(table, row):
                    yield table.name, " ".join(str(row[column]) for column in table.key)
