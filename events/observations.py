"""What sources have said of one thing, and what is newest of it: the same in whatever order, and however often, it is told.

What is said has a place in time, by the first of these that it has:

    updated_at    the source's own clock
    stage         how far the thing is in its life: a withdrawal that is completed comes after the same one created
    observed_at   when it was so: when we asked, the time that the file's sender gives, or its arrival
    record        the digest of the record, so that two that are left are in some order, and always in the same

Of each source, each content is kept once, with the latest place that it was told at. All else follows from that: the
newest content, and the amount that counts. Both are maxima, so neither order nor repetition can change them.

    known       it says what the same source said at this time or later: no event
    confirmed   what is newest was so at a later time as well: kept, and nothing else changes
    newest      it is what its source says now
    older       it is older than what its source says now: kept, changes nothing, and is a finding

Where only the arrival is known, content that its source had said before counts as that, seen again. An answer that we
asked for and that says what its source said last is no event either: each pull would add one for everything there is.
The same record read otherwise (in another zone, say) replaces what it was read as, at the time that it was known at.

At most `CONTENTS_MAX` contents of a source are kept, the newest; what is older than all of those is known.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from events.instants import Instant, shifted
from events.values import Data, value

CONTENTS_MAX = 16
DIGEST_LENGTH = 16
"""Hexadecimal digits that are kept of a digest: by chance, one in 10^19 contents of a thing is taken for another."""

ASKED, GIVEN, ARRIVAL = "asked", "given", "arrival"
"""How the time of an observation is known: we asked then, the sender of the file gives it, or it came then."""
_MOMENT, ROWS_AT_ONCE = timedelta(microseconds=1), timedelta(milliseconds=1)
"""What lies between the rows of one file about one thing, and what all of them lie within."""

STAGES = ("expected", "owed", "released", "sent", "paid", "cancelled", "failed", "returned")
_RANKS: Mapping[str, int] = {stage: min(rank, 5) for rank, stage in enumerate(STAGES)}
"""The stages of money in the order of its life. The last three end it."""

OLDER_THAN_KNOWN, ORDER_IS_BY_ARRIVAL = "older_than_known", "order_is_by_arrival"

Contents = dict[str, list[Any]]
"""By the digest of a content: its place, the digest of its record, and the amounts that it gives, or null."""
Heard = dict[str, Any]
"""By source: its `Contents`. Older releases kept no more than a source's last digest, as a text, and no time."""


class Recency(enum.Enum):
    """What an observation is to what is known (see above)."""

    KNOWN = enum.auto()
    CONFIRMED = enum.auto()
    NEWEST = enum.auto()
    OLDER = enum.auto()


@value
class Said:
    """What one source said of one thing. `amounts` count, each by itself, until a newer one is told.

    `content` is a digest of all that it says, its own clock's time included. `details` are kept behind the amounts.
    """

    source: str
    content: str
    record: str
    place: str
    by: str | None
    amounts: tuple[int | None, ...]
    details: tuple[str | bool | None, ...] = ()

    @property
    def entry(self) -> list[Any]:
        """What is kept of it, under its content."""
        return [self.place, self.record, *self.amounts, *self.details]


def place_of(updated_at: Instant | None, rank: int, observed_at: Instant | None) -> str:
    """A place in time. As texts, places are in the order of their parts: a space comes before every digit."""
    return f"{updated_at or ''} {rank} {observed_at or ''}"


def rank_of(stage: str) -> int:
    """How far a stage is in the life of money; a stage that is none of these is before all of them."""
    return _RANKS.get(stage, 0)


def judge(heard: Heard, said: Said) -> tuple[Recency, Heard]:
    """What is said, against what was heard; and what is heard after it."""
    contents = contents_of(heard, said.source)
    if not contents:
        return Recency.NEWEST, {**heard, said.source: {said.content: said.entry}}
    known = contents.get(said.content)
    newest = newest_content(contents)
    if known is not None:
        seen_again = said.by == ARRIVAL or (said.by == ASKED and said.content == newest)
        if seen_again or said.place <= known[0]:
            return Recency.KNOWN, heard
    # The same record says one thing: what it was read as before is given up.
    after = {
        content: each
        for content, each in contents.items()
        if content != said.content and (not said.record or each[1] != said.record)
    }
    after[said.content] = said.entry
    if len(after) > CONTENTS_MAX:
        del after[min(after, key=lambda content: _order(after[content]))]
        if said.content not in after:
            return Recency.KNOWN, heard
    now = newest_content(after)
    recency = Recency.OLDER if now != said.content else Recency.CONFIRMED if newest == now else Recency.NEWEST
    return recency, {**heard, said.source: after}


def arrival_of(heard: Heard, said: Said) -> Instant | None:
    """The time of what is dated by its arrival, where that is another than the time at which it came.

    A record that was read before, and is read otherwise now, is as old as it was. Of what comes at once, as the rows of one
    file do, each comes just after the one before it.
    """
    if said.by != ARRIVAL:
        return None
    contents = contents_of(heard, said.source)
    read_before = [
        _observed_at(each)
        for content, each in contents.items()
        if said.record and each[1] == said.record and content != said.content
    ]
    if read_before:
        return max(read_before)
    came = said.place.rpartition(" ")[2]
    at_once = [at for each in contents.values() if came <= (at := _observed_at(each)) < shifted(came, ROWS_AT_ONCE)]
    return shifted(max(at_once), _MOMENT) if at_once and said.content not in contents else None


def _observed_at(entry: list[Any]) -> Instant:
    return str(entry[0]).rpartition(" ")[2]


def contents_of(heard: Heard, source: str) -> Contents:
    """What a source said. Of older releases, its last content at an unknown time."""
    found = heard.get(source)
    if isinstance(found, str):
        return {found[:DIGEST_LENGTH]: ["", ""]}
    return found or {}


def without(heard: Heard, source: str, content: str) -> Heard:
    """What was heard, without this content of this source: its record was read wrongly."""
    left = {each: entry for each, entry in contents_of(heard, source).items() if each != content}
    others = {each: contents for each, contents in heard.items() if each != source}
    return {**others, source: left} if left else others


def newest_content(contents: Contents) -> str | None:
    return max(contents, key=lambda content: _order(contents[content])) if contents else None


def newest_amount(heard: Heard, number: int = 0) -> int | None:
    """The amount that counts: of what each source said last that has one, the latest one. None where none has one."""
    newest = newest_entry(heard, number)
    amount: int | None = None if newest is None else newest[number + 2]
    return amount


def newest_entry(heard: Heard, number: int = 0) -> list[Any] | None:
    """What is kept of the observation whose amount counts: its place, its record, and its amounts and details."""
    at, of_sources = number + 2, []
    for contents in _all(heard):
        with_amount = [each for each in contents.values() if len(each) > at and each[at] is not None]
        if with_amount:
            of_sources.append(max(with_amount, key=_order) if len(with_amount) > 1 else with_amount[0])
    return max(of_sources, key=_time) if len(of_sources) > 1 else of_sources[0] if of_sources else None


def time_of(entry: list[Any]) -> Instant:
    """When it was so, by the source's own clock, else as it was observed."""
    return _time(entry)[0]


def newest_place(heard: Heard) -> tuple[str, str]:
    """The place, and the record, of what is newest of all sources; empty texts where nothing was heard."""
    return max((_order(each) for contents in _all(heard) for each in contents.values()), default=("", ""))


def order_findings(recency: Recency, heard: Heard, said: Said) -> Iterator[Data]:
    """What a person has to know of the order: it is older than what is known, or only its arrival makes it newer."""
    known = contents_of(heard, said.source)
    if recency is Recency.OLDER:
        newest = known[newest_content(known) or ""]
        yield _finding(
            OLDER_THAN_KNOWN, f"not before {_time(newest)[0] or 'what is known'}", _time([said.place, ""])[0]
        )
    elif recency is Recency.NEWEST and _is_by_arrival(known, said):
        yield _finding(ORDER_IS_BY_ARRIVAL, "its time, given with --observed-at (observedAt)", "its arrival")


def is_older(findings: Iterable[Data]) -> bool:
    """Whether an observation with these findings is older than what was known then, and so changes nothing shown."""
    return any(found["rule"] == OLDER_THAN_KNOWN for found in findings)


def _finding(rule: str, expected: str, actual: str) -> Data:
    return {"rule": rule, "expected": expected, "actual": actual, "difference": ""}


def _is_by_arrival(known: Contents, said: Said) -> bool:
    clock_and_stage = said.place.rpartition(" ")[0]
    return said.by == ARRIVAL and any(
        each[0].rpartition(" ")[0] == clock_and_stage
        for content, each in known.items()
        if content != said.content and each[1] != said.record
    )


def _all(heard: Heard) -> Iterator[Contents]:
    return (contents for contents in heard.values() if not isinstance(contents, str))


def _order(entry: list[Any]) -> tuple[str, str]:
    return entry[0], entry[1]


def _time(entry: list[Any]) -> tuple[str, str]:
    """Among sources, which have lives of their own, the time decides alone: the source's own, else of the observation."""
    updated_at, _, rest = str(entry[0]).partition(" ")
    return updated_at or rest.partition(" ")[2], entry[1]
