"""Ingests the records of a source: read in slices beside the event loop, each slice decided in one transaction.

At most two slices are in memory, so memory does not grow with the file. Importing the same or overlapping records again
changes nothing, so an interrupted import can simply be started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from events.refusals import InvalidCommand, Refusal
from service.imports.import_records import COUNTS, DONE, FAILED, READER, ImportKey, ImportTakenOver, error_of
from service.imports.import_source import SLICE, ImportRequest, ImportResult, Problem, Rec, RecordSource, new_result
from service.imports.kept_files import FileKey, Readings, digest_of, find_file, keep_file, readings_of
from service.imports.receipt import Receipt
from service.imports.rereads import (
    Expected,
    Withdrawals,
    WithdrawingSource,
    expected_of,
    left_over,
    withdraw,
    withdrawals_of,
)
from service.imports.stated import ZONE_WAS_ASSUMED, Withdrawal
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable, name_of
from service.platform import logs
from service.platform.database import OUTAGES, is_outage
from sql import query

log = logs.get("import")

UNREADABLE_MAX = 1000
"""More unreadable records than this end an import, if they are more than half of it."""
_COUNTED_AS = {"unchanged": "known"}
"""What banks' imports call what the import record has a column for."""

Progress = Callable[[list[Problem]], Awaitable[None]]
"""Awaited after each slice that is ingested, with its unreadable records. What it raises ends the import there."""


@dataclass(frozen=True, slots=True)
class ImportRun:
    """A run of an import. Another run of the same import takes it over."""

    ledger: Ledger
    key: ImportKey
    run: str

    async def begin(self, mode: str, source: RecordSource[Any], digest: str, size: int) -> bool:
        """Begins the import's record; False where there is one of this id."""
        began = await self.ledger.pool.fetchval(
            query("imports/begin"),
            *self.key,
            mode,
            source.channel,
            _json(source.request_document()),
            _json(source.shop_document()),
            digest,
            READER,
            self.run,
            size,
            self.ledger.runtime.now(),
        )
        return began is not None

    async def record(
        self, problems: Sequence[Problem], bytes_read: int, counts: Mapping[str, int], receipt: Receipt
    ) -> None:
        """Brings the record up to date. ImportTakenOver where the import is another run's."""
        rows = [
            {"number": each.number, "delivery_id": each.delivery_id, "place": each.place, "reason": each.reason}
            for each in problems
        ]
        columns = [counts.get(name, counts.get(_COUNTED_AS.get(name, name), 0)) for name in COUNTS]
        recorded = await self.ledger.pool.fetchval(
            query("imports/keep"),
            *self.key,
            self.run,
            bytes_read,
            *columns,
            _json(rows),
            self.ledger.runtime.now(),
            _json(receipt.state()),
        )
        if recorded is None:
            raise ImportTakenOver

    async def finish(self, state: str, error: Mapping[str, Any] | None) -> None:
        """Records how the import ended."""
        document = None if error is None else _json(error)
        await self.ledger.pool.fetchval(
            query("imports/finish"), *self.key, self.run, state, document, self.ledger.runtime.now()
        )


async def no_progress(_: list[Problem]) -> None:
    """The progress of an import that nobody watches."""


@dataclass(frozen=True, slots=True)
class FileReading:
    """A file that is read by a source. `another` is an equal source, which looks at the file before it is booked."""

    of: FileKey
    run: str
    source: RecordSource[Any]
    another: RecordSource[Any]
    stream: BinaryIO
    resumes: bool = False
    """Whether a later run passes over what this one ingested: then it is kept after each slice what was stated."""


async def import_file(
    ledger: Ledger,
    request: ImportRequest[RecordSource[Any]],
    stream: BinaryIO,
    origin: RequestOrigin,
    progress: Progress = no_progress,
) -> ImportResult:
    """Ingests every record of the file, which is read more than once.

    InvalidCommand where the request or the file's format is wrong, or most of it is unreadable; AccountNotFound where
    the origin may not import for the account; Unavailable where the ledger cannot write now. What was ingested until
    then stays, and is known the next time.
    """
    source, another = await request.open(ledger, origin), await request.open(ledger, origin)
    result = new_result(f"imp_{ledger.runtime.ulid()}", source)
    digest, size = await digest_of(ledger, stream)
    run = ImportRun(ledger, ImportKey(source.lane, request.account_id, result.id), ledger.runtime.uuid7())
    await run.begin(origin.mode, source, digest, size)

    async def recorded(problems: list[Problem]) -> None:
        if problems:
            await run.record(problems, 0, result.counts, result.receipt)
        await progress(problems)

    of = FileKey(source.lane, request.account_id, digest)
    try:
        await read_file(ledger, FileReading(of, run.run, source, another, stream), result, recorded)
    except Exception as problem:
        with contextlib.suppress(*OUTAGES):
            await run.finish(FAILED, error_of(problem))
        raise
    await run.record([], size, result.counts, result.receipt)
    await run.finish(DONE, None)
    log.info(source.logged_as, account=request.account_id, import_id=result.id, **source.log_fields(), **result.counts)
    return result


async def read_file(
    ledger: Ledger, file: FileReading, result: ImportResult, progress: Progress, skip: int = 0
) -> list[Withdrawal]:
    """Ingests the records of a file after the first `skip`, and keeps the file.

    What it stated when it was read before, and states no more, is withdrawn. A file that states nothing, as it is read
    now, withdraws nothing.
    """
    readings = await readings_of(ledger, file.of, file.run)
    expected, withdrawals = None, None
    if readings.before:
        expected = await expected_of(file.another, file.stream)
        if not expected.is_empty:
            withdrawals = await withdrawals_of(ledger, [(file.source, readings, expected)])
    return await read_expected(ledger, file, readings, result, progress, skip, expected, withdrawals)


async def read_expected(
    ledger: Ledger,
    file: FileReading,
    readings: Readings,
    result: ImportResult,
    progress: Progress,
    skip: int = 0,
    expected: Expected | None = None,
    withdrawals: Withdrawals | None = None,
) -> list[Withdrawal]:
    """As `read_file`, where it is known what the file would state, and what is withdrawn. Gives all that was withdrawn."""
    kept = await find_file(ledger, file.of)
    arrived_at = ledger.runtime.instant() if kept is None else kept.arrived_at
    source = file.source if kept is None else file.source.as_of(arrived_at)
    reader = source
    if withdrawals is not None and expected is not None:
        of_file = withdrawals.of_file(readings.before)
        await withdraw(ledger, source, of_file.of_nothing(expected))
        reader = WithdrawingSource(source, of_file)
    records = await asyncio.to_thread(reader.read, file.stream)

    async def with_readings(problems: list[Problem]) -> None:
        await readings.write(rest=file.resumes)
        await progress(problems)
        if withdrawals is None:
            _refuse_mostly_unreadable(result, problems)

    try:
        await ingest(ledger, reader, records, result, with_readings, skip, readings)
    finally:
        await readings.written()
    left: list[Withdrawal] = []
    if withdrawals is not None and not skip:
        left = await left_over(ledger, source, readings, withdrawals)
        await withdraw(ledger, source, left)
    own = {id(each) for before in readings.before.values() for each in before}
    withdrawn = [*(each for each in (withdrawals.all if withdrawals else ()) if id(each.stated) in own), *left]
    if withdrawals is not None or not readings.before:
        readings.keep(each.stated for each in withdrawn if not each.done)
        await readings.write(rest=True)
        if not skip:
            await readings.forget_earlier()
    await keep_file(ledger, file.of, file.stream, source, arrived_at)
    if ZONE_WAS_ASSUMED not in result.receipt.findings:
        place = (file.of.lane, file.of.account_id, file.of.digest)
        await ledger.pool.execute(query("imports/end_finding"), *place, ZONE_WAS_ASSUMED)
    return withdrawn


def _refuse_mostly_unreadable(result: ImportResult, problems: Sequence[Problem]) -> None:
    """InvalidCommand where most of what was read is unreadable. Each such record is kept, and a line of it may be a byte."""
    unreadable, read = result.counts["unreadable"], result.counts["read"]
    if unreadable > UNREADABLE_MAX and unreadable > read / 2 and problems:
        raise InvalidCommand(
            f"{unreadable} of the first {read} records cannot be read, such as {problems[-1].place}:"
            f" {problems[-1].reason}. The rest was not read: is this the right kind of file?",
            field="file",
        )


async def ingest(
    ledger: Ledger,
    source: RecordSource[Rec],
    records: Iterator[Rec],
    result: ImportResult,
    progress: Progress,
    skip: int = 0,
    readings: Readings | None = None,
) -> None:
    """Ingests the records slice by slice, and adds what they come to to `result`, and what they state to `readings`.

    The first `skip` records are passed over: an earlier run ingested them and counted them.
    """
    number = skip
    while skip > 0 and (passed := await asyncio.to_thread(_next_slice, records, min(skip, SLICE))):
        skip -= len(passed)
        await progress([])
    reading = _read_ahead(records)
    try:
        while read := await reading:
            reading = _read_ahead(records)
            problems = await _ingest_slice(ledger, source, read, number, result, readings)
            number += len(read)
            await progress(problems)
    finally:
        # The caller closes the file, which must not happen while the thread still reads it.
        await asyncio.wait([reading])


async def _ingest_slice(
    ledger: Ledger,
    source: RecordSource[Rec],
    records: Sequence[Rec],
    number: int,
    result: ImportResult,
    readings: Readings | None,
) -> list[Problem]:
    """Ingests a slice; in halves where it fails, down to the record that fails, which is kept as unreadable.

    Else the same file, and the same page of a pull, would end at the same record each time.
    """
    unit = source.unit(records, result.receipt)
    try:
        outcomes = await ledger.run(source.lane, unit)
    except Exception as problem:
        unit.forget()
        if isinstance(problem, (Refusal, Unavailable)) or is_outage(problem):
            raise
        if len(records) > 1:
            log.warning("slice_taken_apart", records=len(records), problem=repr(problem), **source.log_fields())
            middle = len(records) // 2
            first = await _ingest_slice(ledger, source, records[:middle], number, result, readings)
            return first + await _ingest_slice(ledger, source, records[middle:], number + middle, result, readings)
        reason = f"ingesting it failed: {name_of(problem)} (the log says more)"
        kept = source.as_unreadable(records[0], reason)
        if kept is None:
            raise
        log.exception("record_not_ingested", **source.log_fields())
        return await _ingest_slice(ledger, source, [kept], number, result, readings)
    problems = unit.problems(number)
    result.add(unit.counts(outcomes), problems, unit.receipt)
    if readings is not None:
        readings.add(unit.stated)
    return problems


def _read_ahead(records: Iterator[Rec]) -> asyncio.Future[list[Rec]]:
    """The next slice, which is read while the one before it is ingested."""
    return asyncio.ensure_future(asyncio.to_thread(_next_slice, records))


def _next_slice(records: Iterator[Rec], most: int = SLICE) -> list[Rec]:
    return list(itertools.islice(records, most))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
