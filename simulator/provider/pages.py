"""Lists: filtered, in either order, in pages whose cursor contains the filter."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import orjson

from simulator.provider.payouts import Payout
from simulator.provider.refusals import invalid
from simulator.provider.requests import read_limit, read_moment, read_order, read_status
from simulator.provider.state import Event

_PREFIX = "cur_"


class Numbered(Protocol):
    @property
    def number(self) -> int: ...


Row = TypeVar("Row", bound=Numbered)


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An event and its number among all events."""

    number: int
    event: Event


def payouts_page(
    account_id: str, payouts: Sequence[Payout], query: Mapping[str, str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A page of a workspace's payouts, by default newest first; and its fields for `meta`."""
    status, since, until = read_status(query), read_moment(query, "since"), read_moment(query, "until")
    order, after = read_order(query), None
    filters: dict[str, Any] = {"of": account_id, "status": status, "since": since, "until": until, "order": order}
    if "cursor" in query:
        filters, after = _read_cursor(query, filters)
    rows = [
        payout
        for payout in payouts
        if payout.account_id == account_id
        and filters["status"] in (None, payout.status)
        and (filters["since"] is None or payout.created_at >= filters["since"])
        and (filters["until"] is None or payout.created_at < filters["until"])
    ]
    page, meta = _page(rows, filters, after, read_limit(query))
    return [payout.document() for payout in page], meta


def events_page(
    account_id: str, events: Sequence[NumberedEvent], types: Mapping[str, str], query: Mapping[str, str]
) -> tuple[list[NumberedEvent], dict[str, Any]]:
    """A page of a workspace's events; `types` are their types by kind."""
    since, until = read_moment(query, "occurredAfter"), read_moment(query, "occurredBefore")
    order, after = read_order(query), None
    filters: dict[str, Any] = {
        "of": account_id,
        "type": query.get("type"),
        "occurredAfter": since,
        "occurredBefore": until,
        "order": order,
    }
    if "cursor" in query:
        filters, after = _read_cursor(query, filters)
    rows = [
        one
        for one in events
        if one.event.account_id == account_id
        and filters["type"] in (None, types[one.event.kind])
        and (filters["occurredAfter"] is None or one.event.occurred_at > filters["occurredAfter"])
        and (filters["occurredBefore"] is None or one.event.occurred_at < filters["occurredBefore"])
    ]
    return _page(rows, filters, after, read_limit(query))


def _page(
    rows: Sequence[Row], filters: dict[str, Any], after: int | None, limit: int
) -> tuple[list[Row], dict[str, Any]]:
    ascending = filters["order"] == "asc"
    ordered = rows if ascending else rows[::-1]
    if after is not None:
        ordered = [row for row in ordered if (row.number > after if ascending else row.number < after)]
    page, more = list(ordered[:limit]), len(ordered) > limit
    cursor = _cursor(filters, page[-1].number) if more else None
    # The documentation and the SDKs have these in different places.
    meta = {"page": {"limit": limit, "hasMore": more, "nextCursor": cursor}, "cursor": cursor, "hasMore": more}
    return page, meta


def _cursor(filters: dict[str, Any], number: int) -> str:
    return _PREFIX + base64.urlsafe_b64encode(orjson.dumps([filters, number])).decode()


def _read_cursor(query: Mapping[str, str], filters: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The filter in the cursor, and the number after which to continue. Refused if the query has another filter."""
    given = {name for name in filters if name in query} | {"of"} | ({"order"} if "direction" in query else set())
    try:
        carried, number = orjson.loads(base64.urlsafe_b64decode(query["cursor"].removeprefix(_PREFIX)))
        same = carried.keys() == filters.keys() and all(carried[name] == filters[name] for name in given)
        place = int(number)
    except (ValueError, AttributeError, TypeError):
        same = False
    if not same:
        raise invalid("cursor", "this is not a cursor of this list")
    return carried, place
