"""Follows the log and inserts deliveries: a row for each event and each endpoint that subscribes to it.

It has its own checkpoint, which moves in the transaction that inserts the rows. So each event is fanned out once, even
if a view is rebuilt or a process stops in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

import orjson

from events.account_state import AccountState
from events.envelope import Envelope, envelope_from, event_of
from events.evolve import evolve
from events.payouts.state import Payout
from events.provider.reports import read_reports
from events.values import value
from projections.runner import CHUNK
from service.outgoing.event_names import NAMES, matches
from service.platform.database import Connection
from service.platform.runtime import Runtime
from sql import query

CHECKPOINT = "webhooks"

_PAYOUT = tuple(field.name for field in fields(Payout))
_PREFIX = "payout."
_REPORTED = "provider.observed"
"""A provider's report changes the state of its payout."""

PayoutKey = tuple[str, str]
"""(account id, payout id)."""


@value
class Endpoint:
    """The part of an endpoint that decides whether an event is for it."""

    account_id: str
    endpoint_id: str
    patterns: tuple[str, ...]
    after_position: int
    switched_on: int


@dataclass(slots=True)
class NewDeliveries:
    """Deliveries to insert: a list for each column."""

    account_ids: list[str]
    endpoint_ids: list[str]
    event_ids: list[str]
    positions: list[int]
    types: list[str]
    switched_on: list[int]

    @classmethod
    def of(cls, events: Iterable[Envelope], endpoints: Iterable[Endpoint]) -> NewDeliveries:
        """A delivery for each event and each endpoint of its account that subscribes to it."""
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

    async def insert(self, connection: Connection, lane: int, runtime: Runtime) -> int:
        """Inserts the rows. Returns how many deliveries they are."""
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


async def fan_out(connection: Connection, lane: int, runtime: Runtime, limit: int = CHUNK) -> tuple[int, int]:
    """Fans out the next events of a lane, `limit` at most. Returns how many events, and how many deliveries.

    0 events at the end of the log, or while another process holds the checkpoint.
    """
    async with connection.transaction():
        position = await connection.fetchval(query("checkpoints/claim"), lane, CHECKPOINT)
        if position is None:
            await connection.execute(query("checkpoints/start"), lane, CHECKPOINT, runtime.now())
            position = await connection.fetchval(query("checkpoints/claim"), lane, CHECKPOINT)
            if position is None:
                return 0, 0
        rows = await connection.fetch(query("outgoing/next"), lane, position, limit)
        if not rows:
            return 0, 0
        events = [envelope_from(orjson.loads(row["envelope"])) for row in rows if row["envelope"] is not None]
        await _store_states(connection, lane, events)
        accounts = {event.account_id for event in events if event.type in NAMES}
        endpoints = await connection.fetch(query("outgoing/switched_on"), lane, list(accounts))
        made = await NewDeliveries.of(events, (Endpoint(**endpoint) for endpoint in endpoints)).insert(
            connection, lane, runtime
        )
        await connection.execute(query("checkpoints/save"), lane, CHECKPOINT, rows[-1]["position"], runtime.now())
        return len(rows), made


async def store_history(connection: Connection, lane: int, account_id: str, up_to: int) -> None:
    """Stores an account's payouts as they were after each event up to a position. After that, `fan_out` stores them.

    Only for accounts that have an endpoint: the stored states of others would never be read.
    """
    version = 0
    while True:
        rows = await connection.fetch(query("outgoing/account_events"), lane, account_id, version, up_to, CHUNK)
        if not rows:
            return
        events = [envelope_from(orjson.loads(row["envelope"])) for row in rows]
        await _store_states(connection, lane, events)
        version = events[-1].version


async def _store_states(connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
    """Stores each payout as it is after each of these events."""
    events = [event for event in events if event.type.startswith(_PREFIX) or event.type == _REPORTED]
    if not events:
        return
    wanted = {(event.account_id, event.data["payoutId"]) for event in events if "payoutId" in event.data}
    states = await _states_before(connection, lane, wanted, events[0].position)
    rows: list[tuple[str, str, int, str]] = []
    for event in events:
        payout_id = event.data.get("payoutId")
        state = states.get(event.account_id)
        if payout_id is None or state is None:
            continue
        evolve(state, event_of(event), event.effective_at, event.position)
        payout = state.payouts.get(payout_id)
        if payout is not None:
            rows.append((event.account_id, payout_id, event.position, orjson.dumps(asdict(payout)).decode()))
    if rows:
        await connection.execute(query("outgoing/keep_states"), lane, *(list(c) for c in zip(*rows, strict=True)))


async def _states_before(
    connection: Connection, lane: int, wanted: set[PayoutKey], position: int
) -> dict[str, AccountState]:
    """Account states with only these payouts in them, as they were before the position."""
    states = {account_id: AccountState(account_id) for account_id, _ in wanted}
    rows = await connection.fetch(
        query("outgoing/states_before"),
        lane,
        [account_id for account_id, _ in wanted],
        [payout_id for _, payout_id in wanted],
        position,
    )
    for row in rows:
        states[row["account_id"]].payouts[row["payout_id"]] = payout_of(row["state"])
    return states


def payout_of(state: str) -> Payout:
    """A stored payout. A field that an older release did not have gets its default."""
    row = orjson.loads(state)
    known = {name: row[name] for name in _PAYOUT if name in row}
    known["told"] = read_reports(known.get("told"))
    known["contradictions"] = tuple(known.get("contradictions", ()))
    return Payout(**known)
