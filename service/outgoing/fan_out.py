"""Follows the log and makes deliveries: a row for each event and endpoint that wants it.

It has a place in the log of its own, which moves in the transaction that makes the rows. So each event is fanned out
once, whatever is rebuilt, and whoever it was that stopped in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

import orjson

from events.account_state import AccountState
from events.chain import Envelope, envelope_from
from events.codec import event_of
from events.evolve import evolve
from events.payouts.state import Payout
from events.provider.reports import read_reports
from events.values import value
from projections.runner import CHUNK
from service.outgoing.names import NAMES, matches
from service.platform.database import Connection
from service.platform.runtime import Runtime
from sql import query

CHECKPOINT = "webhooks"

_PAYOUT = tuple(field.name for field in fields(Payout))
_PREFIX = "payout."
_SAID = "provider.observed"
"""What the provider said of a payout is part of how it stands."""

PayoutKey = tuple[str, str]
"""(account id, payout id)."""


@value
class Endpoint:
    """What has to be known of an endpoint to decide whether an event is for it."""

    account_id: str
    endpoint_id: str
    patterns: tuple[str, ...]
    after_position: int
    switched_on: int


@dataclass(slots=True)
class Queue:
    """Deliveries to be made, a column a list."""

    account_ids: list[str]
    endpoint_ids: list[str]
    event_ids: list[str]
    positions: list[int]
    types: list[str]
    switched_on: list[int]

    @classmethod
    def of(cls, events: Iterable[Envelope], endpoints: Iterable[Endpoint]) -> Queue:
        """Every event for every endpoint of its account that wants it."""
        by_account: dict[str, list[Endpoint]] = defaultdict(list)
        for endpoint in endpoints:
            by_account[endpoint.account_id].append(endpoint)
        queue = cls([], [], [], [], [], [])
        for event in events:
            name = NAMES.get(event.type)
            if name is None:
                continue
            for endpoint in by_account.get(event.account_id, ()):
                if event.position > endpoint.after_position and matches(endpoint.patterns, name):
                    queue.account_ids.append(event.account_id)
                    queue.endpoint_ids.append(endpoint.endpoint_id)
                    queue.event_ids.append(event.event_id)
                    queue.positions.append(event.position)
                    queue.types.append(name)
                    queue.switched_on.append(endpoint.switched_on)
        return queue

    async def make(self, connection: Connection, lane: int, runtime: Runtime) -> int:
        """Makes the rows; gives how many deliveries that were."""
        if self.event_ids:
            await connection.execute(
                query("outgoing/queue"),
                lane,
                self.account_ids,
                self.endpoint_ids,
                self.event_ids,
                self.positions,
                self.types,
                self.switched_on,
                runtime.now(),
            )
        return len(self.event_ids)


async def fan_out(connection: Connection, lane: int, runtime: Runtime) -> tuple[int, int]:
    """Takes the next events of a lane; gives how many those were, and how many deliveries they made.

    No events at the end of the log, or while somebody else is at it.
    """
    async with connection.transaction():
        position = await connection.fetchval(query("checkpoints/claim"), lane, CHECKPOINT)
        if position is None:
            await connection.execute(query("checkpoints/start"), lane, CHECKPOINT, runtime.now())
            position = await connection.fetchval(query("checkpoints/claim"), lane, CHECKPOINT)
            if position is None:
                return 0, 0
        rows = await connection.fetch(query("outgoing/next"), lane, position, CHUNK)
        if not rows:
            return 0, 0
        events = [envelope_from(orjson.loads(row["envelope"])) for row in rows if row["envelope"] is not None]
        await _keep_states(connection, lane, events)
        accounts = {event.account_id for event in events if event.type in NAMES}
        endpoints = await connection.fetch(query("outgoing/switched_on"), lane, list(accounts))
        made = await Queue.of(events, (Endpoint(**endpoint) for endpoint in endpoints)).make(connection, lane, runtime)
        await connection.execute(query("checkpoints/save"), lane, CHECKPOINT, rows[-1]["position"], runtime.now())
        return len(rows), made


async def keep_history(connection: Connection, lane: int, account_id: str, up_to: int) -> None:
    """Keeps the payouts of an account as they stood after each event up to a position: from then on it is followed.

    Only accounts that have an endpoint are followed: nobody else's payouts are asked for as they stood.
    """
    version = 0
    while True:
        rows = await connection.fetch(query("outgoing/account_events"), lane, account_id, version, up_to, CHUNK)
        if not rows:
            return
        events = [envelope_from(orjson.loads(row["envelope"])) for row in rows]
        await _keep_states(connection, lane, events)
        version = events[-1].version


async def _keep_states(connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
    """Keeps each payout as it stands after each of these events."""
    events = [event for event in events if event.type.startswith(_PREFIX) or event.type == _SAID]
    if not events:
        return
    wanted = {(event.account_id, event.data["payoutId"]) for event in events if "payoutId" in event.data}
    books = await _books_before(connection, lane, wanted, events[0].position)
    rows: list[tuple[str, str, int, str]] = []
    for event in events:
        payout_id = event.data.get("payoutId")
        of_account = books.get(event.account_id)
        if payout_id is None or of_account is None:
            continue
        evolve(of_account, event_of(event), event.effective_at, event.position)
        payout = of_account.payouts.get(payout_id)
        if payout is not None:
            rows.append((event.account_id, payout_id, event.position, orjson.dumps(asdict(payout)).decode()))
    if rows:
        await connection.execute(query("outgoing/keep_states"), lane, *(list(c) for c in zip(*rows, strict=True)))


async def _books_before(
    connection: Connection, lane: int, wanted: set[PayoutKey], position: int
) -> dict[str, AccountState]:
    """Books that hold these payouts as they stood before the position, and nothing else."""
    books = {account_id: AccountState(account_id) for account_id, _ in wanted}
    rows = await connection.fetch(
        query("outgoing/states_before"),
        lane,
        [account_id for account_id, _ in wanted],
        [payout_id for _, payout_id in wanted],
        position,
    )
    for row in rows:
        books[row["account_id"]].payouts[row["payout_id"]] = payout_of(row["state"])
    return books


def payout_of(state: str) -> Payout:
    """A payout as it was kept: what an older release did not know has its default."""
    row = orjson.loads(state)
    known = {name: row[name] for name in _PAYOUT if name in row}
    known["told"] = read_reports(known.get("told"))
    known["contradictions"] = tuple(known.get("contradictions", ()))
    return Payout(**known)
