"""Reads kept files anew, with what is said of them now, and books what changed.

All files of a reread are looked at before the first one is booked: a parameter that one of them cannot be read with is
refused, and changes nothing. What was withdrawn stays in the log, with its position and its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from events.envelope import SYSTEM_ACCOUNT
from events.refusals import AccountNotFound, InvalidCommand
from service.imports.import_records import DONE, ImportKey, ImportRecord, find
from service.imports.import_source import RecordSource, new_result
from service.imports.ingestion import FileReading, Progress, no_progress, read_expected
from service.imports.kept_files import FileKey, KeptFile, Readings, find_file, read_file, readings_of
from service.imports.rereads import Expected, expected_of, withdrawals_of
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.platform import logs
from service.rereading.parameters import ReadingParameters
from service.rereading.receipt import RereadDocument, add_file, nothing_reread
from sql import query

log = logs.get("reread")

NOT_KEPT = (
    "its file was not kept, as a release before this one did not keep them: import the file again as it was read then,"
    " and read that import anew"
)
ERASED = "its account was erased, and its file with it"
NOT_DONE = "it did not come to its end: import the file again"
NOTHING_READ = "nothing of it can be read like this: nothing was changed"


@dataclass(frozen=True, slots=True)
class _File:
    """One file that is read anew."""

    record: ImportRecord
    kept: KeptFile
    source: RecordSource[Any]
    another: RecordSource[Any]
    run: str
    readings: Readings
    expected: Expected


async def imports_of(ledger: Ledger, account_id: str, mode: str, channel: str | None) -> list[str]:
    """The ids of an account's imports, oldest first; of one channel, where it is named. AccountNotFound."""
    lane = await ledger.known_lane_of(account_id)
    if lane is None or account_id == SYSTEM_ACCOUNT:
        raise AccountNotFound(account_id)
    rows = await ledger.pool.fetch(query("imports/of_account"), lane, account_id, mode, channel)
    return [row["import_id"] for row in rows]


async def reread(
    ledger: Ledger,
    account_id: str,
    import_ids: Sequence[str],
    parameters: ReadingParameters,
    origin: RequestOrigin,
    progress: Progress = no_progress,
) -> RereadDocument:
    """Reads these imports' files anew. Those that cannot be are in the receipt, with what to do.

    InvalidCommand where a parameter is wrong, or a file cannot be read with it; Unavailable where the ledger cannot write
    now, or somebody wrote the same meanwhile: then it can be asked for again, and ends as if it had not been interrupted.
    """
    document = nothing_reread()
    files: list[_File] = []
    lane = await ledger.lane_of(account_id)
    for import_id in import_ids:
        record = await find(ledger, ImportKey(lane, account_id, import_id), origin.mode)
        if record is None:
            raise InvalidCommand(f"there is no import {import_id} of {account_id}", field="importId")
        of = FileKey(lane, account_id, record.digest)
        if any(each.kept.of == of for each in files):
            # Another import of the same content: they are one file.
            continue
        kept = await find_file(ledger, of)
        reason = _reason_against(record, kept)
        if reason is None:
            assert kept is not None
            files.append(await _opened(ledger, record, kept, parameters, origin))
        else:
            document["notReread"].append({"importId": import_id, "file": record.request["name"], "reason": reason})
    readable = [each for each in files if not each.expected.is_empty]
    document["notReread"] += [
        {"importId": each.record.id, "file": each.record.request["name"], "reason": NOTHING_READ}
        for each in files
        if each.expected.is_empty
    ]
    withdrawals = await withdrawals_of(ledger, [(each.source, each.readings, each.expected) for each in readable])
    for each in readable:
        result = new_result(each.record.id, each.source)
        with await read_file(ledger, each.kept) as stream:
            done = await read_expected(
                ledger,
                FileReading(each.kept.of, each.run, each.source, each.another, stream),
                each.readings,
                result,
                progress,
                expected=each.expected,
                withdrawals=withdrawals,
            )
        add_file(document, each.record.id, each.readings, result.receipt, done)
        await ledger.pool.execute(
            query("imports/keep_reread_receipt"),
            lane,
            account_id,
            each.record.id,
            orjson.dumps(result.receipt.state()).decode(),
        )
        log.info("import_reread", account=account_id, import_id=each.record.id, **result.counts)
    return document


def _reason_against(record: ImportRecord, kept: KeptFile | None) -> str | None:
    if record.state != DONE:
        return NOT_DONE
    if kept is None:
        return NOT_KEPT
    return ERASED if kept.key is None else None


async def _opened(
    ledger: Ledger, record: ImportRecord, kept: KeptFile, parameters: ReadingParameters, origin: RequestOrigin
) -> _File:
    request = parameters.request(kept)
    source = await request.open(ledger, origin)
    if source.shop_document().get("currency") is None and kept.shop.get("currency") is not None:
        # The account had one currency then: it was the file's.
        request = parameters.with_currency(kept.shop["currency"]).request(kept)
        source = await request.open(ledger, origin)
    with await read_file(ledger, kept) as stream:
        expected = await expected_of(await request.open(ledger, origin), stream)
    run = ledger.runtime.uuid7()
    readings = await readings_of(ledger, kept.of, run)
    return _File(record, kept, source, await request.open(ledger, origin), run, readings, expected)
