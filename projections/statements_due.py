"""When an account has to be checked for an ended period of its own statements.

The time may be too early, but never too late: the closer reads the account's events, and sets the next time.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from events.balances.events import RevenueSettled
from events.channels.events import ChannelMoneyBooked
from events.envelope import Envelope, event_of
from events.instants import Instant
from events.statements.events import StatementCycleSet
from events.statements.periods import DELIVERED_ORDER
from events.values import value
from projections.runner import Connection
from projections.statement_fields import completed_order_currency
from sql import query

NAME = "statements_due"


@value
class CycleSet:
    """An account's cycle as set last. `due_at` is used if it is the first cycle."""

    account_id: str
    cycle: str
    due_at: Instant | None
    version: int


def cycles_set(events: Sequence[Envelope]) -> list[CycleSet]:
    """The accounts whose cycles these events set."""
    found: dict[str, CycleSet] = {}
    for envelope in events:
        event = event_of(envelope)
        if isinstance(event, StatementCycleSet):
            due_at = event.since if event.cycle == DELIVERED_ORDER else event.due_at
            before = found.get(envelope.account_id)
            if before is not None:
                # A period of the cycle before may have ended.
                due_at = event.since
            found[envelope.account_id] = CycleSet(envelope.account_id, event.cycle, due_at, envelope.version)
    return list(found.values())


@value
class Delivered:
    """An account in which orders were settled completely: the last such event's version, and the first one's time."""

    account_id: str
    version: int
    at: Instant


def delivered(events: Sequence[Envelope]) -> list[Delivered]:
    """The accounts in which these events settled orders completely."""
    found: dict[str, Delivered] = {}
    for envelope in events:
        if completed_order_currency(event_of(envelope)) is not None:
            before = found.get(envelope.account_id)
            at = envelope.recorded_at if before is None else before.at
            found[envelope.account_id] = Delivered(envelope.account_id, envelope.version, at)
    return list(found.values())


class StatementsDue:
    """The trailing projection of the accounts that the closer has to check."""

    name = NAME
    types: frozenset[str] | None = frozenset(
        each.stored_name for each in (StatementCycleSet, RevenueSettled, ChannelMoneyBooked)
    )

    async def apply(self, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        if accounts := cycles_set(events):
            rows = [
                {"account_id": each.account_id, "cycle": each.cycle, "due_at": each.due_at, "version": each.version}
                for each in accounts
            ]
            await connection.execute(query("own_statements/cycles_set"), lane, orjson.dumps(rows).decode())
        if settled := delivered(events):
            settling = [{"account_id": each.account_id, "version": each.version, "at": each.at} for each in settled]
            await connection.execute(query("own_statements/delivered"), lane, orjson.dumps(settling).decode())

    async def clear(self, connection: Connection, lane: int) -> None:
        await connection.execute(query("own_statements/clear"), lane)
