"""Import records: how far each import has come, which records of it could not be read, and what ended it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

import orjson

from events.instants import Instant
from events.refusals import Refusal
from service.imports.import_source import PROBLEMS_MAX, Problem
from service.imports.receipt import Receipt
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform.database import OUTAGES
from sql import query

READING, DONE, FAILED = "reading", "done", "failed"
STATES = (READING, DONE, FAILED)
COUNTS = ("read", "new", "changed", "unchanged", "lines", "unreadable")
"""The counts that an import record has columns for."""
READER = version("payout-ledger")
"""Another release may count the records of a file differently, so it starts with the first one again."""


class Stopping(Exception):
    """The process is to end."""


class ImportTakenOver(Exception):
    """Another task has taken this import over."""


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


def error_of(problem: Exception) -> dict[str, Any]:
    """What the record of an import says of what ended it."""
    match problem:
        case Refusal():
            field = {} if problem.field is None else {"field": problem.field}
            return {"code": problem.code, "message": problem.message, **field}
        case Unavailable():
            return {"code": "UNAVAILABLE", "message": f"{problem}: send it again under this id"}
        case Stopping():
            return {"code": "UNAVAILABLE", "message": "the service was stopped: send it again under this id"}
        case _ if isinstance(problem, OUTAGES):
            return {"code": "UNAVAILABLE", "message": "the database did not answer: send it again under this id"}
        case _:
            return {
                "code": "INTERNAL",
                "message": "something went wrong on our side: the import's id finds it in the log",
            }


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
