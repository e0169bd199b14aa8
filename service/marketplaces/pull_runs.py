"""Takes in what a marketplace's API says: each page is booked before the next is asked for, and it is known how far.

A pull that was stopped, however, goes on behind the last page that it booked. What it booked beyond that is asked for
again, which changes nothing.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from events.instants import from_datetime
from events.refusals import InvalidCommand
from service.formats.times import read_moment
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.marketplaces.credentials import ChannelAccess
from service.marketplaces.importing import Imported, ImportRequest, Intake, Problem, intake, source_named, take_in
from service.marketplaces.pulling import Peer, PulledPage
from service.marketplaces.time_windows import OVERLAPS, Begin, NoStart, PulledSoFar, TimeWindow, begin, gap, joined
from service.platform import logs
from sql import query

log = logs.get("pull")

_NAMELESS = (("shopee", "api"), ("lazada", "open_platform"))
"""APIs whose answers name no currency, or not all of them."""


class TakenOver(Exception):
    """Another process has begun to ask this shop's API since."""


@dataclass(frozen=True, slots=True)
class Period:
    """What a person asks for: dates or times as text, and what happens to a pull that was begun before."""

    since: str | None = None
    until: str | None = None
    overlap: timedelta | None = None
    again: bool = False


@dataclass(slots=True)
class Asking:
    """How a stretch stands while it is asked for: the pages that are booked, and the call that is answered."""

    stretch: TimeWindow
    pages: int
    found: Imported
    call: str = ""


@dataclass(slots=True)
class Pulled:
    """What became of a pull."""

    found: Imported
    stretches: list[Begin] = field(default_factory=list)
    pages: int = 0
    """Of this run; a stretch that was gone on with had others before."""
    gap: TimeWindow | None = None

    def document(self) -> dict[str, Any]:
        document = self.found.document()
        del document["id"]
        return {
            "stretches": [{**_times(each.stretch), "resumed": each.resumed} for each in self.stretches],
            "pages": self.pages,
            **document,
            "gap": None if self.gap is None else _times(self.gap),
        }


def _times(stretch: TimeWindow) -> dict[str, str]:
    return {"since": from_datetime(stretch.since), "until": from_datetime(stretch.until)}


Told = Callable[[Asking], None]


async def pull(
    ledger: Ledger,
    peer: Peer,
    access: ChannelAccess,
    wish: ImportRequest,
    period: Period,
    origin: RequestOrigin,
    told: Told = lambda _: None,
) -> Pulled:
    """Asks for the period and books what comes; PullFailed, Unavailable and TakenOver leave what was booked until then.

    InvalidCommand for a period that cannot be asked for, and where answers would have no currency.
    """
    into = await intake(ledger, wish, origin)
    if into.shop.currency is None and (access.channel, access.api) in _NAMELESS:
        raise InvalidCommand(f"{access.channel}'s answers name no currency: say which it is", field="currency")
    checkpoint = _Checkpoint(ledger, into.lane, wish.account_id, access, wish.seller or access.shop)
    pulled = Pulled(Imported(f"pull_{ledger.runtime.ulid()}"))
    since, until = _moment(period.since, into, "since"), _moment(period.until, into, "until")
    again = period.again
    while True:
        stands = await checkpoint.read()
        overlap = period.overlap if period.overlap is not None else OVERLAPS[wish.channel]
        now = ledger.runtime.now()
        try:
            first = begin(stands, since, until, now, overlap, again=again)
        except NoStart:
            raise InvalidCommand("nothing of this shop was asked for before: say from when", field="since") from None
        if not first.stretch.since < first.stretch.until <= now:
            raise InvalidCommand(
                f"from {from_datetime(first.stretch.since)} until {from_datetime(first.stretch.until)}: "
                "since comes before until, and until is not in the future",
                field="since",
            )
        pulled.stretches.append(first)
        if not first.resumed:
            pulled.gap = gap(stands.whole, first.stretch)
        await _stretch(ledger, peer, access, into, checkpoint, first, stands.whole, pulled, told)
        if not first.resumed or until is not None:
            return pulled
        # What was left over from the last time is in: now for what came since.
        since, again = None, False


async def _stretch(
    ledger: Ledger,
    peer: Peer,
    access: ChannelAccess,
    into: Intake,
    checkpoint: _Checkpoint,
    first: Begin,
    whole: TimeWindow | None,
    pulled: Pulled,
    told: Told,
) -> None:
    await checkpoint.begin(first)
    stretch, source = first.stretch, source_named(access.channel)
    at = Asking(stretch, first.pages, pulled.found)

    async def booked(_: list[Problem]) -> None:
        told(at)

    # Every one of them is an async generator, and one that is left in the middle has to be closed.
    answers = cast("AsyncGenerator[PulledPage]", access.pull(peer, stretch.since, stretch.until, first.resume))
    async with contextlib.aclosing(answers):
        async for page in answers:
            at.call = page.call
            here = replace(
                into, wish=replace(into.wish, name=f"pull {page.call}"), received_at=ledger.runtime.instant()
            )
            records = source.read(io.BytesIO(page.body), into.shop, page.about)
            await take_in(ledger, here, records, pulled.found, booked)
            at.pages = await checkpoint.keep(page)
            pulled.pages += 1
            told(at)
    await checkpoint.finish(joined(whole, stretch))
    log.info(
        "pulled",
        account=into.wish.account_id,
        channel=access.channel,
        since=from_datetime(stretch.since),
        until=from_datetime(stretch.until),
        pages=at.pages,
        read=pulled.found.read,
    )


def _moment(text: str | None, into: Intake, name: str) -> datetime | None:
    """A date is its first moment in the shop's zone."""
    if text is None:
        return None
    found = read_moment(text, into.shop.zone)
    if found.instant is None:
        raise InvalidCommand(f"{text[:40]!r} is not a date or time, such as 2026-05-01", field=name)
    return datetime.fromisoformat(found.instant)


class _Checkpoint:
    """How far one shop's API was asked. Whoever begins takes it over."""

    def __init__(self, ledger: Ledger, lane: int, account_id: str, access: ChannelAccess, shop: str) -> None:
        self._ledger = ledger
        self._key = (lane, account_id, access.channel, access.api, shop)
        self._run = ledger.runtime.uuid7()

    async def read(self) -> PulledSoFar:
        row = await self._ledger.pool.fetchrow(query("pulls/read"), *self._key)
        if row is None:
            return PulledSoFar()
        whole = None if row["whole_until"] is None else TimeWindow(row["whole_since"], row["whole_until"])
        if row["state"] == "done":
            return PulledSoFar(whole=whole)
        return PulledSoFar(TimeWindow(row["since"], row["until"]), row["resume"], row["pages"], whole)

    async def begin(self, first: Begin) -> None:
        stretch = first.stretch
        await self._ledger.pool.execute(
            query("pulls/begin"),
            *self._key,
            self._run,
            stretch.since,
            stretch.until,
            first.resume,
            first.pages,
            self._ledger.runtime.now(),
        )

    async def keep(self, page: PulledPage) -> int:
        """Remembers that the page is booked; gives how many pages of the stretch are. TakenOver by somebody else."""
        return await self._moved("pulls/keep", page.resume, page.call)

    async def finish(self, whole: TimeWindow) -> None:
        await self._moved("pulls/finish", whole.since, whole.until)

    async def _moved(self, name: str, *values: object) -> int:
        pages = await self._ledger.pool.fetchval(
            query(name), *self._key, self._run, *values, self._ledger.runtime.now()
        )
        if pages is None:
            raise TakenOver
        return int(pages)
