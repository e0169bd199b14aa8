"""Totals of channels, a page at a time: by statement, or where a channel pays by order, by the group of released orders.

The cost of a page depends on its rows and not on the size of the account: each step reads a number of keys after a
place, and the money of these keys.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from events.statements.chain import CHANNEL
from service.marketplaces.channels import CHANNELS, PAYS_BY_ORDER
from service.marketplaces.observations import DEFAULT_ZONE
from service.platform.database import Connection
from sql import query

TotalsPlace = tuple[str, str, str, str]
"""A row's channel, key, currency and seller. Statements in several currencies may have one number."""

_DAY = "day/"
_BEFORE_ALL = ("", "", "")


class WrongPlace(ValueError):
    """No page ends at this place."""


@dataclass(frozen=True, slots=True)
class TotalsQuery:
    """Which rows are requested. None does not restrict them."""

    channel: str | None = None
    statement: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    seller: str | None = None


def place_of(row: Mapping[str, Any]) -> TotalsPlace:
    """The place of a row among all."""
    return (row["channel"], row["key"], row["currency"], row["seller"] or "")


async def channel_totals(
    connection: Connection, lane: int, account_id: str, request: TotalsQuery, after: TotalsPlace | None, limit: int
) -> list[dict[str, Any]]:
    """The next `limit` rows after a place, by channel, key, currency and seller. WrongPlace where it is no place."""
    zones = {row["channel"]: row["zone"] for row in await connection.fetch(query("statements/zones"), lane, account_id)}
    found: list[dict[str, Any]] = []
    for channel in sorted({*CHANNELS, CHANNEL}):
        if request.channel not in (None, channel) or (after is not None and channel < after[0]):
            continue
        zone = zones.get(channel) or DEFAULT_ZONE
        place = after[1:] if after is not None and channel == after[0] else _BEFORE_ALL
        if channel not in PAYS_BY_ORDER:
            parameters = (
                request.statement,
                request.since,
                request.before,
                *place,
                limit - len(found),
                zone,
                request.seller,
            )
            rows = await connection.fetch(query("settlements/statements"), lane, account_id, channel, *parameters)
            found += [dict(row) for row in rows]
        elif request.statement is None:
            async for row in _groups(connection, (lane, account_id, channel, zone), request, place, limit - len(found)):
                found.append(row)
                if len(found) == limit:
                    break
        if len(found) >= limit:
            break
    return found


async def _groups(
    connection: Connection,
    of: tuple[int, str, str, str],
    request: TotalsQuery,
    after: tuple[str, str, str],
    limit: int,
) -> AsyncIterator[dict[str, Any]]:
    """A channel's groups after a place, read as many keys at once as the page has rows."""
    # One more than the rows: the key of the place is read again, since it may have rows in other currencies.
    keys_most = limit + 1
    while True:
        begin = after[0]
        found = await connection.fetch(
            query("settlements/groups"),
            *of,
            begin,
            _day(begin),
            keys_most,
            request.since,
            request.before,
            request.seller,
        )
        rows = [dict(row) for row in found]
        for row in rows:
            if row["wanted"] and place_of(row)[1:] > after:
                yield row
        if len({row["key"] for row in rows}) < keys_most:
            return
        last = rows[-1]
        after = (last["key"], last["currency"] or "", last["seller"] or "")


def _day(key: str) -> date | None:
    if not key.startswith(_DAY):
        return None
    try:
        return date.fromisoformat(key.removeprefix(_DAY))
    except ValueError:
        raise WrongPlace(key) from None
