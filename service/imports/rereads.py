"""What a file that was read before stated, and states no more: it is withdrawn as the file is read anew.

Such a file is read twice: first to know what each record would
state, then to book it. What a record stated before is withdrawn in the transaction that books what it states now; all of
one amount of money together, so that it can be of another currency afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from events.instants import Instant
from service.imports.import_source import SLICE, ObservationsUnit, Rec, RecordSource
from service.imports.kept_files import Readings, stated_elsewhere
from service.imports.receipt import Receipt
from service.imports.stated import Reading, Stated, Thing, Withdrawal
from service.ledger.ledger import Ledger

REASON = "the file was read anew"


@dataclass(slots=True)
class Expected:
    """What the records of a file would state, by this source: nothing is booked."""

    at: dict[str, set[str]] = field(default_factory=dict)
    """Readings by place."""
    things: set[tuple[Thing, str]] = field(default_factory=set)
    """Things, with their reading, where they can be named before they are booked."""

    @property
    def is_empty(self) -> bool:
        return not self.at


async def expected_of(source: RecordSource[Any], stream: BinaryIO) -> Expected:
    """What the file states as this source reads it. The stream is at its beginning afterwards.

    InvalidCommand where it cannot be read like this.
    """
    return await asyncio.to_thread(_expected_of, source, stream)


def _expected_of(source: RecordSource[Any], stream: BinaryIO) -> Expected:
    expected = Expected()
    stream.seek(0)
    for record in source.read(stream):
        reading: Reading | None = source.reading(record)
        if reading is None:
            continue
        expected.at.setdefault(reading.place, set()).add(reading.reading)
        if reading.thing is not None:
            expected.things.add((reading.thing, reading.reading))
    stream.seek(0)
    return expected


def changed(readings: Readings, expected: Expected) -> list[Stated]:
    """What records stated before, and would not state now."""
    found = []
    for place, before in readings.before.items():
        now = expected.at.get(place, set())
        kept = {each.thing for each in before if _is_read_again(each.reading, now)}
        found += [
            each
            for each in before
            if not _is_read_again(each.reading, now)
            and each.thing not in kept
            and (each.thing, each.reading) not in expected.things
        ]
    return found


def _is_read_again(reading: str, now: set[str]) -> bool:
    """Whether a record is read as it was. One whose seller is named only now is."""
    return reading in now or any(each.startswith(f"{reading} ") for each in now)


class Withdrawals:
    """All that is withdrawn while files are read anew."""

    def __init__(self, withdrawals: Sequence[Withdrawal] = ()) -> None:
        self.all = list(withdrawals)
        self._at: dict[str, list[Withdrawal]] = {}
        self._of_money: dict[Thing, list[Withdrawal]] = {}
        for each in withdrawals:
            self._of_money.setdefault(_money(each.stated.thing), []).append(each)

    def of_file(self, places: dict[str, list[Stated]]) -> FileWithdrawals:
        """Those of one file, by their places in it."""
        by_identity = {id(each.stated): each for each in self.all}
        at = {
            place: [by_identity[id(each)] for each in stated if id(each) in by_identity]
            for place, stated in places.items()
        }
        return FileWithdrawals(at, self._of_money)


def _money(thing: Thing) -> Thing:
    """What a thing is said of: an order's money, a statement, a bank entry."""
    return thing[:3]


@dataclass(frozen=True, slots=True)
class FileWithdrawals:
    """What is withdrawn of one file."""

    at: dict[str, list[Withdrawal]]
    of_money: dict[Thing, list[Withdrawal]]

    def before(self, places: set[str]) -> list[Withdrawal]:
        """What has to be withdrawn before the records at these places are booked."""
        own = [each for place in places for each in self.at.get(place, ()) if not each.done]
        together = {id(each): each for each in own}
        for each in own:
            for other in self.of_money[_money(each.stated.thing)]:
                if not other.done:
                    together[id(other)] = other
        return list(together.values())

    def of_nothing(self, expected: Expected) -> list[Withdrawal]:
        """Those of records that state nothing now."""
        return [each for place, found in self.at.items() if place not in expected.at for each in found]


class WithdrawingSource(RecordSource[Rec]):
    """A source of records that state something else than before: that is withdrawn as they are booked."""

    def __init__(self, source: RecordSource[Rec], withdrawals: FileWithdrawals) -> None:
        self.lane, self.channel = source.lane, source.channel
        self._source = source
        self._withdrawals = withdrawals

    def read(self, stream: BinaryIO) -> Iterator[Rec]:
        return self._source.read(stream)

    def unit(self, records: Sequence[Rec], before: Receipt) -> ObservationsUnit[Any]:
        unit = self._source.unit(records, before)
        read = (self._source.reading(record) for record in records)
        unit.withdrawals = self._withdrawals.before({each.place for each in read if each is not None})
        unit.withdrawals_at = self._withdrawals.at
        return unit

    def as_unreadable(self, record: Rec, reason: str) -> Rec | None:
        return self._source.as_unreadable(record, reason)

    def log_fields(self) -> dict[str, str]:
        return self._source.log_fields()

    def reading(self, record: Rec) -> Reading | None:
        return self._source.reading(record)

    async def prepare(self, ledger: Ledger, withdrawals: Sequence[Withdrawal]) -> None:
        await self._source.prepare(ledger, withdrawals)

    def as_of(self, arrived_at: Instant) -> RecordSource[Rec]:
        return self._source.as_of(arrived_at)

    def request_document(self) -> dict[str, Any]:
        return self._source.request_document()

    def shop_document(self) -> dict[str, Any]:
        return self._source.shop_document()


async def withdraw(ledger: Ledger, source: RecordSource[Any], withdrawals: Sequence[Withdrawal]) -> None:
    """Withdraws what no record states any more."""
    for start in range(0, len(withdrawals), SLICE):
        unit = source.unit([], Receipt())
        unit.withdrawals = withdrawals[start : start + SLICE]
        await ledger.run(source.lane, unit)


async def left_over(
    ledger: Ledger, source: RecordSource[Any], readings: Readings, withdrawals: Withdrawals | None
) -> list[Withdrawal]:
    """What the file stated before, and nothing states now, where only booking its records could tell."""
    known = {id(each.stated) for each in withdrawals.all} if withdrawals is not None else set()
    left = [
        each
        for before in readings.before.values()
        for each in before
        if each.thing not in readings.things and id(each) not in known
    ]
    elsewhere = await stated_elsewhere(ledger, [readings.of], {each.thing for each in left})
    found = [Withdrawal(each, REASON) for each in left if each.thing not in elsewhere]
    await source.prepare(ledger, found)
    return found


async def withdrawals_of(ledger: Ledger, files: Sequence[tuple[RecordSource[Any], Readings, Expected]]) -> Withdrawals:
    """What these files stated before, and would not state now; what other files state as well stays."""
    found = {number: changed(readings, expected) for number, (_, readings, expected) in enumerate(files)}
    elsewhere = await stated_elsewhere(
        ledger,
        [readings.of for _, readings, _ in files],
        {each.thing for of_file in found.values() for each in of_file},
    )
    of_channel: dict[str, tuple[RecordSource[Any], list[Withdrawal]]] = {}
    for number, (source, _, _) in enumerate(files):
        _, withdrawals = of_channel.setdefault(source.channel, (source, []))
        withdrawals += [Withdrawal(each, REASON) for each in found[number] if each.thing not in elsewhere]
    for source, withdrawals in of_channel.values():
        await source.prepare(ledger, withdrawals)
    return Withdrawals([each for _, withdrawals in of_channel.values() for each in withdrawals])
