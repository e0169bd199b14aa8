"""Imports that are noted: how far each has come, what of it nobody could read, and going on where one stopped.

A file is read by one task of one process. Whoever sends the same content again under the same id takes it over and goes
on behind the last slice that was noted; what was booked beyond that is booked again, which changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, BinaryIO

import orjson

from events.refusals import Refusal
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.ledger.writer import Unavailable
from service.marketplaces.import_records import COUNTS, DONE, FAILED, Noted, Place, find
from service.marketplaces.importing import (
    Imported,
    ImportRequest,
    Intake,
    Problem,
    intake,
    source_named,
    take_in,
)
from service.platform import logs
from service.platform.database import OUTAGES
from sql import query

log = logs.get("imports")

READER = version("payout-ledger")
"""Another release may count a file's records otherwise, and has to begin with its first."""
NOTE_SECONDS = 1.0
"""How often it is noted how far an import is."""


class OtherContent(Exception):
    """The id belongs to an import of something else."""


class _Stopping(Exception):
    """The process is to end."""


class _TakenOver(Exception):
    """Somebody else goes on with this import."""


@dataclass(frozen=True, slots=True)
class File:
    """What was sent, where it is kept while it is read, and a keyed digest of it."""

    stream: BinaryIO
    size: int
    digest: str


class Imports:
    """The imports that this process is at."""

    def __init__(self, ledger: Ledger, most: int) -> None:
        self._ledger = ledger
        self._most = most
        self._held = 0
        self._running: dict[Place, asyncio.Task[None]] = {}
        self._beginning = asyncio.Lock()
        self._stopping = False

    @contextlib.asynccontextmanager
    async def room(self) -> AsyncIterator[None]:
        """Room for one more file, from its first byte on. Unavailable where there is none."""
        if self._stopping or self._held + len(self._running) >= self._most:
            raise Unavailable(
                f"{self._most} files are being taken in already, or the service is stopping: try again later"
            )
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    async def begin(
        self, wish: ImportRequest, origin: RequestOrigin, import_id: str | None, file: File
    ) -> tuple[Place, asyncio.Task[None] | None]:
        """Begins an import, or goes on with it; the task is None where it was done before. The file is this one's now.

        AccountNotFound, InvalidCommand, and OtherContent where the id belongs to another content or wish.
        """
        with contextlib.ExitStack() as unless_read:
            unless_read.callback(file.stream.close)
            into = await intake(self._ledger, wish, origin)
            place = (into.lane, wish.account_id, import_id or f"imp_{self._ledger.runtime.ulid()}")
            async with self._beginning:
                task = self._running.get(place)
                if task is not None:
                    _same(await self._known(place, origin.mode), wish, file)
                else:
                    task = await self._begun(place, into, file)
                    if task is not None:
                        unless_read.pop_all()
        return place, task

    async def _begun(self, place: Place, into: Intake, file: File) -> asyncio.Task[None] | None:
        pool, runtime = self._ledger.pool, self._ledger.runtime
        run, now = runtime.uuid7(), runtime.now()
        began = await pool.fetchval(
            query("imports/begin"),
            *place,
            into.origin.mode,
            into.wish.channel,
            _json(_wish(into.wish)),
            _json(asdict(into.shop)),
            file.digest,
            READER,
            run,
            file.size,
            now,
        )
        counts: dict[str, int] = dict.fromkeys(COUNTS, 0)
        if began is None:
            known = await self._known(place, into.origin.mode)
            _same(known, into.wish, file)
            row = await pool.fetchrow(query("imports/resume"), *place, run, READER, now)
            if row is None:
                return None
            counts = {name: row[name] for name in COUNTS}
            into = replace(into, shop=known.shop)
        reading = _Reading(self._ledger, place, run, into, file, counts, lambda: self._stopping)
        task = runtime.spawn(reading.run(), f"import {place[2]}")
        self._running[place] = task
        task.add_done_callback(lambda _: self._running.pop(place, None))
        return task

    async def _known(self, place: Place, mode: str) -> Noted:
        known = await find(self._ledger, place, mode)
        if known is None:
            # Of the account's other mode: an account has one, unless it never came to be.
            raise OtherContent
        return known

    async def close(self, seconds: float) -> None:
        """Ends what is under way behind its next slice; it can be sent again, and goes on there."""
        self._stopping = True
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class _Reading:
    """One file being read."""

    def __init__(
        self,
        ledger: Ledger,
        place: Place,
        run: str,
        into: Intake,
        file: File,
        counts: dict[str, int],
        stopping: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._place = place
        self._run = run
        self._into = into
        self._file = file
        self._found = Imported(place[2])
        for name, count in counts.items():
            setattr(self._found, name, count)
        self._stopping = stopping
        self._noted_at = ledger.runtime.monotonic()

    async def run(self) -> None:
        """Reads to the end, and notes how it ended. Never raises but where it is cancelled."""
        told = {"account": self._place[1], "import_id": self._place[2], "channel": self._into.wish.channel}
        try:
            with self._file.stream:
                await self._read()
        except _TakenOver:
            log.info("import_taken_over", **told)
            return
        except Exception as problem:
            error = _error_of(problem)
            if error["code"] == "INTERNAL":
                log.exception("import_failed", **told)
            else:
                log.warning("import_failed", **told, code=error["code"])
            with contextlib.suppress(*OUTAGES):
                await self._finish(FAILED, error)
        else:
            await self._finish(DONE, None)
            log.info("file_imported", **told, **{name: getattr(self._found, name) for name in COUNTS})

    async def _read(self) -> None:
        stream = self._file.stream
        observations = source_named(self._into.wish.channel).read(stream, self._into.shop)
        behind = self._found.read
        await take_in(self._ledger, self._into, observations, self._found, self._booked, behind)
        await self._note([], self._file.size)

    async def _booked(self, problems: list[Problem]) -> None:
        due = self._ledger.runtime.monotonic() >= self._noted_at + NOTE_SECONDS
        if problems or due or self._stopping():
            await self._note(problems, await asyncio.to_thread(self._file.stream.tell))
        if self._stopping():
            raise _Stopping

    async def _note(self, problems: list[Problem], at: int) -> None:
        rows = [
            {"number": each.number, "delivery_id": each.delivery_id, "place": each.place, "reason": each.reason}
            for each in problems
        ]
        counts = [getattr(self._found, name) for name in COUNTS]
        pool = self._ledger.pool
        noted = await pool.fetchval(
            query("imports/keep"), *self._place, self._run, at, *counts, _json(rows), self._ledger.runtime.now()
        )
        if noted is None:
            raise _TakenOver
        self._noted_at = self._ledger.runtime.monotonic()

    async def _finish(self, state: str, error: dict[str, Any] | None) -> None:
        told = None if error is None else _json(error)
        await self._ledger.pool.fetchval(
            query("imports/finish"), *self._place, self._run, state, told, self._ledger.runtime.now()
        )


def _wish(wish: ImportRequest) -> dict[str, Any]:
    """All that was asked for; the account and the channel have their own places."""
    return {name: found for name, found in asdict(wish).items() if name != "account_id"}


def _same(known: Noted, wish: ImportRequest, file: File) -> None:
    if known.digest != file.digest or known.wish != _wish(wish):
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
