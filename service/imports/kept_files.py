"""Files that were imported, kept as they came: sealed, and in parts. They are read anew from here.

Beside a file is kept what its records stated when it was read last, so that what it states no more can be withdrawn. A
record is told by its place in its file: the place is the same however the record is read.

A file is sealed with its account's key, and gone with it. Where the account was not open, it is sealed with the lane's own
key, as the deliveries of its records are.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from events.envelope import SYSTEM_ACCOUNT
from events.instants import Instant, to_datetime
from events.read_set import ReadSet
from service.imports.import_source import RecordSource
from service.imports.stated import Shown, Stated, Thing
from service.ledger.event_store import read_state
from service.ledger.ledger import Ledger
from service.ledger.vault import AccountKey
from sql import query

PART_BYTES = 1024 * 1024
_FAST = 1
ROWS = 1000
"""Statements that are kept in one row: each row is a transaction of its own."""


@dataclass(frozen=True, slots=True)
class FileKey:
    """What a kept file is found by. `digest` is the keyed digest of its content."""

    lane: int
    account_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A kept file, and how it was read last. Without a key it cannot be read: the account was erased."""

    of: FileKey
    bytes: int
    request: dict[str, Any]
    shop: dict[str, Any]
    arrived_at: Instant
    key: AccountKey | None


@contextlib.asynccontextmanager
async def seekable(stream: BinaryIO) -> AsyncIterator[BinaryIO]:
    """The stream itself, or where it can be read once only, such as a pipe, a copy of it on disk."""
    if await asyncio.to_thread(stream.seekable):
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        await asyncio.to_thread(shutil.copyfileobj, stream, copy, PART_BYTES)
        copy.seek(0)
        yield copy


async def digest_of(ledger: Ledger, stream: BinaryIO) -> tuple[str, int]:
    """The keyed digest of a file's content, and its bytes. The stream is at its beginning before and after."""
    return await asyncio.to_thread(_digest_of, ledger, stream)


def _digest_of(ledger: Ledger, stream: BinaryIO) -> tuple[str, int]:
    digest, size = ledger.vault.content_digest(), 0
    for part in _parts(stream):
        digest.update(part)
        size += len(part)
    stream.seek(0)
    return digest.hexdigest(), size


async def keep_file(ledger: Ledger, of: FileKey, stream: BinaryIO, source: RecordSource[Any], at: Instant) -> None:
    """Keeps the file, unless it is kept already, and how it was read. Nothing is kept of an account that was erased."""
    key, sealed_by = await _key_for(ledger, of)
    if key is None:
        return
    known = await find_file(ledger, of)
    place = (of.lane, of.account_id, of.digest)
    async with ledger.pool.acquire() as connection, connection.transaction():
        sealed = await connection.fetchval(query("imports/files_part"), *place, 0) if known is not None else None
        if sealed is None or known is None or known.key is None or known.key.generation != key.generation:
            await asyncio.to_thread(stream.seek, 0)
            await connection.execute(query("imports/files_forget_parts"), *place)
            parts = _parts(stream)
            number = 0
            while (part := await asyncio.to_thread(next, parts, b"")) or number == 0:
                content = await asyncio.to_thread(_sealed, key, of.digest, number, part)
                await connection.execute(query("imports/files_keep_part"), *place, number, content)
                number += 1
        size = await asyncio.to_thread(stream.seek, 0, 2)
        await connection.execute(
            query("imports/files_keep"),
            *place,
            sealed_by,
            key.generation,
            size,
            orjson.dumps(source.request_document()).decode(),
            orjson.dumps(source.shop_document()).decode(),
            to_datetime(at),
        )


async def _key_for(ledger: Ledger, of: FileKey) -> tuple[AccountKey | None, str]:
    """The key to seal an account's file with, and whose it is. None where the account's own was destroyed."""
    async with ledger.pool.acquire() as connection:
        accounts = {of.account_id, SYSTEM_ACCOUNT}
        snapshot = await read_state(connection, of.lane, ReadSet(accounts=accounts), ledger.vault)
    key = snapshot.keys.get(of.account_id)
    if key is not None or snapshot.states[of.account_id].account is not None:
        return key, of.account_id
    return snapshot.keys.get(SYSTEM_ACCOUNT), SYSTEM_ACCOUNT


async def find_file(ledger: Ledger, of: FileKey) -> KeptFile | None:
    """The kept file; None where nothing of this content is kept."""
    row = await ledger.pool.fetchrow(query("imports/files_find"), of.lane, of.account_id, of.digest)
    if row is None:
        return None
    wrapped = row["wrapped"]
    key = None if wrapped is None else ledger.vault.account_key(row["sealed_by"], row["generation"], wrapped)
    request, shop = orjson.loads(row["request"]), orjson.loads(row["shop"])
    return KeptFile(of, row["bytes"], request, shop, row["arrived_at"], key)


async def read_file(ledger: Ledger, kept: KeptFile) -> BinaryIO:
    """The content, on disk while it is read. The caller closes it."""
    assert kept.key is not None, "without its key there is nothing to read"
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's
    of, number = kept.of, 0
    while True:
        content = await ledger.pool.fetchval(query("imports/files_part"), of.lane, of.account_id, of.digest, number)
        if content is None:
            break
        await asyncio.to_thread(stream.write, await asyncio.to_thread(_unsealed, kept.key, of.digest, number, content))
        number += 1
    await asyncio.to_thread(stream.seek, 0)
    return stream


def _sealed(key: AccountKey, digest: str, number: int, part: bytes) -> bytes:
    return key.seal_bytes(_purpose(digest, number), zlib.compress(part, _FAST))


def _unsealed(key: AccountKey, digest: str, number: int, content: bytes) -> bytes:
    return zlib.decompress(key.unseal_bytes(_purpose(digest, number), content))


def _purpose(digest: str, number: int) -> str:
    """The part's place is in what it is sealed for: no part can be put into another file, or into another order."""
    return f"import file {digest} {number}"


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    while part := stream.read(PART_BYTES):
        yield part


class Readings:
    """What the records of one file stated before, and state in this run."""

    def __init__(self, ledger: Ledger, of: FileKey, run: str, before: Sequence[Stated] = ()) -> None:
        self.of = of
        self.before: dict[str, list[Stated]] = {}
        for each in before:
            self.before.setdefault(each.place, []).append(each)
        self.things: set[Thing] = set()
        """What records of this run have stated so far, if the file was read before: else memory would grow with the file."""
        self.stated_again = 0
        """How many records state what was stated before."""
        self.stated_newly: list[Stated] = []
        """What was not stated before; of a file that was not read before, it is not kept."""
        self._readings_before = {(each.thing, each.reading) for each in before}
        self._ledger = ledger
        self._run = run
        self._waiting: list[Stated] = []
        self._number = 0
        self._writing: asyncio.Future[Any] | None = None

    def add(self, stated: Iterable[Stated]) -> None:
        """Adds what records stated that are in the ledger now."""
        for each in stated:
            if self.before:
                self.things.add(each.thing)
            self._waiting.append(each)
            if (each.thing, each.reading) in self._readings_before:
                self.stated_again += 1
            elif self.before:
                self.stated_newly.append(each)

    def keep(self, stated: Iterable[Stated]) -> None:
        """Adds what could not be withdrawn: the next time that the file is read anew, it can be tried again."""
        for each in stated:
            self.things.add(each.thing)
            self._waiting.append(each)

    async def write(self, *, rest: bool) -> None:
        """Keeps what was added, in whole rows; and the `rest`."""
        while len(self._waiting) >= ROWS or (rest and self._waiting):
            some, self._waiting = self._waiting[:ROWS], self._waiting[ROWS:]
            await self.written()
            row = (*self._place, self._run, self._number, _rows(some))
            self._writing = asyncio.ensure_future(self._ledger.pool.execute(query("imports/readings_keep"), *row))
            self._number += 1
        if rest:
            await self.written()

    async def written(self) -> None:
        """Waits for the row that is being written: the next records are ingested meanwhile."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            await writing

    async def forget_earlier(self) -> None:
        """Takes away what earlier runs kept: this one has read all of the file."""
        await self._ledger.pool.execute(query("imports/readings_forget"), *self._place, self._run)

    @property
    def _place(self) -> tuple[int, str, str]:
        return self.of.lane, self.of.account_id, self.of.digest


async def readings_of(ledger: Ledger, of: FileKey, run: str) -> Readings:
    """The readings of a file for a new run, with what its records stated before."""
    rows = await ledger.pool.fetch(query("imports/readings_of_file"), of.lane, of.account_id, of.digest)
    return Readings(ledger, of, run, [each for row in rows for each in _stated(row["stated"])])


async def stated_elsewhere(ledger: Ledger, files: Sequence[FileKey], things: Iterable[Thing]) -> set[Thing]:
    """Of these things, those that other files of the account than these state too."""
    texts = {_text(thing): thing for thing in things}
    if not texts:
        return set()
    digests = [each.digest for each in files]
    found = await ledger.pool.fetch(
        query("imports/readings_elsewhere"), files[0].lane, files[0].account_id, digests, list(texts)
    )
    return {texts[row["thing"]] for row in found}


def _text(thing: Thing) -> str:
    return orjson.dumps(thing).decode()


def _rows(stated: Sequence[Stated]) -> str:
    rows = [
        [each.place, each.reading, _text(each.thing), each.shown.date, each.shown.currency, each.shown.amount]
        for each in stated
    ]
    return orjson.dumps(rows).decode()


def _stated(text: str) -> Iterator[Stated]:
    for place, reading, thing, *shown in orjson.loads(text):
        yield Stated(place, reading, tuple(orjson.loads(thing)), Shown(*shown))
