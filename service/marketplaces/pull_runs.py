"""Pulls a marketplace's API into the ledger: each page is ingested before the next is called for, and then recorded.

A pull that was stopped is resumed after the last page that was recorded. What was ingested beyond it is pulled again,
which changes nothing.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from events.instants import from_datetime
from events.refusals import InvalidCommand
from service.formats.times import read_moment
from service.imports.import_source import ImportRequest, ImportResult, Problem, new_result
from service.imports.ingestion import ingest
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.marketplaces.api_calls import ApiSession
from service.marketplaces.channel_access import ChannelAccess
from service.marketplaces.import_source import MarketplaceSource
from service.marketplaces.pages import PulledPage
from service.marketplaces.time_windows import NoStart, PlannedWindow, PullState, TimeWindow, gap, joined, plan_window
from service.platform import logs
from sql import query

log = logs.get("pull")


class TakenOver(Exception):
    """Another process has begun to pull this shop since."""


@dataclass(frozen=True, slots=True)
class PullPeriod:
    """The requested time: dates or times as text. `again` starts an unfinished window from its beginning.

    Without `since`, the time after the last pull; `overlap` replaces the marketplace's own.
    """

    since: str | None = None
    until: str | None = None
    overlap: timedelta | None = None
    again: bool = False


@dataclass(slots=True)
class PullProgress:
    """How far a window is: the pages that are recorded, the result so far, and the call of the current page."""

    window: TimeWindow
    pages: int
    result: ImportResult
    call: str = ""


@dataclass(slots=True)
class PullResult:
    """What a pull did."""

    result: ImportResult
    windows: list[PlannedWindow] = field(default_factory=list)
    pages: int = 0
    """Pages of this run. A resumed window had others before."""
    gap: TimeWindow | None = None

    def document(self) -> dict[str, Any]:
        """As callers see it."""
        document = self.result.document()
        del document["id"]
        return {
            "stretches": [{**_times(each.window), "resumed": each.resumed} for each in self.windows],
            "pages": self.pages,
            **document,
            "gap": None if self.gap is None else _times(self.gap),
        }


def _times(window: TimeWindow) -> dict[str, str]:
    return {"since": from_datetime(window.since), "until": from_datetime(window.until)}


ReportProgress = Callable[[PullProgress], None]
"""Called after each slice that is ingested, and after each page that is recorded."""


async def pull(
    ledger: Ledger,
    session: ApiSession,
    access: ChannelAccess,
    request: ImportRequest[MarketplaceSource],
    period: PullPeriod,
    origin: RequestOrigin,
    report: ReportProgress = lambda _: None,
) -> PullResult:
    """Pulls the period and ingests it.

    InvalidCommand for a period that cannot be pulled, and where answers would have no currency. PullFailed, Unavailable
    and TakenOver end the pull; what was ingested until then stays.
    """
    source = await request.open(ledger, origin)
    if source.shop.currency is None and not access.api.names_currency:
        raise InvalidCommand(f"{access.channel}'s answers name no currency: say which it is", field="currency")
    checkpoint = _Checkpoint(ledger, source, access)
    pulled = PullResult(new_result(f"pull_{ledger.runtime.ulid()}", source))
    since, until = (_moment(period.since, source, "since"), _moment(period.until, source, "until"))
    overlap = period.overlap if period.overlap is not None else access.marketplace.overlap
    again = period.again
    while True:
        state = await checkpoint.read()
        now = ledger.runtime.now()
        try:
            planned = plan_window(state, since, until, now, overlap, again=again)
        except NoStart:
            raise InvalidCommand("nothing of this shop was asked for before: say from when", field="since") from None
        if not planned.window.since < planned.window.until <= now:
            raise InvalidCommand(
                f"from {from_datetime(planned.window.since)} until {from_datetime(planned.window.until)}: "
                "since comes before until, and until is not in the future",
                field="since",
            )
        pulled.windows.append(planned)
        if not planned.resumed:
            pulled.gap = gap(state.whole, planned.window)
        await _pull_window(ledger, session, access, source, checkpoint, planned, state.whole, pulled, report)
        if not planned.resumed or until is not None:
            return pulled
        # The unfinished window is finished. Now comes the time after it.
        since, again = None, False


async def _pull_window(
    ledger: Ledger,
    session: ApiSession,
    access: ChannelAccess,
    source: MarketplaceSource,
    checkpoint: _Checkpoint,
    planned: PlannedWindow,
    whole: TimeWindow | None,
    pulled: PullResult,
    report: ReportProgress,
) -> None:
    await checkpoint.begin(planned)
    window = planned.window
    progress = PullProgress(window, planned.pages, pulled.result)

    async def slice_ingested(_: list[Problem]) -> None:
        report(progress)

    # Every client is an async generator, and one that is left before its end has to be closed.
    pages = cast("AsyncGenerator[PulledPage]", access.pull(session, window.since, window.until, planned.resume))
    async with contextlib.aclosing(pages):
        async for page in pages:
            progress.call = page.call
            answer = source.received(f"pull {page.call}", ledger.runtime.instant())
            records = answer.read(io.BytesIO(page.body), page.request_fields)
            await ingest(ledger, answer, records, pulled.result, slice_ingested)
            progress.pages = await checkpoint.keep(page)
            pulled.pages += 1
            report(progress)
    await checkpoint.finish(joined(whole, window))
    log.info(
        "pulled",
        account=source.request.account_id,
        channel=access.channel,
        since=from_datetime(window.since),
        until=from_datetime(window.until),
        pages=progress.pages,
        read=pulled.result.counts["read"],
    )


def _moment(text: str | None, source: MarketplaceSource, name: str) -> datetime | None:
    """The time. A date is its first moment in the shop's zone."""
    if text is None:
        return None
    found = read_moment(text, source.shop.zone)
    if found.instant is None:
        raise InvalidCommand(f"{text[:40]!r} is not a date or time, such as 2026-05-01", field=name)
    return datetime.fromisoformat(found.instant)


class _Checkpoint:
    """How far one shop's API was pulled, as the database has it. Whoever begins takes it over."""

    def __init__(self, ledger: Ledger, source: MarketplaceSource, access: ChannelAccess) -> None:
        self._ledger = ledger
        shop = source.options.seller or access.credentials.shop
        self._key = (source.lane, source.request.account_id, access.channel, access.api.name, shop)
        self._run = ledger.runtime.uuid7()

    async def read(self) -> PullState:
        row = await self._ledger.pool.fetchrow(query("pulls/read"), *self._key)
        if row is None:
            return PullState()
        whole = None if row["whole_until"] is None else TimeWindow(row["whole_since"], row["whole_until"])
        if row["state"] == "done":
            return PullState(whole=whole)
        return PullState(TimeWindow(row["since"], row["until"]), row["resume"], row["pages"], whole)

    async def begin(self, planned: PlannedWindow) -> None:
        await self._ledger.pool.execute(
            query("pulls/begin"),
            *self._key,
            self._run,
            planned.window.since,
            planned.window.until,
            planned.resume,
            planned.pages,
            self._ledger.runtime.now(),
        )

    async def keep(self, page: PulledPage) -> int:
        """Records that the page is ingested; the pages of the window so far. TakenOver where another run has begun."""
        return await self._update("pulls/keep", page.resume, page.call)

    async def finish(self, whole: TimeWindow) -> None:
        await self._update("pulls/finish", whole.since, whole.until)

    async def _update(self, name: str, *values: object) -> int:
        pages = await self._ledger.pool.fetchval(
            query(name), *self._key, self._run, *values, self._ledger.runtime.now()
        )
        if pages is None:
            raise TakenOver
        return int(pages)
