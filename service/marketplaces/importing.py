"""Imports a marketplace's file: read in slices beside the event loop, each slice booked in one transaction.

What is read is never more than a slice, so memory does not grow with the file. Importing the same or overlapping data
again changes nothing, so an import that was interrupted is simply begun again.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from events.chain import SYSTEM_ACCOUNT
from events.channels.events import ChannelSet
from events.channels.state import Channel
from events.currency import is_known
from events.instants import Instant
from events.refusals import AccountNotFound, InvalidCommand
from service.formats.times import zone_named
from service.formats.unreadable import Unreadable
from service.ledger.commands import RequestOrigin
from service.ledger.ingestion import PROBLEMS_MAX, SLICE, Progress
from service.ledger.ledger import Ledger
from service.ledger.raw_archive import storable
from service.marketplaces.booking import CHANGED, NEW, UNCHANGED, UNREADABLE, ArrivedRecord, RecordsUnit, checked
from service.marketplaces.channels import SOURCES
from service.marketplaces.observations import DEFAULT_ZONE, Observation, ObservedStatement, RecordSource, Shop
from service.marketplaces.settlement_records import SettlementRecord, SourceRecord, records
from service.platform import logs
from sql import query

log = logs.get("import")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is to be imported for whom. What is not given is as the account's channel has it."""

    account_id: str
    channel: str
    name: str
    """What the file is called: part of the place of every record."""
    seller: str | None = None
    currency: str | None = None
    zone: str | None = None
    collects: str | None = None


@dataclass(slots=True)
class Problem:
    """A record that nobody could read: its number among the records, and the delivery that it is kept as."""

    place: str
    reason: str
    number: int
    delivery_id: str

    def document(self) -> dict[str, Any]:
        return {"place": self.place, "reason": self.reason, "deliveryId": self.delivery_id}


Booked = Callable[[list[Problem]], Awaitable[None]]
"""Awaited behind each slice that is booked, with the records of it that nobody could read."""


@dataclass(slots=True)
class Imported:
    """What became of a file."""

    id: str
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    lines: int = 0
    """Settlement lines, of all the records that were read."""
    unreadable: int = 0
    problems: list[Problem] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "read": self.read,
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "lines": self.lines,
            "unreadable": self.unreadable,
            "problems": [each.document() for each in self.problems],
        }


def source_named(channel: str) -> RecordSource:
    """The marketplace; InvalidCommand for one that nobody can read."""
    source = SOURCES.get(channel)
    if source is None:
        raise InvalidCommand(
            f"{channel[:40]!r} is not a marketplace that can be read: there are {', '.join(SOURCES)}", field="channel"
        )
    return source


def check(wish: ImportRequest) -> None:
    """InvalidCommand for a wish that no file could fulfil."""
    source_named(wish.channel)
    if wish.currency is not None and not is_known(wish.currency):
        raise InvalidCommand(f"{wish.currency[:10]!r} is not an ISO 4217 currency code", field="currency")
    if wish.collects not in (None, "seller", "platform"):
        raise InvalidCommand("collects is seller or platform", field="collects")
    if wish.seller is not None and not (0 < len(wish.seller) <= 200 and wish.seller.isprintable()):
        raise InvalidCommand("seller is 1 to 200 printable characters", field="seller")
    if wish.zone is not None:
        try:
            zone_named(wish.zone)
        except ValueError as problem:
            raise InvalidCommand(str(problem), field="zone") from None


@dataclass(frozen=True, slots=True)
class Intake:
    """Where the records of a wish go: into which lane, as which shop's, and how the channel is to stand from now on."""

    wish: ImportRequest
    origin: RequestOrigin
    lane: int
    shop: Shop
    setting: ChannelSet | None
    received_at: Instant


async def intake(ledger: Ledger, wish: ImportRequest, origin: RequestOrigin) -> Intake:
    """AccountNotFound where the account is of the other mode, InvalidCommand where the wish is wrong."""
    check(wish)
    lane = await ledger.lane_of(wish.account_id)
    mode = await ledger.pool.fetchval(query("statements/account_mode"), lane, wish.account_id)
    if wish.account_id == SYSTEM_ACCOUNT or mode not in (None, origin.mode):
        raise AccountNotFound(wish.account_id)
    stands = await _channel(ledger, lane, wish)
    shop = Shop(
        wish.seller or stands.seller, wish.currency or stands.currency, wish.zone or stands.zone or DEFAULT_ZONE
    )
    return Intake(wish, origin, lane, shop, _setting(wish, stands), ledger.runtime.instant())


async def import_file(
    ledger: Ledger, wish: ImportRequest, stream: BinaryIO, origin: RequestOrigin, progress: Progress = lambda _: None
) -> Imported:
    """Takes everything in that the file says; a missing account is opened with the first record.

    AccountNotFound where the account is of the other mode, InvalidCommand where the wish or the file's format is wrong,
    Unavailable where the ledger cannot take it now: what was taken in until then stays, and is known the next time.
    """
    into = await intake(ledger, wish, origin)
    found = Imported(f"imp_{ledger.runtime.ulid()}")

    async def tell(_: list[Problem]) -> None:
        progress(await asyncio.to_thread(stream.tell))

    await take_in(ledger, into, source_named(wish.channel).read(stream, into.shop), found, tell)
    log.info(
        "file_imported",
        account=wish.account_id,
        channel=wish.channel,
        import_id=found.id,
        read=found.read,
        new=found.new,
        changed=found.changed,
        unreadable=found.unreadable,
    )
    return found


async def take_in(
    ledger: Ledger,
    into: Intake,
    observations: Iterator[Observation],
    found: Imported,
    booked: Booked,
    behind: int = 0,
) -> None:
    """Books the observations slice by slice and counts them into `found`; `booked` is awaited behind each slice.

    As many records as `behind` says are passed over: they were booked, and counted, before.
    """
    told = records(observations)
    while behind > 0 and (passed := await asyncio.to_thread(_slice, told, min(behind, SLICE))):
        behind -= len(passed)
        await booked([])
    reading = _read_on(told)
    try:
        while observed := await reading:
            reading = _read_on(told)
            await _book(ledger, into, observed, found, booked)
    finally:
        # Nobody closes the file while it is still read.
        await asyncio.wait([reading])


def _read_on(told: Iterator[SourceRecord]) -> asyncio.Future[list[SourceRecord]]:
    """The next slice, read while the one before it is booked."""
    return asyncio.ensure_future(asyncio.to_thread(_slice, told))


async def _book(ledger: Ledger, into: Intake, observed: list[SourceRecord], found: Imported, booked: Booked) -> None:
    wish = into.wish
    taken = [checked(record, ledger.exponents) for record in observed]
    first, found.read = found.read, found.read + len(taken)
    found.lines += sum(len(record.lines) for record in taken if isinstance(record, SettlementRecord))
    arrivals = [ArrivedRecord(record, f"{wish.name}#{record.place}") for record in taken]
    unit = RecordsUnit(
        account_id=wish.account_id,
        channel=wish.channel,
        arrivals=arrivals,
        exponents=ledger.exponents,
        origin=into.origin,
        received_at=into.received_at,
        opens_with=wish.currency or next(filter(None, map(_currency, taken)), None),
        setting=into.setting,
    )
    _count(found, await ledger.run(into.lane, unit))
    problems = _unreadable(unit, first)
    found.problems += problems[: PROBLEMS_MAX - len(found.problems)]
    await booked(problems)


def _slice(told: Iterator[SourceRecord], most: int = SLICE) -> list[SourceRecord]:
    return list(itertools.islice(told, most))


def _currency(record: SourceRecord) -> str | None:
    match record:
        case ObservedStatement():
            return record.currency
        case SettlementRecord():
            return record.first.currency
        case _:
            return None


def _count(found: Imported, outcomes: list[str]) -> None:
    counts = Counter(outcomes)
    found.new += counts[NEW]
    found.changed += counts[CHANGED]
    found.unchanged += counts[UNCHANGED]
    found.unreadable += counts[UNREADABLE]


def _unreadable(unit: RecordsUnit, first: int) -> list[Problem]:
    """What of a slice nobody could read; `first` is the number of its first record."""
    found = [
        (number, arrival.record)
        for number, arrival in enumerate(unit.arrivals, first)
        if isinstance(arrival.record, Unreadable)
    ]
    return [
        Problem(storable(record.place), storable(record.reason), number, delivery_id)
        for (number, record), delivery_id in zip(found, unit.unreadable_ids, strict=True)
    ]


async def _channel(ledger: Ledger, lane: int, wish: ImportRequest) -> Channel:
    row = await ledger.pool.fetchrow(query("statements/channel"), lane, wish.account_id, wish.channel)
    return Channel(row["collects"], row["seller"], row["currency"], row["zone"]) if row is not None else Channel()


def _setting(wish: ImportRequest, stands: Channel) -> ChannelSet | None:
    """How the channel is to stand: who collects, if that was said, and whose it is, as soon as anybody says so."""
    if wish.collects is None and (wish.seller is None or stands.seller is not None):
        return None
    return ChannelSet(
        channel=wish.channel,
        collects=wish.collects or stands.collects,
        seller=wish.seller or stands.seller,
        currency=wish.currency or stands.currency,
        zone=wish.zone or stands.zone,
    )
