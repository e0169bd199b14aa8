"""When an account has to be looked at for a period of its own statements that ended.

It may be too early, and never too late: whoever looks reads the account's events, and says when to look again.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from events import facts
from events.chain import Envelope
from events.codec import STORED_NAMES, fact_of
from events.instants import Instant
from events.periods import DELIVERED_ORDER
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
    for event in events:
        fact = fact_of(event)
        if isinstance(fact, facts.StatementCycleSet):
            due_at = fact.since if fact.cycle == DELIVERED_ORDER else fact.due_at
            before = found.get(event.account_id)
            if before is not None:
                # Something may have ended in the one before.
                due_at = fact.since
            found[event.account_id] = CycleSet(event.account_id, fact.cycle, due_at, event.version)
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
    for event in events:
        if completed(fact_of(event)) is not None:
            before = found.get(event.account_id)
            at = event.recorded_at if before is None else before.at
            found[event.account_id] = Delivered(event.account_id, event.version, at)
    return list(found.values())


class StatementsDue:
    """The trailing projection that says which accounts the closer has to look at."""

    name = NAME
    types: frozenset[str] | None = frozenset(
        STORED_NAMES[each] for each in (facts.StatementCycleSet, facts.RevenueSettled, facts.ChannelMoneyBooked)
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
