"""The adjustments of an order: money of its own beside what the order is worth, booked once, whoever tells of it.

Several sources tell of one adjustment: the order's own record has a list of them, or only their total, a report has rows,
and a wallet has movements. Of each row of each source the newest content counts (`events.observations`). Then

    one source    each of its rows is an adjustment: equal ones are several
    two sources   rows of one amount and one local day are the same adjustments, as many as the source has that has most
    no day        a row is one of those of its amount, of which its source has no other row; else it is one more
    a total       what no known adjustment explains of it is one more, until a row tells of it

A source's words for a reason are its own, in its own language, so they tell nothing apart. A total is about adjustments
that had happened when it was told. It is explained where some of those that are known add up to it: it may be older than
its time says, and some are about money that it does not count. Else what is missing is the total less all of those.

All of that is made of the set of what was said, so that neither order nor repetition matters.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from events.instants import Instant
from events.observations import Contents, Heard, newest_entry, time_of
from events.settlements.state import Settlement
from events.values import Data, value

SUMS_MAX = 4096
"""The most sums of adjustments that a total is compared with."""

TOTAL = 1
"""Which amount of an order's record is the total of the adjustments that it does not list. The first is its worth."""


@value
class Adjustment:
    """One adjustment of an order. `at` is when it happened, and `let_go` whether a source says that it was paid out.

    `name` is the row that tells of it in all sources' place: none of a part of a total.
    """

    amount: int
    at: Instant | None
    let_go: bool
    name: str | None = None


@value
class _Row:
    """What one source says of one adjustment."""

    name: str
    source: str
    amount: int
    at: Instant | None
    day: str | None
    let_go: bool


@value
class Adjusted:
    """The adjustments of an order, what they come to, and what was let go of them: all, once the order was."""

    adjustments: Sequence[Adjustment] = ()
    worth: int = 0
    let_go: int = 0
    kept: Sequence[Adjustment] = ()
    """Those that the channel has not let go of."""
    not_listed: int = 0
    """The last of them, where no row tells of it: the part of a total that none explains."""


NONE_ADJUSTED = Adjusted()


def row_name(source: str, reference: str) -> str:
    """What a row is known by among the adjustments of its order."""
    return f"{source} {reference}"


def adjusted(money: Settlement | None) -> Adjusted:
    """The adjustments of an order, as all that was said of them has it."""
    if money is None:
        return NONE_ADJUSTED
    by_amount: defaultdict[int, list[_Row]] = defaultdict(list)
    for row in _rows(money.adjustments):
        by_amount[row.amount].append(row)
    known = [each for _, rows in sorted(by_amount.items()) for each in _told_apart(rows)]
    missing = _not_listed(money.sources, known)
    more = [Adjustment(missing, None, let_go=False)] if missing else []
    known = [*known, *more]
    kept = [] if money.released else [each for each in known if not each.let_go]
    worth = sum(each.amount for each in known)
    return Adjusted(known, worth, worth - sum(each.amount for each in kept), kept, missing)


def standing(money: Settlement, decimals: int) -> Data:
    """How the adjustments stand, as an event says it (`SettlementObserved.adjustments`)."""
    now = adjusted(money)
    rows: dict[str, bool | None] = dict.fromkeys(money.adjustments)
    rows |= {each.name: each.let_go or money.released for each in now.adjustments if each.name is not None}
    return {
        "worth": now.worth,
        # References may have any letters, and names of fields may not.
        "rows": [{"row": name, "letGo": let_go} for name, let_go in rows.items()],
        "notListed": now.not_listed,
        "letGo": money.released,
        "decimals": decimals,
    }


def tells_total(contents: Contents) -> bool:
    """Whether what a source says now of an order has a total of its adjustments apart from what the order is worth."""
    return bool(contents) and len(max(contents.values(), key=lambda entry: (entry[0], entry[1]))) > TOTAL + 2


def _rows(heard: Heard) -> Iterator[_Row]:
    for name, contents in heard.items():
        entry = newest_entry({name: contents})
        if entry is not None and entry[2]:
            _, _, amount, at, day, let_go = entry
            yield _Row(name, name.partition(" ")[0], amount, at, day, let_go)


def _told_apart(rows: Sequence[_Row]) -> list[Adjustment]:
    """The adjustments of one amount."""
    amount, found = rows[0].amount, list[Adjustment]()
    dated: defaultdict[str, defaultdict[str, list[_Row]]] = defaultdict(lambda: defaultdict(list))
    undated: defaultdict[str, list[_Row]] = defaultdict(list)
    let_go: Counter[str] = Counter()
    own: Counter[str] = Counter()
    for row in sorted(rows, key=lambda row: (not row.let_go, row.at or "", row.name)):
        let_go[row.source] += row.let_go
        if row.day is None:
            undated[row.source].append(row)
        else:
            dated[row.day][row.source].append(row)
            own[row.source] += 1
    for _, of_sources in sorted(dated.items()):
        times = [sorted(each.at or "" for each in of) for of in of_sources.values()]
        gone = max(sum(each.let_go for each in of) for of in of_sources.values())
        most = min(of_sources.values(), key=lambda of: (-len(of), -sum(each.let_go for each in of), of[0].source))
        for number, (row, at) in enumerate(zip(most, map(min, _columns(times)), strict=True)):
            found.append(Adjustment(amount, at or None, number < gone, row.name))
    # A row without a day is one of those that its source has not told of with its day.
    beyond = {source: of[max(0, len(found) - own[source]) :] for source, of in undated.items()}
    more = min(beyond.values(), key=lambda of: (-len(of), of[0].source if of else ""), default=[])
    gone = max((sum(each.let_go for each in of) for of in beyond.values()), default=0)
    found += [Adjustment(amount, None, number < gone, row.name) for number, row in enumerate(more)]
    missing = max(let_go.values()) - sum(each.let_go for each in found)
    for number, adjustment in enumerate(found):
        if missing > 0 and not adjustment.let_go:
            found[number] = replace(adjustment, let_go=True)
            missing -= 1
    return found


def _columns(lists: Iterable[Sequence[Instant]]) -> Iterator[list[Instant]]:
    """The first of each list, then the second of each that has one, and so on."""
    for column in itertools.zip_longest(*lists):
        yield [each for each in column if each is not None]


def _not_listed(sources: Heard, known: Sequence[Adjustment]) -> int:
    """What no known adjustment explains of the newest total."""
    entry = newest_entry(sources, TOTAL)
    if entry is None:
        return 0
    total: int = entry[TOTAL + 2]
    told_at = time_of(entry)
    happened = [each for each in known if (each.at or "") <= told_at]
    return 0 if total in _sums(happened) else total - sum(each.amount for each in happened)


def _sums(known: Sequence[Adjustment]) -> set[int]:
    """What some of the adjustments add up to; of very many, what all of them until some time do."""
    sums = {0}
    in_time = sorted(known, key=lambda each: (each.at or "", each.amount))
    for each in in_time:
        sums |= {before + each.amount for before in sums}
        if len(sums) > SUMS_MAX:
            return {0, *itertools.accumulate(each.amount for each in in_time)}
    return sums
