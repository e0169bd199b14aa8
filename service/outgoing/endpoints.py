"""An account's webhook endpoints: to add, change, switch on or off, rotate secrets, and replay events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import orjson

from events.envelope import envelope_from
from service.ledger.event_store import read_head
from service.ledger.vault import ENABLED_ENDPOINTS, WEBHOOK_ENDPOINTS, AccountKey, Vault
from service.outgoing import signing
from service.outgoing.fan_out import CHECKPOINT, Endpoint, NewDeliveries, store_history
from service.outgoing.secrets import SIGNATURES_MAX, sealed
from service.platform import logs
from service.platform.database import OUTAGES, Connection
from service.platform.runtime import Runtime
from sql import query

ENDPOINTS_MAX = 20
"""For one account."""

OVERLAP_SECONDS = 86_400
OVERLAP_SECONDS_MAX = 7 * 86_400

log = logs.get("outgoing")

_REPLAYS_AT_ONCE = 10
_REPLAY_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Owner:
    """The account whose endpoints are read or changed: a query never reaches those of another account."""

    lane: int
    account_id: str


async def add(
    connection: Connection,
    owner: Owner,
    key: AccountKey,
    vault: Vault,
    runtime: Runtime,
    url: str,
    patterns: Sequence[str],
    about: str | None,
) -> tuple[str, str] | None:
    """Adds an endpoint that is switched off. Returns its id and its secret; None where the account has too many."""
    endpoint_id = f"whep_{runtime.ulid()}"
    row = {**asdict(owner), "endpoint_id": endpoint_id, "url": url, "patterns": list(patterns)}
    added = await connection.fetchval(
        query("outgoing/add_endpoint"),
        owner.lane,
        owner.account_id,
        endpoint_id,
        url,
        list(patterns),
        about,
        runtime.now(),
        ENDPOINTS_MAX,
        vault.mac(WEBHOOK_ENDPOINTS, row),
    )
    if added is None:
        return None
    return endpoint_id, await _add_secret(connection, owner, endpoint_id, key, runtime)


async def _add_secret(connection: Connection, owner: Owner, endpoint_id: str, key: AccountKey, runtime: Runtime) -> str:
    secret = signing.new_secret(runtime.random)
    await connection.execute(
        query("outgoing/add_secret"),
        owner.lane,
        owner.account_id,
        endpoint_id,
        f"whes_{runtime.ulid()}",
        sealed(key, endpoint_id, secret),
        runtime.now(),
    )
    return secret


async def rotate(
    connection: Connection, owner: Owner, endpoint_id: str, key: AccountKey, runtime: Runtime, overlap_seconds: int
) -> str:
    """Adds a new secret and returns it. The ones before it also sign for `overlap_seconds`."""
    now = runtime.now()
    await connection.execute(
        query("outgoing/expire_secrets"),
        owner.lane,
        owner.account_id,
        endpoint_id,
        now,
        now + timedelta(seconds=overlap_seconds),
        SIGNATURES_MAX - 1,
    )
    await connection.execute(query("outgoing/forget_secrets"), owner.lane, owner.account_id, endpoint_id, now)
    return await _add_secret(connection, owner, endpoint_id, key, runtime)


async def find(
    connection: Connection, owner: Owner, vault: Vault, endpoint_id: str | None = None
) -> list[dict[str, Any]]:
    """The account's endpoints, or the one of this id, as rows."""
    rows = await connection.fetch(query("outgoing/endpoints"), owner.lane, owner.account_id, endpoint_id)
    return [
        {**row, "enabled": row["enabled"] and vault.holds(ENABLED_ENDPOINTS, row)}
        for row in rows
        if vault.holds(WEBHOOK_ENDPOINTS, row)
    ]


async def _lock(connection: Connection, owner: Owner, vault: Vault, endpoint_id: str) -> dict[str, Any] | None:
    row = await connection.fetchrow(query("outgoing/lock_endpoint"), owner.lane, owner.account_id, endpoint_id)
    return dict(row) if row is not None and vault.holds(WEBHOOK_ENDPOINTS, row) else None


async def change(
    connection: Connection,
    owner: Owner,
    vault: Vault,
    runtime: Runtime,
    endpoint_id: str,
    changes: Mapping[str, Any],
) -> bool:
    """Sets an endpoint's `url`, `patterns` and `description`, those that are given. False where it does not exist.

    Called in a transaction.
    """
    row = await _lock(connection, owner, vault, endpoint_id)
    if row is None:
        return False
    row |= changes
    await connection.execute(
        query("outgoing/change_endpoint"),
        owner.lane,
        owner.account_id,
        endpoint_id,
        row["url"],
        row["patterns"],
        "description" in changes,
        changes.get("description"),
        runtime.now(),
        vault.mac(WEBHOOK_ENDPOINTS, row),
    )
    return True


async def switch(
    connection: Connection, owner: Owner, vault: Vault, runtime: Runtime, endpoint_id: str, *, on: bool
) -> None:
    """Switches an endpoint on or off. Called in a transaction.

    Fan-out waits until that transaction ends. Events up to the head are not for this endpoint, all later ones are, and
    none is missed in between.
    """
    now = runtime.now()
    if not on:
        await connection.execute(query("outgoing/switch_off"), owner.lane, owner.account_id, endpoint_id, now)
        return
    await connection.execute(query("checkpoints/start"), owner.lane, CHECKPOINT, now)
    reached = await connection.fetchval(query("checkpoints/hold"), owner.lane, CHECKPOINT)
    if not await connection.fetchval(query("outgoing/followed"), owner.lane, owner.account_id):
        await store_history(connection, owner.lane, owner.account_id, reached)
    head = await read_head(connection, owner.lane)
    row = await _lock(connection, owner, vault, endpoint_id)
    if row is None or (row["enabled"] and vault.holds(ENABLED_ENDPOINTS, row)):
        return
    row["switched_on"] += 1
    await connection.execute(
        query("outgoing/switch_on"),
        owner.lane,
        owner.account_id,
        endpoint_id,
        head.position,
        now,
        row["switched_on"],
        vault.mac(ENABLED_ENDPOINTS, row),
    )


async def begin_replay(
    connection: Connection, owner: Owner, endpoint_id: str, runtime: Runtime, from_position: int
) -> int | None:
    """Starts to send the account's events again, from a position on. Returns the last one; None if the endpoint is off."""
    head = await read_head(connection, owner.lane)
    version = await connection.fetchval(query("outgoing/version_before"), owner.lane, owner.account_id, from_position)
    begun = await connection.fetchval(
        query("outgoing/begin_replay"),
        owner.lane,
        owner.account_id,
        endpoint_id,
        from_position,
        head.position,
        version,
        runtime.now(),
    )
    return head.position if begun is not None else None


async def replay_some(connection: Connection, lane: int, runtime: Runtime) -> int:
    """Inserts deliveries for the replays under way in a lane. Returns how many events it has read."""
    events_read = 0
    async with connection.transaction():
        for replay in await connection.fetch(query("outgoing/replays"), lane, _REPLAYS_AT_ONCE):
            try:
                async with connection.transaction():
                    events_read += await _replay(connection, lane, replay, runtime)
            except OUTAGES:
                raise
            except Exception:
                # It is tried again, and the other endpoints' replays go on.
                log.exception("replay_failed", lane=lane, endpoint=replay["endpoint_id"])
    return events_read


async def _replay(connection: Connection, lane: int, replay: Any, runtime: Runtime) -> int:
    account_id, endpoint_id = replay["account_id"], replay["endpoint_id"]
    # Only up to here fan-out has stored the payouts as they were after each event.
    reached = await connection.fetchval(query("outgoing/reached"), lane, CHECKPOINT) or 0
    rows = await connection.fetch(
        query("outgoing/account_events"),
        lane,
        account_id,
        replay["replay_version"],
        min(reached, replay["replay_to"]),
        _REPLAY_EVENTS,
    )
    events = [envelope_from(orjson.loads(row["envelope"])) for row in rows]
    target = Endpoint(account_id, endpoint_id, replay["patterns"], replay["replay_from"] - 1, replay["switched_on"])
    await NewDeliveries.of(events, [target]).insert(connection, lane, runtime)
    at_end = len(events) < _REPLAY_EVENTS and reached >= replay["replay_to"]
    version = events[-1].version if events else replay["replay_version"]
    await connection.execute(query("outgoing/move_replay"), lane, account_id, endpoint_id, None if at_end else version)
    return len(events)
