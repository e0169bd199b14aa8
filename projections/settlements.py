"""Settlement lines and their totals: the sums of marketplaces' records for each statement, order and item.

A record replaces the earlier record of the same money from the same source, in the order of their observation and not of
their arrival (`events.observations`). If several sources report the same money, one of them counts. A total is the sum
of the lines that count, and says whether it is the source's own figure or a sum of a finer level; with it stands what was
let go of the money. Settlements and reconciliation both read it there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from events.currency import in_major_units
from events.envelope import Envelope, envelope_from, event_of
from events.observations import DIGEST_LENGTH, is_older
from events.settlements.events import SettlementObserved, SettlementWithdrawn
from events.settlements.evolve import said_by
from events.values import Data, value
from projections.runner import Connection
from sql import query

NAME = "settlements"
WITHDRAWAL, ADJUSTMENT = "withdrawal", "adjustment"
"""Kinds of lines: money on its way to the bank, and a change of what money is worth."""
ADJUSTMENTS, NOT_LISTED = "adjustments", "not listed"
"""The part of an order's adjustments that no row tells of: its source and reference, and its field."""
ORDER_PREFIX = "order/"
"""How the reference of an order's money begins."""

STATEMENT_PERIOD = "statementPeriod"
"""The extra field of a line with the period of its statement."""

LineRow = dict[str, Any]
RecordKey = tuple[str, ...]
RECORD_KEY = ("account_id", "channel", "seller", "reference", "source")
"""What names the records of which one replaces another."""


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
    # An adjustment is one of several sources' word of it: the order's adjustments say which of them count.
    apart = event.adjusted is not None
    statement = event.statement if event.statement is not None else _statement_period(event)
    worths = _texts(worths_of(event))
    return [
        {
            **money_key(account_id, event),
            "source": event.source,
            "line": number,
            "position": position,
            "totals": event.totals and event.adjusts is None,
            "books": any(each.get("books") for each in event.lines),
            "level": line["level"],
            "kind": line["kind"],
            "stage": event.stage,
            "amount": line["amount"],
            "text": line["text"],
            "field": line["field"],
            "currency": event.currency,
            "depth": 1 if apart and line["kind"] == ADJUSTMENT and line.get("books") else _depth(line, totals),
            "part_of": line.get("partOf"),
            "statement": statement,
            "invoice": event.invoice,
            "order_id": event.order,
            "item": line.get("item"),
            "occurred_at": event.occurred_at,
            "version": version(event),
            "worths": worths if worths and number == 1 else None,
        }
        for number, line in enumerate(event.lines, start=1)
    ]


def adjusted_reference(event: SettlementObserved | SettlementWithdrawn) -> str:
    """The reference of what no row tells of the adjustments, of the order that the record is about or lets go of."""
    return f"{ADJUSTMENTS}/{event.adjusts or event.releases or event.reference}"


def not_listed_row(account_id: str, position: int, event: SettlementObserved | SettlementWithdrawn) -> LineRow:
    """The part of an order's adjustments that is known by their total alone."""
    assert event.adjustments is not None, "the caller knows"
    order = event.order if isinstance(event, SettlementObserved) else _order_of(event)
    amount = in_major_units(event.adjustments["notListed"], event.adjustments["decimals"])
    text = format(amount.normalize(), "f")
    return {
        **_record_key(_not_listed_key(account_id, event)),
        "line": 1,
        "position": position,
        "totals": True,
        "books": True,
        "level": "order",
        "kind": ADJUSTMENT,
        "stage": "released" if event.adjustments["letGo"] else "owed",
        "amount": text,
        "text": text,
        "field": NOT_LISTED,
        "currency": event.currency,
        "depth": 0,
        "part_of": None,
        "statement": None,
        "invoice": None,
        "order_id": order,
        "item": None,
        "occurred_at": None,
        "version": None,
        "worths": None,
    }


def _order_of(event: SettlementWithdrawn) -> str | None:
    reference = event.adjusts or event.releases or event.reference
    return reference.removeprefix(ORDER_PREFIX) if reference.startswith(ORDER_PREFIX) else None


def _not_listed_key(account_id: str, event: SettlementObserved | SettlementWithdrawn) -> RecordKey:
    return account_id, event.channel, "", adjusted_reference(event), f"{event.channel}.{ADJUSTMENTS}"


def _statement_period(event: SettlementObserved) -> str | None:
    """The period of a statement, where the record names that instead of the statement's number: it stands for it."""
    for line in event.lines:
        period: str | None = line.get("extra", {}).get(STATEMENT_PERIOD)
        if period is not None:
            return period
    return None


def _depth(line: Data, totals: set[str]) -> int:
    if line.get("partOf") is None:
        return 0
    return 1 if line["partOf"] in totals else 2


def worths_of(event: SettlementObserved) -> set[Decimal]:
    """What a record says that its money is worth, with its adjustments and without, in major units.

    Nothing where it does not book.
    """
    booked = [line for line in event.lines if line.get("books")]
    if not booked:
        return set()
    worth = sum((Decimal(line["amount"]) for line in booked), Decimal(0))
    adjusted = sum((Decimal(line["amount"]) for line in booked if line["kind"] == ADJUSTMENT), Decimal(0))
    return {worth, worth - adjusted}


def version(event: SettlementObserved) -> str | None:
    """The place of a record among those of all sources: its time, and then its digest. None of older releases."""
    if event.observed_at is None:
        return None
    return f"{event.updated_at or event.observed_at} {event.digest[:DIGEST_LENGTH]}"


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


def _text(found: str | None) -> str | None:
    return None if found is None else str(found)


def linked_keys(links: Iterable[Mapping[str, Any]]) -> set[TotalKey]:
    """The orders that payments name."""
    return {
        TotalKey(link["account_id"], link["channel"], "order", order_id=link["reference"].removeprefix(ORDER_PREFIX))
        for link in links
        if link["reference"].startswith(ORDER_PREFIX)
    }


Told = list[tuple[Envelope, SettlementObserved]]
"""What a source said of some money, in the order of the log, and was not withdrawn."""


class _Said:
    """What some events say of each record: what is newest, and what it ever was worth."""

    def __init__(self) -> None:
        self.newest: dict[RecordKey, tuple[Envelope, SettlementObserved]] = {}
        self.worths: defaultdict[RecordKey, set[Decimal]] = defaultdict(set)
        self.withdrawn: set[RecordKey] = set()
        self.adjusted: dict[RecordKey, tuple[Envelope, SettlementObserved | SettlementWithdrawn]] = {}
        """What says last how the adjustments of an order stand."""
        self.unsure: set[RecordKey] = set()
        """What was withdrawn, and was not all that its source said: the log tells what stands. And adjustments that are
        let go of no more: the log has the stage that their own source told."""

    def add(self, envelope: Envelope) -> None:
        event = event_of(envelope)
        assert isinstance(event, SettlementObserved | SettlementWithdrawn)
        key = (envelope.account_id, event.channel, event.seller or "", event.reference, event.source)
        if event.adjustments is not None:
            self.adjusted[_not_listed_key(envelope.account_id, event)] = (envelope, event)
        if isinstance(event, SettlementWithdrawn):
            self.unsure |= _kept_rows(envelope.account_id, event)
            self.newest.pop(key, None)
            self.worths.pop(key, None)
            self.withdrawn.add(key)
            if event.is_all:
                self.unsure.discard(key)
            else:
                self.unsure.add(key)
            return
        if amounts := worths_of(event):
            self.worths[key] |= amounts
        if not is_older(event.findings):
            self.newest[key] = (envelope, event)

    def tell(self, key: RecordKey, told: Told) -> None:
        """Says anew what stands of a record: all of it."""
        self.worths.pop(key, None)
        self.newest.pop(key, None)
        for _, event in told:
            if amounts := worths_of(event):
                self.worths[key] |= amounts
        if told:
            # Of what was said at one time, the log's last is what stands.
            self.newest[key] = max(reversed(told), key=lambda each: (said_by(each[1]).place, each[1].digest))


def _kept_rows(account_id: str, event: SettlementWithdrawn) -> set[RecordKey]:
    """The rows of adjustments that are not let go of after a withdrawal, and may have been shown as released before."""
    rows = event.adjustments["rows"] if event.adjustments is not None else []
    return {
        (account_id, event.channel, seller, reference, source)
        for source, _, reference in (told["row"].partition(" ") for told in rows if told["letGo"] is False)
        for seller in (event.seller or "", "")
    }


async def _told_by_others(connection: Connection, lane: int, keys: set[RecordKey], until: int) -> dict[RecordKey, Told]:
    """What the log has of these records up to a position, without what was withdrawn."""
    told: dict[RecordKey, Told] = {key: [] for key in keys}
    names = [SettlementObserved.stored_name, SettlementWithdrawn.stored_name]
    for account_id in {key[0] for key in keys}:
        rows = await connection.fetch(query("events/of_account_and_types"), lane, account_id, names, until)
        for row in rows:
            envelope = envelope_from(orjson.loads(row["envelope"]))
            event = event_of(envelope)
            assert isinstance(event, SettlementObserved | SettlementWithdrawn)
            key = (account_id, event.channel, event.seller or "", event.reference, event.source)
            if key not in told:
                continue
            if isinstance(event, SettlementWithdrawn):
                told[key] = [each for each in told[key] if said_by(each[1]).content != event.content]
            else:
                told[key].append((envelope, event))
    return told


class Settlements:
    """The trailing projection of lines and totals."""

    name = NAME
    types: frozenset[str] | None = frozenset({SettlementObserved.stored_name, SettlementWithdrawn.stored_name})

    async def apply(self, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        said = _Said()
        for envelope in events:
            said.add(envelope)
        for key, told in (await _told_by_others(connection, lane, said.unsure, events[-1].position)).items():
            said.tell(key, told)
        touched = await self._replace(connection, lane, said)
        older = [
            {**_record_key(key), "worth": amount}
            for key in said.worths.keys() - said.newest.keys()
            for amount in _texts(said.worths[key])
        ]
        if older:
            touched |= total_keys(
                map(dict, await connection.fetch(query("settlements/add_worths"), lane, _json(older)))
            )
        touched |= await self._link(connection, lane, said)
        if touched:
            await self._sum_up(connection, lane, touched)

    async def _replace(self, connection: Connection, lane: int, said: _Said) -> set[TotalKey]:
        """Replaces the lines of these records, and of these orders' adjustments; what they were and are about."""
        replaced = [*said.newest, *(key for key in said.withdrawn if key not in said.newest), *said.adjusted]
        if not replaced:
            return set()
        records = [_record_key(key) for key in replaced]
        removed = [dict(row) for row in await connection.fetch(query("settlements/forget"), lane, _json(records))]
        before = {tuple(row[name] for name in RECORD_KEY): row["worths"] for row in removed if row["worths"]}
        rows = []
        for key, (envelope, event) in said.newest.items():
            lines = line_rows(envelope.account_id, envelope.position, event)
            if lines and key in said.worths:
                known = () if key in said.withdrawn else before.get(key, ())
                lines[0]["worths"] = _texts(said.worths[key].union(map(Decimal, known)))
            rows += lines
        rows += [
            not_listed_row(envelope.account_id, envelope.position, event)
            for envelope, event in said.adjusted.values()
            if event.adjustments is not None and event.adjustments["notListed"]
        ]
        await connection.execute(query("settlements/keep"), lane, _json(rows))
        references = {(row["account_id"], row["channel"], row["seller"], row["reference"]): row for row in records}
        await connection.execute(query("settlements/choose"), lane, _json(list(references.values())))
        counted = [
            {
                "account_id": envelope.account_id,
                "channel": event.channel,
                "seller": event.seller or "",
                "source": told["row"].partition(" ")[0],
                "reference": told["row"].partition(" ")[2],
                "let_go": told["letGo"],
            }
            for envelope, event in said.adjusted.values()
            if event.adjustments is not None
            for told in event.adjustments["rows"]
        ]
        if counted:
            await connection.execute(query("settlements/count_adjustments"), lane, _json(counted))
        return total_keys([*rows, *removed])

    async def _link(self, connection: Connection, lane: int, said: _Said) -> set[TotalKey]:
        """Keeps what payments say that they pay; the orders that they name, and named before."""
        payments = [(envelope.account_id, event) for envelope, event in said.newest.values() if _is_payment(event)]
        of_payments = [money_key(account, event) for account, event in payments]
        of_payments += [
            {name: each for name, each in _record_key(key).items() if name != "source"} for key in said.withdrawn
        ]
        if not of_payments:
            return set()
        links = [
            {"account_id": account, "channel": event.channel, "paid_by": event.reference, "reference": reference}
            for account, event in payments
            for reference in event.pays or ()
        ]
        before = await connection.fetch(query("settlements/unlink"), lane, _json(of_payments))
        await connection.execute(query("settlements/link"), lane, _json(links))
        return linked_keys([*links, *map(dict, before)])

    async def _sum_up(self, connection: Connection, lane: int, touched: set[TotalKey]) -> None:
        await connection.execute(query("settlements/take_away"), lane, _json([key.row() for key in touched]))
        for level in ("global", "order", "item"):
            wanted = [key.row() for key in touched if key.level == level]
            if wanted:
                await connection.execute(query("settlements/sum_up"), lane, _json(wanted), level)

    async def clear(self, connection: Connection, lane: int) -> None:
        await connection.execute(query("settlements/clear_lines"), lane)
        await connection.execute(query("settlements/clear_totals"), lane)
        await connection.execute(query("settlements/clear_links"), lane)


def _texts(amounts: Iterable[Decimal]) -> list[str]:
    return [format(each, "f") for each in sorted(amounts)]


def _is_payment(event: SettlementObserved) -> bool:
    return any(line["kind"] == WITHDRAWAL for line in event.lines)


def _record_key(key: RecordKey) -> LineRow:
    return dict(zip(RECORD_KEY, key, strict=True))


def _json(rows: list[LineRow]) -> str:
    return orjson.dumps(rows).decode()
