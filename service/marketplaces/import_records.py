"""Imports as they are noted: how far each has come, and what of it nobody could read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from events.instants import Instant
from service.ledger.ingestion import PROBLEMS_MAX
from service.ledger.ledger import Ledger
from service.marketplaces.importing import Problem
from service.marketplaces.observations import Shop
from sql import query

READING, DONE, FAILED = "reading", "done", "failed"
STATES = (READING, DONE, FAILED)
COUNTS = ("read", "new", "changed", "unchanged", "lines", "unreadable")


@dataclass(frozen=True, slots=True)
class Noted:
    """An import as it stands."""

    id: str
    channel: str
    wish: dict[str, Any]
    shop: Shop
    digest: str
    state: str
    bytes: int
    bytes_total: int
    counts: dict[str, int]
    error: dict[str, Any] | None
    started_at: Instant
    updated_at: Instant
    ended_at: Instant | None


Place = tuple[int, str, str]
"""Lane, account and id."""


async def find(ledger: Ledger, place: Place, mode: str) -> Noted | None:
    """The import, for whoever asks in its mode."""
    row = await ledger.pool.fetchrow(query("imports/find"), *place, mode)
    return None if row is None else _noted(row)


async def page(
    ledger: Ledger,
    lane: int,
    account_id: str,
    mode: str,
    *,
    state: str | None,
    before: tuple[Any, str] | None,
    limit: int,
) -> list[Noted]:
    """An account's imports, newest first."""
    began, import_id = before if before is not None else (None, None)
    rows = await ledger.pool.fetch(query("imports/page"), lane, account_id, mode, state, began, import_id, limit)
    return [_noted(row) for row in rows]


async def problems_of(ledger: Ledger, place: Place, behind: int = -1, limit: int = PROBLEMS_MAX) -> list[Problem]:
    """What nobody could read, in the order of the file."""
    rows = await ledger.pool.fetch(query("imports/problems"), *place, behind, limit)
    return [Problem(row["place"], row["reason"], row["number"], row["delivery_id"]) for row in rows]


def _noted(row: Any) -> Noted:
    return Noted(
        id=row["import_id"],
        channel=row["channel"],
        wish=orjson.loads(row["wish"]),
        shop=Shop(**orjson.loads(row["shop"])),
        digest=row["digest"],
        state=row["state"],
        bytes=row["bytes"],
        bytes_total=row["bytes_total"],
        counts={name: row[name] for name in COUNTS},
        error=None if row["error"] is None else orjson.loads(row["error"]),
        started_at=row["started_at"],
        updated_at=row["updated_at"],
        ended_at=row["ended_at"],
    )
