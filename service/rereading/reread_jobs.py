"""Rereads as jobs: the import's record shows how far one is, and what it came to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from service.imports.import_records import ImportKey, Stopping, error_of
from service.imports.import_source import Problem
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.platform import logs
from service.rereading.parameters import ReadingParameters
from service.rereading.reread import reread
from sql import query

READING, DONE, FAILED = "reading", "done", "failed"

log = logs.get("reread")


async def reread_as_job(
    ledger: Ledger,
    key: ImportKey,
    parameters: ReadingParameters,
    origin: RequestOrigin,
    stopping: Callable[[], bool],
) -> None:
    """Reads an import anew, and keeps what it came to in its record. Raises nothing but a cancellation."""
    started_at = ledger.runtime.instant()

    async def progress(_: list[Problem]) -> None:
        if stopping():
            raise Stopping

    await _keep(ledger, key, {"state": READING, "startedAt": started_at})
    try:
        document = await reread(ledger, key.account_id, [key.import_id], parameters, origin, progress)
    except Exception as problem:
        error = error_of(problem)
        if error["code"] == "INTERNAL":
            log.exception("reread_failed", account=key.account_id, import_id=key.import_id)
        found: dict[str, Any] = {"state": FAILED, "error": error}
    else:
        found = {"state": DONE, "receipt": document}
    await _keep(ledger, key, {**found, "startedAt": started_at, "endedAt": ledger.runtime.instant()})


async def _keep(ledger: Ledger, key: ImportKey, found: dict[str, Any]) -> None:
    await ledger.pool.execute(query("imports/keep_reread"), *key, orjson.dumps(found).decode())
