"""When an account has to be looked at for a period of its own statements that ended.

It may be too early, and never too late: whoever looks reads the account's events, and says when to look again.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from events.balances.events import RevenueSettled
from events.chain import Envelope
from events.channels.events import ChannelMoneyBooked
from events.codec import event_of
from events.instants import Instant
from events.statements.events import StatementCycleSet
from events.statements.periods import DELIVERED_ORDER
from events.values import value
from projections.runner import Connection
from projections.statement_fields import completed
from sql import query

NAME = "statements_due"


@value
class CycleSet:
    """An account's cycle as it was set last; `due_at` counts where it is the first."""

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
                # Something may have ended in the one before.
                due_at = event.since
            found[envelope.account_id] = CycleSet(envelope.account_id, event.cycle, due_at, envelope.version)
    return list(found.values())


@value
class Delivered:
    """An account in which an order was settled wholly: the last such event's version, and the first one's time."""

    account_id: str
    version: int
    at: Instant


def delivered(events: Sequence[Envelope]) -> list[Delivered]:
    """The accounts in which an order was settled wholly by these events."""
    found: dict[str, Delivered] = {}
    for envelope in events:
        if completed(event_of(envelope)) is not None:
            before = found.get(envelope.account_id)
            at = envelope.recorded_at if before is None else before.at
            found[envelope.account_id] = Delivered(envelope.account_id, envelope.version, at)
    return list(found.values())


class StatementsDue:
    """The trailing projection that says which accounts the closer has to look at."""

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
