"""Totals of the highest level, a page at a time: a channel's statements, or the groups that it let go of orders in.

What a page costs goes with what it shows, and not with the account: each step reads so many keys behind a place, and the
money of these.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from events.statements.chain import CHANNEL
from service.marketplaces.channels import SOURCES
from service.marketplaces.observations import DEFAULT_ZONE, Level
from service.platform.database import Connection
from sql import query

BY_ORDER = tuple(name for name, source in SOURCES.items() if source.books_at is Level.ORDER)
"""Channels that pay order by order: their highest level is a sum."""

Place = tuple[str, str, str, str]
"""A row's channel, key, currency and seller: one statement's number may stand in several currencies."""

_DAY = "day/"
_BEFORE_ALL = ("", "", "")


class NoPlace(ValueError):
    """No page ends there."""


@dataclass(frozen=True, slots=True)
class TotalsQuery:
    """Which rows are wanted; what is None is not asked about."""

    channel: str | None = None
    statement: str | None = None
    since: datetime | None = None
    before: datetime | None = None


def place_of(row: Mapping[str, Any]) -> Place:
    """Where a row stands among all."""
    return (row["channel"], row["key"], row["currency"], row["seller"] or "")


async def highest_level(
    connection: Connection, lane: int, account_id: str, wish: TotalsQuery, behind: Place | None, limit: int
) -> list[dict[str, Any]]:
    """The next so many rows behind a place, by channel, key, currency and seller. NoPlace for one that cannot be."""
    zones = {row["channel"]: row["zone"] for row in await connection.fetch(query("statements/zones"), lane, account_id)}
    found: list[dict[str, Any]] = []
    for channel in sorted({*SOURCES, CHANNEL}):
        if wish.channel not in (None, channel) or (behind is not None and channel < behind[0]):
            continue
        place = behind[1:] if behind is not None and channel == behind[0] else _BEFORE_ALL
        if channel not in BY_ORDER:
            asked = (wish.statement, wish.since, wish.before, *place, limit - len(found))
            rows = await connection.fetch(query("settlements/statements"), lane, account_id, channel, *asked)
            found += [dict(row) for row in rows]
        elif wish.statement is None:
            zone = zones.get(channel) or DEFAULT_ZONE
            async for row in _groups(connection, (lane, account_id, channel, zone), wish, place, limit - len(found)):
                found.append(row)
                if len(found) == limit:
                    break
        if len(found) >= limit:
            break
    return found


async def _groups(
    connection: Connection, of: tuple[int, str, str, str], wish: TotalsQuery, behind: tuple[str, str, str], limit: int
) -> AsyncIterator[dict[str, Any]]:
    """A channel's groups behind a place, as many keys at once as there may be rows on the page."""
    # The place's own key again, since it may go on in another currency; and one more, to get on.
    keys_most = limit + 1
    while True:
        begin = behind[0]
        found = await connection.fetch(
            query("settlements/groups"), *of, begin, _day(begin), keys_most, wish.since, wish.before
        )
        rows = [dict(row) for row in found]
        for row in rows:
            if row["wanted"] and place_of(row)[1:] > behind:
                yield row
        if len({row["key"] for row in rows}) < keys_most:
            return
        last = rows[-1]
        behind = (last["key"], last["currency"] or "", last["seller"] or "")


def _day(key: str) -> date | None:
    if not key.startswith(_DAY):
        return None
    try:
        return date.fromisoformat(key.removeprefix(_DAY))
    except ValueError:
        raise NoPlace(key) from None
