"""What each record of a file states, so that what it states no more can be withdrawn when the file is read anew.

A record is told by its place in its file: the place is the same however the record is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import orjson

from service.imports.kept_files import FileKey
from service.imports.stated import Shown, Stated, Thing
from service.ledger.ledger import Ledger
from sql import query

ROWS = 200
"""Records whose statements are kept in one row."""


class Readings:
    """What the records of one file stated before, and state in this run."""

    def __init__(self, ledger: Ledger, of: FileKey, run: str, before: Sequence[Stated] = ()) -> None:
        self.of = of
        self.before: dict[str, list[Stated]] = {}
        for each in before:
            self.before.setdefault(each.place, []).append(each)
        self.things: set[Thing] = set()
        """What records of this run have stated so far."""
        self.stated_again = 0
        """How many records state what was stated before."""
        self.stated_newly: list[Stated] = []
        """What was not stated before; of a file that was not read before, it is not kept."""
        self._readings_before = {(each.thing, each.reading) for each in before}
        self._ledger = ledger
        self._run = run
        self._waiting: list[Stated] = []
        self._number = 0

    def add(self, stated: Iterable[Stated]) -> None:
        """Adds what records stated that are in the ledger now."""
        for each in stated:
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

    async def write(self, *, to_the_end: bool = False) -> None:
        """Keeps what was added. At the end, what earlier runs kept goes."""
        while len(self._waiting) >= ROWS or (to_the_end and self._waiting):
            some, self._waiting = self._waiting[:ROWS], self._waiting[ROWS:]
            await self._ledger.pool.execute(
                query("imports/readings_keep"), *self._place, self._run, self._number, _json(some)
            )
            self._number += 1
        if to_the_end:
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


def _json(stated: Sequence[Stated]) -> str:
    rows = [
        [each.place, each.reading, _text(each.thing), each.shown.date, each.shown.currency, each.shown.amount]
        for each in stated
    ]
    return orjson.dumps(rows).decode()


def _stated(text: str) -> Iterator[Stated]:
    for place, reading, thing, *shown in orjson.loads(text):
        yield Stated(place, reading, tuple(orjson.loads(thing)), Shown(*shown))
