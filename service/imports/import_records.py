"""Import records: how far each import has come, and which records of it could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from events.instants import Instant
from service.imports.import_source import PROBLEMS_MAX, Problem
from service.imports.receipt import Receipt
from service.ledger.ledger import Ledger
from sql import query

READING, DONE, FAILED = "reading", "done", "failed"
STATES = (READING, DONE, FAILED)
COUNTS = ("read", "new", "changed", "unchanged", "lines", "unreadable")
"""The counts that an import record has columns for."""


class ImportKey(NamedTuple):
    """What an import record is found by."""

    lane: int
    account_id: str
    import_id: str


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """An import as its record has it. `digest` is the keyed digest of the file; `bytes` have been read of `bytes_total`."""

    id: str
    channel: str
    request: dict[str, Any]
    shop: dict[str, Any]
    digest: str
    state: str
    bytes: int
    bytes_total: int
    counts: dict[str, int]
    error: dict[str, Any] | None
    started_at: Instant
    updated_at: Instant
    ended_at: Instant | None
    receipt: Receipt | None
    """None of an import from before there were receipts."""
    reread: dict[str, Any] | None
    """The last time that it was read anew: its state, and its receipt or its error."""


async def find(ledger: Ledger, key: ImportKey, mode: str) -> ImportRecord | None:
    """The import record, if it is of this mode."""
    row = await ledger.pool.fetchrow(query("imports/find"), *key, mode)
    return None if row is None else _record_of(row)


async def page(
    ledger: Ledger,
    lane: int,
    account_id: str,
    mode: str,
    *,
    state: str | None,
    before: tuple[Any, str] | None,
    limit: int,
) -> list[ImportRecord]:
    """An account's import records, newest first. `before` is the start and the id of the last one already seen."""
    started_at, import_id = before if before is not None else (None, None)
    rows = await ledger.pool.fetch(query("imports/page"), lane, account_id, mode, state, started_at, import_id, limit)
    return [_record_of(row) for row in rows]


async def problems_of(
    ledger: Ledger, key: ImportKey, after_number: int = -1, limit: int = PROBLEMS_MAX
) -> list[Problem]:
    """The unreadable records of an import after this number, in the order of the file."""
    rows = await ledger.pool.fetch(query("imports/problems"), *key, after_number, limit)
    return [Problem(row["place"], row["reason"], row["number"], row["delivery_id"]) for row in rows]


def _record_of(row: Any) -> ImportRecord:
    return ImportRecord(
        id=row["import_id"],
        channel=row["channel"],
        request=orjson.loads(row["wish"]),
        shop=orjson.loads(row["shop"]),
        digest=row["digest"],
        state=row["state"],
        bytes=row["bytes"],
        bytes_total=row["bytes_total"],
        counts={name: row[name] for name in COUNTS},
        error=None if row["error"] is None else orjson.loads(row["error"]),
        started_at=row["started_at"],
        updated_at=row["updated_at"],
        ended_at=row["ended_at"],
        receipt=None if row["receipt"] is None else Receipt.restored(orjson.loads(row["receipt"])),
        reread=None if row["reread"] is None else orjson.loads(row["reread"]),
    )
