"""What marketplaces pay and take, by statement, order and item; and the lines that it is made of."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from events.instants import parse, to_datetime
from service.formats.amounts import NotUnderstood, plain, read_payout
from service.http.errors import ApiError
from service.http.payouts import PAGE_DEFAULT, PAGE_MAX, read_limit
from service.http.read_your_writes import wait_for_position
from service.http.request_context import RequestContext
from service.http.visibility import Listing, account_sight, choice, wrong_cursor
from service.ledger.api_keys import PAYOUT_READ
from service.marketplaces.channel_totals import TotalsPlace, TotalsQuery, WrongPlace, channel_totals, place_of
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Level
from service.platform.database import read_snapshot
from sql import query

REPORTED, DERIVED, NOT_AVAILABLE = "reported", "derived", "not_available"
_FILTERS = ("order", "statement", "invoice")
_TEXT_MAX = 200


def routes(prefix: str) -> list[web.RouteDef]:
    return [
        web.get(f"{prefix}/settlements", list_settlements),
        web.get(f"{prefix}/settlements/lines", list_lines),
    ]


async def list_settlements(request: web.Request) -> web.Response:
    """`?level=&channel=&order=&statement=&invoice=&from=&before=`, by channel and then by statement, order or item."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    level = choice(request, "level", tuple(Level)) or Level.ORDER.value
    channel = choice(request, "channel", tuple(CHANNELS))
    order, statement, invoice = (_text(request, name) for name in _FILTERS)
    since, before = _moment(request, "from"), _moment(request, "before")
    access_scope = await account_sight(context)
    lane = access_scope.lanes[0]
    await wait_for_position(context, lane, "settlements")
    texts = (order, statement, invoice, request.query.get("from"), request.query.get("before"))
    listing = Listing(context, "settlements", access_scope, (level, channel, *(_hidden(text) for text in texts)))
    if level == Level.GLOBAL:
        if order is not None or invoice is not None:
            raise ApiError(
                "VALIDATION_ERROR", "statements are found by statement, not by order or invoice", field="level"
            )
        behind = _shown(listing.place(4))
        wish = TotalsQuery(channel, statement, since, before)
        try:
            async with read_snapshot(context.ledger.pool) as connection:
                found = await channel_totals(
                    connection, lane, context.account, wish, None if behind is None else _four(behind), limit + 1
                )
        except WrongPlace:
            raise wrong_cursor() from None
        documents = [_global(row) for row in found[:limit]]
        place: tuple[str, ...] | None = place_of(found[limit - 1]) if len(found) > limit else None
    else:
        after = _shown(listing.place(2)) or ("", "")
        filters = (level, channel, order, statement, invoice, since, before)
        async with read_snapshot(context.ledger.pool) as connection:
            rows = await connection.fetch(query("settlements/page"), lane, context.account, *filters, *after, limit + 1)
        documents = [_total(dict(row), level) for row in rows[:limit]]
        place = (rows[limit - 1]["channel"], rows[limit - 1]["key"]) if len(rows) > limit else None
    return listing.answer(documents, limit, None if place is None else [_hidden(part) or "" for part in place])


async def list_lines(request: web.Request) -> web.Response:
    """`?channel=&order=&statement=&invoice=&item=`: what each source says, and which of it counts."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    channel = choice(request, "channel", tuple(CHANNELS))
    texts = [_text(request, name) for name in (*_FILTERS, "item")]
    access_scope = await account_sight(context)
    await wait_for_position(context, access_scope.lanes[0], "settlements")
    listing = Listing(context, "settlement lines", access_scope, (channel, *(_hidden(text) for text in texts)))
    behind = _shown(listing.place(5))
    place: tuple[Any, ...] = ("", "", "", "", 0) if behind is None else (*behind[:4], _number(behind[4]))
    async with read_snapshot(context.ledger.pool) as connection:
        found = await connection.fetch(
            query("settlements/lines"), access_scope.lanes[0], context.account, channel, *texts, *place, limit + 1
        )
    end = None
    if len(found) > limit:
        last = found[limit - 1]
        end = [_hidden(str(last[name])) or "" for name in ("channel", "seller", "reference", "source", "line")]
    return listing.answer([_line(dict(row)) for row in found[:limit]], limit, end)


def _total(row: dict[str, Any], level: str) -> dict[str, Any]:
    payout = row["payout"]
    by = NOT_AVAILABLE if payout is None else DERIVED if row["derived"] else REPORTED
    return {
        "channel": row["channel"],
        "level": level,
        "statement": row["statement"],
        "invoice": row["invoice"],
        "order": row["order_id"],
        "item": row["item"],
        "currency": row["currency"],
        "payoutAmount": _amount(payout),
        "payoutBy": by,
        **_fees(row, DERIVED if row["derived"] else REPORTED),
        "releasedAmount": _amount(row["released"]),
        "releasedAt": row["released_at"],
        "stage": row["stage"],
        "seller": row["seller"] or None,
        "source": row["source"],
        "position": row["position"],
    }


def _fees(row: Mapping[str, Any], by: str) -> dict[str, Any]:
    return {
        "commissionFee": _amount(row["commission"]),
        "commissionBy": NOT_AVAILABLE if row["commission"] is None else by,
        "feesTotal": _amount(row["fees"]),
    }


def _global(row: dict[str, Any]) -> dict[str, Any]:
    """A statement with what its lines come to, or what a sum of orders comes to; what differs is named."""
    reported, derived, withdrawn = _reported(row["reported"]), row["payout"], row["withdrawn"]
    payout, by = (reported, REPORTED) if reported is not None else (derived, DERIVED)
    residual = None
    if reported is not None and derived is not None and reported != derived:
        residual = {"name": "statement less its lines", "amount": _amount(reported - derived)}
    elif withdrawn is not None and derived is not None and withdrawn != derived:
        residual = {"name": "withdrawal less its orders", "amount": _amount(withdrawn - derived)}
    key: str = row["key"]
    kind = (
        "statement"
        if row["statement"] is not None
        else "release_day"
        if key.startswith("day/")
        else key.split("/", maxsplit=1)[0]
    )
    return {
        "channel": row["channel"],
        "level": Level.GLOBAL.value,
        "groupedBy": kind if kind in ("statement", "release_day", "unreleased") else "withdrawal",
        "key": key.removeprefix("day/"),
        "statement": row["statement"],
        "currency": row["currency"],
        "payoutAmount": _amount(payout),
        "payoutBy": NOT_AVAILABLE if payout is None else by,
        **_fees(row, DERIVED),
        "withdrawn": _amount(withdrawn),
        "residual": residual,
        "at": row["at"],
        "stage": row["stage"],
        "seller": row["seller"] or None,
        "source": row["source"],
        "position": row["position"],
    }


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "channel": row["channel"],
        "source": row["source"],
        "reference": row["reference"],
        "line": row["line"],
        "level": row["level"],
        "kind": row["kind"],
        "stage": row["stage"],
        "amount": _amount(row["amount"]),
        "currency": row["currency"],
        "field": row["field"],
        "text": row["text"],
        "partOf": row["part_of"],
        "statement": row["statement"],
        "invoice": row["invoice"],
        "order": row["order_id"],
        "item": row["item"],
        "occurredAt": row["occurred_at"],
        "books": row["books"],
        "counts": row["counts"],
        "seller": row["seller"] or None,
        "position": row["position"],
    }


def _amount(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def _reported(text: str | None) -> Decimal | None:
    """A statement's payout without its currency; None where it says none, or nothing that is a number."""
    if text is None:
        return None
    try:
        return read_payout(text)[0].number
    except NotUnderstood:
        return None


def _text(request: web.Request, name: str) -> str | None:
    text = request.query.get(name)
    if text is not None and not (0 < len(text) <= _TEXT_MAX and text.isprintable()):
        raise ApiError("VALIDATION_ERROR", f"{name} is 1 to {_TEXT_MAX} printable characters", field=name)
    return text


def _moment(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return to_datetime(parse(text))
    except ValueError as problem:
        raise ApiError("VALIDATION_ERROR", f"{name}: {problem}", field=name) from None


def _four(parts: tuple[str, ...]) -> TotalsPlace:
    if len(parts) != 4:
        raise wrong_cursor()
    return (parts[0], parts[1], parts[2], parts[3])


def _number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise wrong_cursor()
    return int(text)


def _hidden(text: str | None) -> str | None:
    """As a cursor can carry it: names of orders may have any character."""
    return None if text is None else base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") or "."


def _shown(parts: list[str] | None) -> tuple[str, ...] | None:
    if parts is None:
        return None
    try:
        shown = tuple(
            "" if part == "." else base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode() for part in parts
        )
    except (ValueError, UnicodeError):
        raise wrong_cursor() from None
    if any("\0" in part for part in shown):
        raise wrong_cursor()
    return shown
