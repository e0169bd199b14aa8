"""The service's own login can put nothing into the log but the next events of a lane, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio

from events.canonical import canonical
from events.envelope import next_digest
from events.instants import from_datetime
from service.ledger.replay import rebuild_inline, verify_lane
from service.platform.database import Connection
from service.platform.settings import Settings
from tests.support.api import Api, serving
from tests.support.tables import as_owner

Envelope = dict[str, Any]
Change = Callable[[Envelope], object]
CALL = "SELECT append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
MIGRATION = Path("sql/migrations/0023_one_door_to_the_log.sql").read_text()


@pytest_asyncio.fixture
async def lived_in(settings: Settings) -> AsyncIterator[Api]:
    async with serving(settings) as api:
        await api.merchant(available=100)
        yield api


def columns_of(events: list[Envelope]) -> dict[str, list[Any]]:
    names = {"accounts": "accountId", "versions": "version", "types": "type", "effective_at": "effectiveAt"}
    return {column: [event[name] for event in events] for column, name in names.items()}


class Forger:
    """Somebody who has the service's login and calls the door by hand."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def next_envelopes(self, how_many: int = 1) -> list[Envelope]:
        """Well-formed events that follow the last one: copies of it, with what has to be another."""
        row = await self.connection.fetchrow("SELECT envelope, recorded_at FROM events ORDER BY position DESC LIMIT 1")
        assert row is not None
        last = orjson.loads(row["envelope"])
        made = []
        for number in range(1, how_many + 1):
            event_id = f"{last['eventId'][:-2]}{number:02}"
            more = {"eventId": event_id, "commandKey": None, "commandDigest": None}
            made.append({**last, **more, "position": last["position"] + number, "version": last["version"] + number})
        return made

    async def head(self) -> asyncpg.Record:
        head: asyncpg.Record | None = await self.connection.fetchrow("SELECT * FROM lanes WHERE lane = 1")
        assert head is not None
        return head

    async def append(self, events: list[Envelope], call: str = CALL, **given: Any) -> int | None:
        """Calls the door with these events; `given` are other arguments than those that belong to them."""
        head = await self.head()
        texts = [canonical(envelope).decode() for envelope in events]
        digests = [head["digest"]]
        for text in texts:
            digests.append(next_digest(digests[-1], text.encode()))
        arguments = {
            "lane": 1,
            "position": head["position"],
            "term": head["term"],
            "recorded_at": datetime.fromisoformat(events[-1]["recordedAt"]) if events else head["recorded_at"],
            "ahead": 1e9,
            **columns_of(events),
            "envelopes": texts,
            "digests": digests[1:],
            **given,
        }
        position: int | None = await self.connection.fetchval(call, *arguments.values())
        return position


@pytest_asyncio.fixture
async def forger(lived_in: Api, settings: Settings) -> AsyncIterator[Forger]:
    """The lane goes on after whatever was tried, and holds."""
    connection = await asyncpg.connect(settings.database_url)
    yield Forger(connection)
    await connection.close()
    async with lived_in.ledger.pool.acquire() as pooled:
        position, problem = await verify_lane(pooled, 1, lambda _: None)
        # Whoever has this login may also leave the views as they were: they are made again from the log.
        await rebuild_inline(pooled, 1, lived_in.ledger.vault, lambda _: None)
    assert problem is None
    merchant = await lived_in.caller("acc_1")
    assert (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).status == 201
    assert await lived_in.position() == position + 1


async def test_the_next_events_get_in(forger: Forger, lived_in: Api) -> None:
    before = await lived_in.position()
    assert await forger.append(await forger.next_envelopes(3)) == before + 3


def said(**values: Any) -> Change:
    return lambda envelope: envelope.update(values)


def moved(**by: int) -> Change:
    return lambda envelope: envelope.update({name: envelope[name] + more for name, more in by.items()})


def later(envelope: Envelope, **by: float) -> None:
    at = datetime.fromisoformat(envelope["recordedAt"]) + timedelta(**by)
    envelope["recordedAt"] = from_datetime(at)


CHANGES: dict[str, Change] = {
    "another lane": said(lane=2),
    "the first position": said(position=1),
    "a position later": moved(position=1),
    "far beyond the head": moved(position=10**6),
    "a version left out": moved(version=1),
    "a version twice": moved(version=-1),
    "the first version": said(version=1),
    "no version": said(version=0),
    "an account that is not there": said(accountId="acc_2"),
    "another time": said(recordedAt="2036-01-01T00:00:00.000000Z"),
    "no type": said(type=None),
    "no account": said(accountId=None),
    "no effective time": said(effectiveAt=None),
    "an effective time that is none": said(effectiveAt="soon"),
}
BESIDE: dict[str, Change] = {
    "an effective time": said(effectiveAt="2026-01-01T00:00:00.000000Z"),
    "a type": said(type="PayoutPaid"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("among", [0, 1])
@pytest.mark.parametrize("columns_too", [True, False])
async def test_an_event_that_does_not_follow_is_refused(
    forger: Forger, change: Change, among: int, columns_too: bool
) -> None:
    """Alone, and behind one that does follow; and where the columns beside it say what they should."""
    envelopes = await forger.next_envelopes(among + 1)
    given = {} if columns_too else columns_of(envelopes)
    recorded_at = datetime.fromisoformat(envelopes[-1]["recordedAt"])
    change(envelopes[-1])
    with pytest.raises(asyncpg.PostgresError):
        await forger.append(envelopes, recorded_at=recorded_at, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", BESIDE.values(), ids=BESIDE.keys())
async def test_an_event_that_says_something_else_than_its_columns_is_refused(forger: Forger, change: Change) -> None:
    envelopes = await forger.next_envelopes()
    columns = columns_of(envelopes)
    change(envelopes[0])
    with pytest.raises(asyncpg.CheckViolationError):
        await forger.append(envelopes, **columns)  # type: ignore[arg-type]


async def test_an_account_gets_no_second_event_of_a_version(forger: Forger) -> None:
    one, two = await forger.next_envelopes(2)
    with pytest.raises(asyncpg.PostgresError):
        await forger.append([one, {**two, "version": one["version"]}])


@pytest.mark.parametrize("digests", [[bytes(32)], [b"x" * 32], [], None, [[bytes(32)]]], ids=str)
async def test_the_chain_goes_on_from_the_head(forger: Forger, digests: list[Any] | None) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await forger.append(await forger.next_envelopes(), digests=digests)


async def test_the_head_gets_the_last_event_s_digest(forger: Forger) -> None:
    """However the array of digests is shaped or numbered, and if there are more of them than events."""
    before = await forger.head()
    assert await forger.append([], digests=[bytes(32)]) == before["position"]
    assert await forger.head() == before
    numbered = CALL.replace("$11", "array_fill(($11::bytea[])[1], ARRAY[1], ARRAY[0])")
    for call in (CALL, numbered):
        await forger.append(await forger.next_envelopes(), call)
        after = await forger.head()
        assert after["digest"] == await forger.connection.fetchval(
            "SELECT digest FROM events WHERE lane = 1 AND position = $1", after["position"]
        )


async def test_nothing_is_recorded_before_what_was_recorded_last(forger: Forger) -> None:
    [envelope] = await forger.next_envelopes()
    later(envelope, seconds=-1)
    with pytest.raises(asyncpg.CheckViolationError, match="before"):
        await forger.append([envelope])


async def test_no_setting_of_the_service_moves_the_lane_ahead_of_the_servers_clock(
    forger: Forger, settings: Settings
) -> None:
    owner = await as_owner(settings)
    limit = MIGRATION[MIGRATION.index("CREATE FUNCTION clock_ahead_max") :]
    await owner.execute(limit[: limit.index(";") + 1].replace("CREATE", "CREATE OR REPLACE", 1))
    [envelope] = await forger.next_envelopes()
    envelope["recordedAt"] = from_datetime(datetime.now(UTC) + timedelta(hours=2))
    assert await forger.append([envelope]) is None
    envelope["recordedAt"] = from_datetime(datetime.now(UTC) + timedelta(minutes=1))
    assert await forger.append([envelope], ahead=30.0) is None
    assert await forger.append([envelope], ahead=90.0) is not None
    await owner.execute("CREATE OR REPLACE FUNCTION clock_ahead_max() RETURNS interval LANGUAGE sql IMMUTABLE "
                        "AS $$ SELECT interval '1 day' $$")  # fmt: skip
    await owner.close()


@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT INTO events SELECT lane, position + 1000000, account_id, version + 1, type, effective_at, recorded_at, "
            "envelope, digest FROM events ORDER BY position DESC LIMIT 1"
        ),
        (
            "INSERT INTO events SELECT 1, position + 1, account_id, version + 1, type, effective_at, recorded_at, envelope, "
            "digest FROM events ORDER BY position DESC LIMIT 1"
        ),
        "UPDATE lanes SET position = position + 1",
        "UPDATE lanes SET position = 0",
        "UPDATE lanes SET term = term + 1",
        "UPDATE lanes SET digest = sha256('x')",
        "UPDATE lanes SET recorded_at = '2036-01-01Z'",
        "INSERT INTO lanes VALUES (7, 0, 10, sha256('x'), '2036-01-01Z')",
        "DELETE FROM lanes",
        "TRUNCATE lanes",
        "CREATE OR REPLACE FUNCTION clock_ahead_max() RETURNS interval LANGUAGE sql RETURN interval '100 years'",
        "CREATE OR REPLACE FUNCTION lock_lane(of_lane integer) RETURNS bigint LANGUAGE sql RETURN 0",
        "DROP FUNCTION end_term(integer)",
        "ALTER FUNCTION end_term(integer) SECURITY INVOKER",
        "SET ROLE pg_write_all_data",
    ],
)
async def test_there_is_no_other_door(forger: Forger, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await forger.connection.execute(statement)


async def test_an_event_of_another_lane_stands_behind_that_lanes_head(forger: Forger) -> None:
    envelopes = [{**each, "lane": 2} for each in await forger.next_envelopes()]
    assert await forger.append(envelopes, lane=2, position=0) is None
    await forger.connection.execute("SELECT begin_lane(2, '2036-01-01Z')")
    # It begins nowhere but at nothing, and an account that is not its own has no version there to follow.
    assert await forger.connection.fetchval("SELECT position FROM lanes WHERE lane = 2") == 0
    with pytest.raises(asyncpg.PostgresError):
        await forger.append(envelopes, lane=2, position=0)
