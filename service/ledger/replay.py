"""Makes projections again from the log, and checks the log itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from events.envelope import DIGEST_BEFORE_THE_FIRST, DIGEST_VERSION, Envelope, envelope_from, event_of, next_digest
from events.evolve import evolve
from events.instants import to_datetime
from events.provider.events import ProviderObserved
from events.read_set import ReadSet
from projections.inline import TABLES, InlineRows, Row, add_changes, add_removals
from projections.runner import read_events
from service.ledger.event_store import Append, Head, add_macs, append, read_head, read_rows
from service.ledger.vault import Vault
from service.platform.database import Connection
from sql import clear_rows, query

_EVENTS_AT_ONCE = 2000

Progress = Callable[[int], None]


async def rebuild_inline(connection: Connection, lane: int, vault: Vault, progress: Progress) -> int:
    """Folds a lane's log again and replaces the inline views, with the head held: writers wait meanwhile.

    The log is read once, in order, and what a stretch of it changes is written before the next one is read, so memory
    does not grow with the log nor with any account. One transaction, so nobody ever sees half of it. Gives the number
    of events folded.
    """
    async with connection.transaction():
        await connection.fetchval(query("ledger/lock_head"), lane)
        head = await read_head(connection, lane)
        for table in (*(table.name for table in TABLES), "provider_events"):
            await connection.execute(clear_rows(table), lane)
        after = 0
        while True:
            events = await read_events(connection, lane, after, _EVENTS_AT_ONCE)
            if not events:
                return after
            await _fold(connection, lane, vault, head, events)
            after = events[-1].position
            progress(len(events))


async def _fold(connection: Connection, lane: int, vault: Vault, head: Head, envelopes: Sequence[Envelope]) -> None:
    """Folds a stretch of the log into the rows that stand, and writes those that differ after it."""
    events = [(envelope, event_of(envelope)) for envelope in envelopes]
    read_set = ReadSet()
    for envelope, event in events:
        read_set.accounts.add(envelope.account_id)
        event.add_reads(envelope.account_id, read_set)
    _, before = await read_rows(connection, lane, read_set, vault)
    after = {account_id: state.copy() for account_id, state in before.items()}
    observed: list[Row] = []
    for envelope, event in events:
        evolve(after[envelope.account_id], event, envelope.effective_at, envelope.position, envelope)
        if isinstance(event, ProviderObserved):
            observed.append(
                {"account_id": envelope.account_id, "event_id": event.event_id, "position": envelope.position}
            )
    views: InlineRows = {}
    removed: InlineRows = {}
    for account_id, state in after.items():
        add_changes(views, before[account_id], state)
        add_removals(removed, before[account_id], state)
    add_macs(views, lane, vault)
    written = await append(connection, Append(lane, head, head, [], views, removed=removed, provider_events=observed))
    assert written, "the head is locked"


@dataclass(frozen=True, slots=True)
class Damage:
    """The first thing in a lane that is not as it was written."""

    lane: int
    position: int
    what: str


async def verify_lane(connection: Connection, lane: int, progress: Progress) -> tuple[int, Damage | None]:
    """Recomputes a lane's chain from its first event; gives how many events hold, and the first damage if any."""
    head = await read_head(connection, lane)
    digest, position = DIGEST_BEFORE_THE_FIRST, 0
    while position < head.position:
        # Not beyond the head as it stood: the ledger may be writing meanwhile.
        limit = min(_EVENTS_AT_ONCE, head.position - position)
        rows = await connection.fetch(query("events/verify"), lane, position, limit)
        if not rows:
            return position, Damage(lane, position + 1, "the log ends here, but the head says it goes on")
        for row in rows:
            expected = position + 1
            if row["position"] != expected:
                return position, Damage(lane, expected, "this position is missing")
            digest = next_digest(digest, row["envelope"].encode())
            if digest != row["digest"]:
                return position, Damage(
                    lane, expected, "the digest is not that of this envelope and the events before it"
                )
            envelope = envelope_from(orjson.loads(row["envelope"]))
            columns = (
                envelope.lane == lane,
                envelope.position == expected,
                envelope.digest_version == DIGEST_VERSION,
                envelope.account_id == row["account_id"],
                envelope.version == row["version"],
                envelope.type == row["type"],
                to_datetime(envelope.effective_at) == row["effective_at"],
                to_datetime(envelope.recorded_at) == row["recorded_at"],
            )
            if not all(columns):
                return position, Damage(lane, expected, "a column beside the envelope says something else than it")
            position = expected
        progress(len(rows))
    if digest != head.digest:
        return position, Damage(lane, position, "the head's digest is not the last event's")
    beyond = await connection.fetchrow(query("events/verify"), lane, position, 1)
    # An event moves the head with it: one that was written meanwhile is within the head of now.
    if beyond is not None and (await read_head(connection, lane)).position < beyond["position"]:
        return position, Damage(lane, beyond["position"], "an event stands here that the head does not know of")
    return position, None
