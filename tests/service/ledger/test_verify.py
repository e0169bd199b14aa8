"""`verify` finds whatever was done to the log behind the service's back, and says where first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from service.ledger import replay
from service.ledger.event_store import Head, read_head
from service.ledger.replay import Damage, verify_lane
from service.platform.database import Connection
from service.platform.settings import Settings
from tests.support.api import Api, serving
from tests.support.tables import as_owner

LAST = 12


@dataclass(frozen=True)
class Forger:
    """The schema's owner, who has switched the log's protection off."""

    connection: Connection

    async def verify(self) -> tuple[int, Damage | None]:
        return await verify_lane(self.connection, 1, lambda _: None)

    async def do(self, statement: str) -> None:
        assert await self.connection.execute(statement) not in ("UPDATE 0", "DELETE 0")


@pytest_asyncio.fixture
async def forger(settings: Settings) -> AsyncIterator[Forger]:
    async with serving(settings) as api:
        merchant = await api.merchant(available=100)
        while await api.position() < LAST:
            await merchant.accepted(type="recordRevenue", amount=1, currency="IDR", reference="o-1")
    owner = await as_owner(settings)
    await owner.execute("ALTER TABLE events DISABLE TRIGGER USER")
    for row in await owner.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
    ):
        await owner.execute(f"ALTER TABLE {row[0]} DISABLE TRIGGER USER")
    yield Forger(owner)
    await owner.close()


async def test_an_untouched_log_holds(forger: Forger) -> None:
    assert await forger.verify() == (LAST, None)


AT_7 = "WHERE lane = 1 AND position = 7"
RAISED = """replace(envelope, '"amount":1,', '"amount":9,')"""
FORGERIES = {
    "an amount in the envelope": f"UPDATE events SET envelope = {RAISED} {AT_7}",
    "a space in the envelope": f"UPDATE events SET envelope = envelope || ' ' {AT_7}",
    "the digest": f"UPDATE events SET digest = sha256('x') {AT_7}",
    "envelope and digest together": f"""
        UPDATE events SET envelope = {RAISED},
               digest = sha256((SELECT digest FROM events WHERE lane = 1 AND position = 6)
                               || {RAISED}::bytea) {AT_7}""",
    "the account": f"UPDATE events SET account_id = 'acc_2' {AT_7}",
    "the version": f"UPDATE events SET version = version + 100 {AT_7}",
    "the type": f"UPDATE events SET type = 'fee.charged' {AT_7}",
    "when it happened": f"UPDATE events SET effective_at = effective_at - interval '1 microsecond' {AT_7}",
    "when it was recorded": f"UPDATE events SET recorded_at = recorded_at + interval '1 day' {AT_7}",
    "a row that is gone": f"DELETE FROM events {AT_7}",
    "a row that is gone and the rest moved up": f"""
        WITH gone AS (DELETE FROM events {AT_7} RETURNING 1)
        UPDATE events SET position = position + 100 WHERE lane = 1 AND position > 7 AND EXISTS (SELECT FROM gone)""",
}


@pytest.mark.parametrize("statement", FORGERIES.values(), ids=list(FORGERIES))
async def test_a_forged_event_is_found_at_its_position_or_the_next(forger: Forger, statement: str) -> None:
    await forger.do(statement)
    whole, damage = await forger.verify()
    assert damage is not None
    assert damage.what
    # Where the forger recomputed the digest, it is the next event that does not follow from it.
    first = 8 if "sha256((SELECT" in statement else 7
    assert (damage.lane, damage.position, whole) == (1, first, first - 1)


async def test_two_events_that_were_exchanged_are_found(forger: Forger) -> None:
    await forger.do("UPDATE events SET position = 999, version = 999 WHERE lane = 1 AND position = 7")
    await forger.do("UPDATE events SET position = 7 WHERE lane = 1 AND position = 8")
    await forger.do("UPDATE events SET position = 8 WHERE lane = 1 AND position = 999")
    whole, damage = await forger.verify()
    assert damage is not None
    assert (whole, damage.position) == (6, 7)


async def test_a_cut_tail_is_found_by_the_head(forger: Forger) -> None:
    await forger.do(f"DELETE FROM events WHERE lane = 1 AND position > {LAST - 3}")
    whole, damage = await forger.verify()
    assert damage is not None
    assert (whole, damage.position) == (LAST - 3, LAST - 2)


async def test_a_tail_cut_with_a_head_that_was_set_back_still_has_the_wrong_digest(forger: Forger) -> None:
    await forger.do(f"DELETE FROM events WHERE lane = 1 AND position > {LAST - 3}")
    await forger.do(f"UPDATE lanes SET position = {LAST - 3}")
    whole, damage = await forger.verify()
    assert damage is not None
    assert (whole, damage.position) == (LAST - 3, LAST - 3)
    assert "head" in damage.what


async def test_a_wrong_digest_in_the_head_is_found(forger: Forger) -> None:
    await forger.do("UPDATE lanes SET digest = sha256('x')")
    whole, damage = await forger.verify()
    assert damage is not None
    assert (whole, damage.position) == (LAST, LAST)


async def test_the_genesis_is_part_of_the_chain(forger: Forger) -> None:
    await forger.do("""UPDATE events SET envelope = replace(envelope, '"IDR":2', '"IDR":0') WHERE position = 1""")
    whole, damage = await forger.verify()
    assert damage is not None
    assert (whole, damage.position) == (0, 1)


async def test_an_event_beyond_the_head_is_found(forger: Forger) -> None:
    await forger.do("UPDATE lanes SET (position, digest) = (SELECT position, digest FROM events WHERE position = 11)")
    whole, damage = await forger.verify()
    assert damage is not None
    assert (whole, damage.position) == (LAST - 1, LAST)


async def test_what_is_written_while_it_looks_is_no_damage(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    merchant = await api.merchant()

    async def head_then_more(connection: Connection, lane: int) -> Head:
        head = await read_head(connection, lane)
        await merchant.accepted(type="recordRevenue", amount=1, currency="IDR", reference="o-1")
        return head

    monkeypatch.setattr(replay, "read_head", head_then_more)
    position = await api.position()
    async with api.ledger.pool.acquire() as connection:
        assert await verify_lane(connection, 1, lambda _: None) == (position, None)
    assert await api.position() > position
