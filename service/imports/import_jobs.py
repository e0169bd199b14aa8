"""Import jobs: imports with a record of how far each has come, which are resumed where they stopped.

One task of one process reads a file. Whoever sends the same content again under the same id takes the import over, and
resumes it after the last slice that its record has. What was ingested beyond that is ingested again, which changes
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from service.imports.import_records import (
    COUNTS,
    DONE,
    FAILED,
    READER,
    ImportKey,
    ImportRecord,
    ImportTakenOver,
    Stopping,
    error_of,
    find,
)
from service.imports.import_source import ImportRequest, ImportResult, Problem, ResumableSource
from service.imports.ingestion import FileReading, ImportRun, read_file
from service.imports.kept_files import FileKey
from service.imports.receipt import Receipt
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from sql import query

log = logs.get("imports")

RECORD_SECONDS = 1.0
"""How often the import record is brought up to date."""


class OtherContent(Exception):
    """The id belongs to an import of another content, or with another request."""


@dataclass(frozen=True, slots=True)
class File:
    """What was sent: where it is kept while it is read, its bytes, and their keyed digest."""

    stream: BinaryIO
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class PlacesMax:
    """How many files there may be: of one account, of all accounts, and being read at once."""

    of_account: int
    of_all: int
    read: int


class ImportPlaces:
    """The places of this process.

    A file has a place from its first byte until it has been read. Whoever sends slowly, or not at all, takes the places of
    their own account. Only a file that is here as a whole can be read, so one that is still on its way keeps nobody from
    reading.
    """

    def __init__(self, most: PlacesMax) -> None:
        self._most = most
        self._taken = Counter[str]()
        self._reading = asyncio.Semaphore(most.read)

    @contextlib.contextmanager
    def place(self, account_id: str) -> Iterator[None]:
        """A place for one more file of the account. Unavailable where all of them are taken."""
        if self._taken[account_id] >= self._most.of_account:
            raise Unavailable(
                f"{self._most.of_account} files of this account are being taken in already: send it when one is done"
            )
        if self._taken.total() >= self._most.of_all:
            raise Unavailable(f"{self._most.of_all} files are being taken in already: try again later")
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Waits until the file can be read: those that are here are read in the order in which they came."""
        async with self._reading:
            yield


class ImportJobs:
    """The import jobs of this process."""

    def __init__(self, ledger: Ledger, most: PlacesMax) -> None:
        self._ledger = ledger
        self._places = ImportPlaces(most)
        self._running: dict[ImportKey, asyncio.Task[None]] = {}
        self._starting = asyncio.Lock()
        self._stopping = False

    def place(self, account_id: str) -> contextlib.ExitStack:
        """A place for one more file of the account, from its first byte on. Unavailable where all are taken.

        It is given back as it is left, or once the job that was begun in it has ended.
        """
        if self._stopping:
            raise Unavailable("the service is stopping: try again later")
        place = contextlib.ExitStack()
        place.enter_context(self._places.place(account_id))
        return place

    def reading(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Waits until one more file can be read."""
        return self._places.reading()

    async def begin(
        self,
        request: ImportRequest[ResumableSource[Any]],
        origin: RequestOrigin,
        import_id: str | None,
        file: File,
        place: contextlib.ExitStack,
    ) -> tuple[ImportKey, asyncio.Task[None] | None]:
        """Starts or resumes an import. The task is None where it was done before. The job closes the file.

        The file's place is the job's until that has ended.

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
                    task = await self._start(key, request, source, origin, file)
                    if task is not None:
                        unless_read.pop_all()
                        _is_taken_by(place, task)
        return key, task

    async def _start(
        self,
        key: ImportKey,
        request: ImportRequest[ResumableSource[Any]],
        source: ResumableSource[Any],
        origin: RequestOrigin,
        file: File,
    ) -> asyncio.Task[None] | None:
        pool, runtime, mode = self._ledger.pool, self._ledger.runtime, origin.mode
        run = ImportRun(self._ledger, key, runtime.uuid7())
        began = await run.begin(mode, source, file.digest, file.size)
        counts: dict[str, int] = dict.fromkeys(COUNTS, 0)
        receipt = Receipt()
        if not began:
            known = await self._known(key, mode)
            _check_same(known, source, file)
            row = await pool.fetchrow(query("imports/resume"), *key, run.run, READER, runtime.now())
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
            run,
            source,
            await request.open(self._ledger, origin),
            file,
            ImportResult(key.import_id, counts, [], receipt),
            lambda: self._stopping,
            self._places,
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

    async def run_once(
        self, key: ImportKey, run: Callable[[], Coroutine[Any, Any, None]], place: contextlib.ExitStack
    ) -> asyncio.Task[None]:
        """Runs something about an import as its job; where one runs, that one. It raises nothing but a cancellation."""

        async def in_turn() -> None:
            async with self._places.reading():
                await run()

        async with self._starting:
            task = self._running.get(key)
            if task is None:
                task = self._ledger.runtime.spawn(in_turn(), f"import {key.import_id}")
                self._running[key] = task
                task.add_done_callback(lambda _: self._running.pop(key, None))
                _is_taken_by(place, task)
        return task

    @property
    def is_stopping(self) -> bool:
        return self._stopping

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
        run: ImportRun,
        source: ResumableSource[Any],
        another: ResumableSource[Any],
        file: File,
        result: ImportResult,
        stopping: Callable[[], bool],
        places: ImportPlaces,
    ) -> None:
        self._ledger = run.ledger
        self._run = run
        self._source = source
        self._another = another
        self._file = file
        self._result = result
        self._stopping = stopping
        self._places = places
        self._recorded_at = run.ledger.runtime.monotonic()

    async def run(self) -> None:
        """Reads to the end, and records how it ended. Raises nothing but a cancellation."""
        fields = {
            "account": self._run.key.account_id, "import_id": self._run.key.import_id, **self._source.log_fields(),
        }  # fmt: skip
        try:
            with self._file.stream:
                async with self._places.reading():
                    await self._read()
        except ImportTakenOver:
            log.info("import_taken_over", **fields)
            return
        except Exception as problem:
            error = error_of(problem)
            if error["code"] == "INTERNAL":
                log.exception("import_failed", **fields)
            else:
                log.warning("import_failed", **fields, code=error["code"])
            with contextlib.suppress(*OUTAGES):
                await self._run.finish(FAILED, error)
        else:
            await self._run.finish(DONE, None)
            log.info(self._source.logged_as, **fields, **self._result.counts)

    async def _read(self) -> None:
        if self._stopping():
            raise Stopping
        skip = self._result.receipt.items
        of = FileKey(self._run.key.lane, self._run.key.account_id, self._file.digest)
        await read_file(
            self._ledger,
            FileReading(of, self._run.run, self._source, self._another, self._file.stream, resumes=True),
            self._result,
            self._progress,
            skip,
        )
        await self._record([], self._file.size)

    async def _progress(self, problems: list[Problem]) -> None:
        due = self._ledger.runtime.monotonic() >= self._recorded_at + RECORD_SECONDS
        if problems or due or self._stopping():
            await self._record(problems, await asyncio.to_thread(self._file.stream.tell))
        if self._stopping():
            raise Stopping

    async def _record(self, problems: list[Problem], bytes_read: int) -> None:
        await self._run.record(problems, bytes_read, self._result.counts, self._result.receipt)
        self._recorded_at = self._ledger.runtime.monotonic()


def _is_taken_by(place: contextlib.ExitStack, task: asyncio.Task[None]) -> None:
    """The place is the task's, until it has ended."""
    taken = place.pop_all()
    task.add_done_callback(lambda _: taken.close())


def _check_same(known: ImportRecord, source: ResumableSource[Any], file: File) -> None:
    if known.digest != file.digest or known.request != source.request_document():
        raise OtherContent
