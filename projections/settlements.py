"""Settlement lines and their totals: the sums of marketplaces' records for each statement, order and item.

A record replaces the earlier record of the same money from the same source. If several sources report the same money,
one of them counts. A total is the sum of the lines that count, and says whether it is the source's own figure or a sum
of a finer level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from events.envelope import Envelope, event_of
from events.settlements.events import SettlementObserved
from events.values import Data, value
from projections.runner import Connection
from sql import query

NAME = "settlements"

LineRow = dict[str, str | int | bool | None]


@value
class TotalKey:
    """The subject of a total: a statement (level `global`), an order, or an item of either."""

    account_id: str
    channel: str
    level: str
    statement: str | None = None
    order_id: str | None = None
    item: str | None = None

    @property
    def key(self) -> str:
        return "/".join(each for each in (self.order_id or self.statement, self.item) if each)

    def row(self) -> LineRow:
        return {
            name: getattr(self, name)
            for name in ("account_id", "channel", "level", "key", "statement", "order_id", "item")
        }


def line_rows(account_id: str, position: int, event: SettlementObserved) -> list[LineRow]:
    """The rows of one record. A line's depth is 0 for a total, 1 for a part of it, 2 for a part of a part."""
    totals = {line["field"] for line in event.lines if line.get("partOf") is None}
    return [
        {
            **money_key(account_id, event),
            "source": event.source,
            "line": number,
            "position": position,
            "totals": event.totals,
            "books": any(each.get("books") for each in event.lines),
            "level": line["level"],
            "kind": line["kind"],
            "stage": event.stage,
            "amount": line["amount"],
            "text": line["text"],
            "field": line["field"],
            "currency": event.currency,
            "depth": _depth(line, totals),
            "part_of": line.get("partOf"),
            "statement": event.statement,
            "invoice": event.invoice,
            "order_id": event.order,
            "item": line.get("item"),
            "occurred_at": event.occurred_at,
        }
        for number, line in enumerate(event.lines, start=1)
    ]


def _depth(line: Data, totals: set[str]) -> int:
    if line.get("partOf") is None:
        return 0
    return 1 if line["partOf"] in totals else 2


def money_key(account_id: str, event: SettlementObserved) -> LineRow:
    """The key of the money in a record."""
    return {
        "account_id": account_id,
        "channel": event.channel,
        "seller": event.seller or "",
        "reference": event.reference,
    }


def total_keys(rows: Iterable[LineRow]) -> set[TotalKey]:
    """The statements, orders and items that lines name."""
    found: set[TotalKey] = set()
    for row in rows:
        account, channel = str(row["account_id"]), str(row["channel"])
        statement, order, item = _text(row["statement"]), _text(row["order_id"]), _text(row["item"])
        if statement is not None:
            found.add(TotalKey(account, channel, "global", statement=statement))
        if order is not None:
            found.add(TotalKey(account, channel, "order", order_id=order))
        if item is not None and (order or statement):
            found.add(TotalKey(account, channel, "item", None if order else statement, order, item))
    return found


def _text(found: str | int | bool | None) -> str | None:
    return None if found is None else str(found)


class Settlements:
    """The trailing projection of lines and totals."""

    name = NAME
    types: frozenset[str] | None = frozenset({SettlementObserved.stored_name})

    async def apply(self, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        newest: dict[tuple[str, str, str, str, str], tuple[Envelope, SettlementObserved]] = {}
        for envelope in events:
            event = event_of(envelope)
            assert isinstance(event, SettlementObserved)
            newest[envelope.account_id, event.channel, event.seller or "", event.reference, event.source] = (
                envelope,
                event,
            )
        if not newest:
            return
        rows = [
            row
            for envelope, event in newest.values()
            for row in line_rows(envelope.account_id, envelope.position, event)
        ]
        records = [
            money_key(envelope.account_id, event) | {"source": event.source} for envelope, event in newest.values()
        ]
        removed = await connection.fetch(query("settlements/forget"), lane, _json(records))
        await connection.execute(query("settlements/keep"), lane, _json(rows))
        references = {(row["account_id"], row["channel"], row["seller"], row["reference"]): row for row in records}
        await connection.execute(query("settlements/choose"), lane, _json(list(references.values())))
        await self._sum_up(connection, lane, total_keys([*rows, *map(dict, removed)]))

    async def _sum_up(self, connection: Connection, lane: int, touched: set[TotalKey]) -> None:
        await connection.execute(query("settlements/take_away"), lane, _json([key.row() for key in touched]))
        for level in ("global", "order", "item"):
            wanted = [key.row() for key in touched if key.level == level]
            if wanted:
                await connection.execute(query("settlements/sum_up"), lane, _json(wanted), level)

    async def clear(self, connection: Connection, lane: int) -> None:
        await connection.execute(query("settlements/clear_lines"), lane)
        await connection.execute(query("settlements/clear_totals"), lane)


def _json(rows: list[LineRow]) -> str:
    return orjson.dumps(rows).decode()
