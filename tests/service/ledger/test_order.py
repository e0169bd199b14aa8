"""One order for everybody: positions appear in commit order and leave no holes, however many processes write."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE

import asyncpg
import orjson

from events.envelope import DIGEST_BEFORE_THE_FIRST, next_digest
from service.ledger.lifespan import running_ledger
from service.platform.settings import Settings
from sql import query
from tests.support.own import fund
from tests.support.waiting import until_blocked

PROCESSES = 8
BURSTS = 8


def as_plan(settings: Settings) -> dict[str, str]:
    return {
        "database_url": settings.database_url,
        "master_key": settings.master_key.get_secret_value(),
        "database_timeout_seconds": "60",
    }


async def tail(settings: Settings, stop: asyncio.Event, seen: list[tuple[int, str, bytes]]) -> None:
    """Reads with `position > n` and nothing else, without ever looking back."""
    connection = await asyncpg.connect(settings.database_url)
    position = 0
    while True:
        ended = stop.is_set()
        rows = await connection.fetch(query("events/read_after"), 1, position, 50)
        for row in rows:
            seen.append((row["position"], row["envelope"], row["digest"]))
            position = row["position"]
        if ended and not rows:
            break
        await asyncio.sleep(0)
    await connection.close()


async def test_eight_processes_append_while_a_reader_tails_and_nothing_is_skipped(settings: Settings) -> None:
    async with running_ledger(settings):
        stop, seen = asyncio.Event(), list[tuple[int, str, bytes]]()
        reader = asyncio.create_task(tail(settings, stop, seen))
        processes = []
        for number in range(PROCESSES):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.appender"), stdin=PIPE, stdout=PIPE
            )
            plan = {"settings": as_plan(settings), "account": f"acc_{number}", "bursts": str(BURSTS)}
            assert process.stdin is not None
            process.stdin.write(json.dumps(plan).encode() + b"\n")
            processes.append(process)
        for process in processes:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        # All at once, and none of them is still starting.
        await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
        assert [process.returncode for process in processes] == [0] * PROCESSES
        stop.set()
        await reader
    # One genesis, one opening each, and three events for each of four batches in each burst.
    total = 1 + PROCESSES * (1 + BURSTS * 4 * 3)
    assert [position for position, _, _ in seen] == list(range(1, total + 1))
    digest = DIGEST_BEFORE_THE_FIRST
    versions: dict[str, int] = {}
    interleavings = 0
    last = ""
    for position, envelope, stored in seen:
        digest = next_digest(digest, envelope.encode())
        assert digest == stored
        event = orjson.loads(envelope)
        assert event["position"] == position
        assert event["version"] == versions.get(event["accountId"], 0) + 1
        versions[event["accountId"]] = event["version"]
        interleavings += event["accountId"] != last
        last = event["accountId"]
    assert interleavings > 2 * PROCESSES, "the processes did not really write at the same time"


async def test_a_position_is_not_seen_before_the_ones_below_it(settings: Settings) -> None:
    """An append is held open between writing and committing. A sequence would let the next one commit above it."""
    async with running_ledger(settings) as first, running_ledger(settings) as second:
        await fund(first, "acc_1", 10)
        before = await first.pool.fetchval("SELECT position FROM lanes")
        blocker = await asyncpg.connect(settings.migrate_database_url)
        transaction = blocker.transaction()
        await transaction.start()
        # The first append stops at the balance of acc_1, with the head in its hands.
        await blocker.execute("SELECT FROM balances WHERE account_id = 'acc_1' FOR UPDATE")
        held = asyncio.create_task(fund(first, "acc_1", 20, opened=True))
        await until_blocked(settings, 1)
        other = asyncio.create_task(fund(second, "acc_2", 30))
        await until_blocked(settings, 2)
        assert await first.pool.fetch(query("events/read_after"), 1, before, 100) == []
        await transaction.rollback()
        await asyncio.gather(held, other)
        rows = await first.pool.fetch(query("events/read_after"), 1, before, 100)
        assert [row["position"] for row in rows] == list(range(before + 1, before + 7))
        accounts = [orjson.loads(row["envelope"])["accountId"] for row in rows]
        assert accounts == ["acc_1"] * 2 + ["acc_2"] * 4
        await blocker.close()


async def test_the_same_reader_loses_an_event_of_a_store_that_numbers_by_a_sequence(settings: Settings) -> None:
    """The test of the test above: what it does to the ledger, done to the usual design, does lose an event."""
    slow, fast, reader = [await asyncpg.connect(settings.migrate_database_url) for _ in range(3)]
    await slow.execute("CREATE TABLE numbered (position bigint GENERATED ALWAYS AS IDENTITY, payload text)")
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute("INSERT INTO numbered (payload) VALUES ('first')")
    await fast.execute("INSERT INTO numbered (payload) VALUES ('second')")
    seen, position = [], 0
    for commit in (transaction.commit, None):
        rows = await reader.fetch("SELECT * FROM numbered WHERE position > $1 ORDER BY position", position)
        seen += [row["payload"] for row in rows]
        position = max([position, *(row["position"] for row in rows)])
        if commit is not None:
            await commit()
    assert seen == ["second"], "the reader went past the first, which had not been committed"
    for connection in (slow, fast, reader):
        await connection.close()
