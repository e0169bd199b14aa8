"""Import jobs: imports with a record of how far each has come, which are resumed where they stopped.

One task of one process reads a file. Whoever sends the same content again under the same id takes the import over, and
resumes it after the last slice that its record has. What was ingested beyond that is ingested again, which changes
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, BinaryIO

import orjson

from events.refusals import Refusal
from service.imports.import_records import COUNTS, DONE, FAILED, ImportKey, ImportRecord, find
from service.imports.import_source import ImportRequest, Problem, ResumableSource
from service.imports.ingestion import ImportResult, ingest
from service.imports.receipt import Receipt
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from sql import query

log = logs.get("imports")

READER = version("payout-ledger")
"""Another release may count the records of a file differently, so it starts with the first one again."""
RECORD_SECONDS = 1.0
"""How often the import record is brought up to date."""


class OtherContent(Exception):
    """The id belongs to an import of another content, or with another request."""


class _Stopping(Exception):
    """The process is to end."""


class _TakenOver(Exception):
    """Another task has taken this import over."""


@dataclass(frozen=True, slots=True)
class File:
    """What was sent: where it is kept while it is read, its bytes, and their keyed digest."""

    stream: BinaryIO
    size: int
    digest: str


class ImportJobs:
    """The import jobs of this process."""

    def __init__(self, ledger: Ledger, files_max: int) -> None:
        self._ledger = ledger
        self._files_max = files_max
        self._receiving = 0
        self._running: dict[ImportKey, asyncio.Task[None]] = {}
        self._starting = asyncio.Lock()
        self._stopping = False

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A slot for one more file, from its first byte on. Unavailable where all are taken."""
        if self._stopping or self._receiving + len(self._running) >= self._files_max:
            raise Unavailable(
                f"{self._files_max} files are being taken in already, or the service is stopping: try again later"
            )
        self._receiving += 1
        try:
            yield
        finally:
            self._receiving -= 1

    async def begin(
        self,
        request: ImportRequest[ResumableSource[Any]],
        origin: RequestOrigin,
        import_id: str | None,
        file: File,
    ) -> tuple[ImportKey, asyncio.Task[None] | None]:
        """Starts or resumes an import. The task is None where it was done before. The job closes the file.

        AccountNotFound, InvalidCommand, and OtherContent where the id belongs to another content or request.
        """
        with contextlib.ExitStack() as unless_read:
            unless_read.callback(file.stream.close)
            source = await request.open(self._ledger, origin)
            key = ImportKey(source.lane, request.account_id, import_id or f"imp_{self._ledger.runtime.ulid()}")
            async with self._starting:
                task = self._running.get(key)
                if task is not None:
                    _check_same(await self._known(key, origin.mode), source, file)
                else:
                    task = await self._start(key, source, origin.mode, file)
                    if task is not None:
                        unless_read.pop_all()
        return key, task

    async def _start(
        self, key: ImportKey, source: ResumableSource[Any], mode: str, file: File
    ) -> asyncio.Task[None] | None:
        pool, runtime = self._ledger.pool, self._ledger.runtime
        run, now = runtime.uuid7(), runtime.now()
        began = await pool.fetchval(
            query("imports/begin"),
            *key,
            mode,
            source.channel,
            _json(source.request_document()),
            _json(source.shop_document()),
            file.digest,
            READER,
            run,
            file.size,
            now,
        )
        counts: dict[str, int] = dict.fromkeys(COUNTS, 0)
        receipt = Receipt()
        if began is None:
            known = await self._known(key, mode)
            _check_same(known, source, file)
            row = await pool.fetchrow(query("imports/resume"), *key, run, READER, now)
            if row is None:
                return None
            counts = {name: row[name] for name in COUNTS}
            if row["receipt"] is not None:
                receipt = Receipt.restored(orjson.loads(row["receipt"]))
            else:
                # It began before there were receipts, which count all records of a file: it starts again.
                counts = dict.fromkeys(COUNTS, 0)
            source = source.with_shop(known.shop)
        job = _ImportJob(
            self._ledger,
            key,
            run,
            source,
            file,
            ImportResult(key.import_id, counts, [], receipt),
            lambda: self._stopping,
        )
        task = runtime.spawn(job.run(), f"import {key.import_id}")
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))
        return task

    async def _known(self, key: ImportKey, mode: str) -> ImportRecord:
        known = await find(self._ledger, key, mode)
        if known is None:
            # Its record is of the other mode. An account has one mode, but this one may not be opened yet.
            raise OtherContent
        return known

    async def close(self, seconds: float) -> None:
        """Ends the running jobs, each after its next slice. The same files can be sent again, to resume there."""
        self._stopping = True
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class _ImportJob:
    """One file that is being read, and its import record."""

    def __init__(
        self,
        ledger: Ledger,
        key: ImportKey,
        run: str,
        source: ResumableSource[Any],
        file: File,
        result: ImportResult,
        stopping: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._key = key
        self._run = run
        self._source = source
        self._file = file
        self._result = result
        self._stopping = stopping
        self._recorded_at = ledger.runtime.monotonic()

    async def run(self) -> None:
        """Reads to the end, and records how it ended. Raises nothing but a cancellation."""
        fields = {
            "account": self._key.account_id, "import_id": self._key.import_id, **self._source.log_fields(),
        }  # fmt: skip
        try:
            with self._file.stream:
                await self._read()
        except _TakenOver:
            log.info("import_taken_over", **fields)
            return
        except Exception as problem:
            error = _error_of(problem)
            if error["code"] == "INTERNAL":
                log.exception("import_failed", **fields)
            else:
                log.warning("import_failed", **fields, code=error["code"])
            with contextlib.suppress(*OUTAGES):
                await self._finish(FAILED, error)
        else:
            await self._finish(DONE, None)
            log.info(self._source.logged_as, **fields, **self._result.counts)

    async def _read(self) -> None:
        records = await asyncio.to_thread(self._source.read, self._file.stream)
        skip = self._result.receipt.items
        await ingest(self._ledger, self._source, records, self._result, self._progress, skip)
        await self._record([], self._file.size)

    async def _progress(self, problems: list[Problem]) -> None:
        due = self._ledger.runtime.monotonic() >= self._recorded_at + RECORD_SECONDS
        if problems or due or self._stopping():
            await self._record(problems, await asyncio.to_thread(self._file.stream.tell))
        if self._stopping():
            raise _Stopping

    async def _record(self, problems: list[Problem], bytes_read: int) -> None:
        rows = [
            {"number": each.number, "delivery_id": each.delivery_id, "place": each.place, "reason": each.reason}
            for each in problems
        ]
        counts = [self._result.counts[name] for name in COUNTS]
        pool = self._ledger.pool
        recorded = await pool.fetchval(
            query("imports/keep"),
            *self._key,
            self._run,
            bytes_read,
            *counts,
            _json(rows),
            self._ledger.runtime.now(),
            _json(self._result.receipt.state()),
        )
        if recorded is None:
            raise _TakenOver
        self._recorded_at = self._ledger.runtime.monotonic()

    async def _finish(self, state: str, error: dict[str, Any] | None) -> None:
        document = None if error is None else _json(error)
        await self._ledger.pool.fetchval(
            query("imports/finish"), *self._key, self._run, state, document, self._ledger.runtime.now()
        )


def _check_same(known: ImportRecord, source: ResumableSource[Any], file: File) -> None:
    if known.digest != file.digest or known.request != source.request_document():
        raise OtherContent


def _error_of(problem: Exception) -> dict[str, Any]:
    match problem:
        case Refusal():
            field = {} if problem.field is None else {"field": problem.field}
            return {"code": problem.code, "message": problem.message, **field}
        case Unavailable():
            return {"code": "UNAVAILABLE", "message": f"{problem}: send it again under this id"}
        case _Stopping():
            return {"code": "UNAVAILABLE", "message": "the service was stopped: send it again under this id"}
        case _ if isinstance(problem, OUTAGES):
            return {"code": "UNAVAILABLE", "message": "the database did not answer: send it again under this id"}
        case _:
            return {
                "code": "INTERNAL",
                "message": "something went wrong on our side: the import's id finds it in the log",
            }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
