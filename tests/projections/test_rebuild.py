"""Views can be made again from the log, at any time, without anybody seeing half of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from events.envelope import Envelope
from projections import runner
from projections.inline import TABLES
from projections.journal import Journal
from projections.runner import Connection, catch_up, rebuild
from service.ledger.replay import rebuild_inline
from service.platform.settings import Settings
from tests.projections.lived import live
from tests.support.api import Api
from tests.support.tables import Tables, as_owner, read_tables
from tests.support.waiting import until_blocked

INLINE = (*(table.name for table in TABLES), "provider_events")
LANE = 1

DAMAGE = (
    "UPDATE balances SET available = available + 1, held = 0",
    "UPDATE accounts SET version = version - 1, status = 'closed', currencies = '{EUR}'",
    "UPDATE payouts SET status = 'paid', note = 'x'",
    "DELETE FROM payouts WHERE status = 'paid' AND position = (SELECT max(position) FROM payouts)",
    "UPDATE orders SET pending = 0, disputed = NULL",
    "UPDATE disputes SET status = 'open', reference = 'x'",
    "UPDATE accounts SET settings = '{}'",
    "DELETE FROM reserves",
    "UPDATE cases SET known = 'x', told = '[]'",
    "DELETE FROM bank_accounts",
    "UPDATE providers SET workspace_id = 'ws_2'",
    "INSERT INTO webhook_secrets SELECT lane, account_id, 'whs_x', secret, added_at FROM webhook_secrets",
    "INSERT INTO balances VALUES (1, 'acc_ghost', 'IDR', 1, 2, 3, 4, 5)",
    "INSERT INTO cases VALUES (1, 'acc_ghost', 'case_x', 1, 'k', 'a', 'b', NULL, NULL, NULL, NULL, '[]', now())",
    "UPDATE channels SET collects = 'seller', channel = 'ghost' WHERE account_id = 'acc_2'",
    "UPDATE statements SET booked = booked + 1, was_paid = NOT was_paid",
    "UPDATE statements SET number = 'ghost' WHERE paid",
    "UPDATE settlements SET booked = booked + 1, released = NOT released",
    "UPDATE bank_entries SET claimed = 0, amount = amount + 1",
    "DELETE FROM bank_statements",
    "UPDATE matches SET unmade_at = NULL, reason = 'x'",
    "INSERT INTO provider_events VALUES (1, 'acc_1', 'evt_ghost', 3)",
)


async def damage(settings: Settings, *statements: str) -> None:
    owner = await as_owner(settings)
    for statement in statements:
        await owner.execute(statement)
    await owner.close()


async def follow(api: Api) -> None:
    """Brings the journal to the end of the log."""
    async with api.ledger.pool.acquire() as connection:
        while await catch_up(connection, LANE, Journal(), api.ledger.runtime.now()):
            pass


def journal_of(tables: Tables) -> tuple[list[tuple[object, ...]], list[int]]:
    """The journal's rows, and how far it says it has read."""
    return tables["journal"], [row[2] for row in tables["checkpoints"]]


async def test_the_inline_views_come_back_as_they_were_whatever_was_done_to_them(api: Api, settings: Settings) -> None:
    merchant = await live(api)
    await live(api, "acc_2")
    before = await read_tables(settings)
    await damage(settings, *DAMAGE)
    damaged = await read_tables(settings)
    assert all(damaged[name] != before[name] for name in INLINE)
    async with api.ledger.pool.acquire() as connection:
        folded = await rebuild_inline(connection, LANE, api.ledger.vault, lambda _: None)
    assert await read_tables(settings) == before, "and nothing else moved: neither the head nor an answer"
    assert folded == await api.position()
    assert (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).status == 201


async def test_readers_see_the_old_views_until_the_new_ones_are_whole_and_writers_wait(
    api: Api, settings: Settings
) -> None:
    merchant = await live(api)
    right = (await merchant.get("/v1/payouts/balance")).data["available"]
    await damage(settings, "UPDATE balances SET available = 1 WHERE currency = 'IDR'")
    old = await read_tables(settings, *INLINE)
    async with api.ledger.pool.acquire() as connection:
        async with connection.transaction():
            await rebuild_inline(connection, LANE, api.ledger.vault, lambda _: None)
            assert await read_tables(settings, *INLINE) == old
            assert (await merchant.get("/v1/payouts/balance")).data["available"] == 1
            writing = asyncio.ensure_future(merchant.post("/v1/payouts", {"amount": 2, "currency": "IDR"}))
            await until_blocked(settings)
            assert not writing.done()
        assert (await writing).status == 201
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == right - 2


async def test_the_journal_comes_back_as_it_was(api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CHUNK", 7)
    await live(api)
    await follow(api)
    before = journal_of(await read_tables(settings))
    assert before[1] == [await api.position()]
    await damage(
        settings,
        "DELETE FROM journal WHERE position % 2 = 0",
        "UPDATE journal SET debit = debit + 1 WHERE debit > 0",
        "INSERT INTO journal SELECT lane, 999999, line, account_id, currency, book, debit, credit, type, effective_at"
        " FROM journal LIMIT 1",
        "UPDATE checkpoints SET position = 3",
    )
    damaged = journal_of(await read_tables(settings))
    async with api.ledger.pool.acquire() as connection:
        async with connection.transaction():
            await rebuild(connection, LANE, Journal(), api.ledger.runtime.now(), lambda _: None)
            assert journal_of(await read_tables(settings)) == damaged, (
                "readers see the old one until the new one is whole"
            )
        assert journal_of(await read_tables(settings)) == before


async def test_a_rebuild_that_fails_leaves_the_old_view(api: Api, settings: Settings) -> None:
    await live(api)
    await follow(api)
    await damage(settings, "UPDATE balances SET available = 1", "DELETE FROM journal WHERE position > 5")
    before = await read_tables(settings)
    async with api.ledger.pool.acquire() as connection:
        with pytest.raises(Killed):
            await rebuild(connection, LANE, KilledAfterItsRows(), api.ledger.runtime.now(), lambda _: None)

        def killed(_: int) -> None:
            raise Killed

        with pytest.raises(Killed):
            await rebuild_inline(connection, LANE, api.ledger.vault, killed)
    assert await read_tables(settings) == before


class Killed(Exception):
    pass


class KilledAfterItsRows(Journal):
    """Ends at the worst moment: the rows are written, the checkpoint is not."""

    async def apply(self, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        await super().apply(connection, lane, events)
        raise Killed


async def test_rows_and_checkpoint_move_together_or_not_at_all(
    api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "CHUNK", 9)
    await live(api)
    async with api.ledger.pool.acquire() as connection:
        assert await catch_up(connection, LANE, Journal(), api.ledger.runtime.now()) == 9
        before = journal_of(await read_tables(settings))
        assert before[1] == [9]
        with pytest.raises(Killed):
            await catch_up(connection, LANE, KilledAfterItsRows(), api.ledger.runtime.now())
    assert journal_of(await read_tables(settings)) == before
    await follow(api)
    rows, checkpoint = journal_of(await read_tables(settings))
    assert checkpoint == [await api.position()]
    assert len(rows) > len(before[0]), "nothing was posted twice: (lane, position, line) is the journal's key"


async def test_of_two_projectors_one_works_and_the_other_does_not_wait(api: Api, settings: Settings) -> None:
    await live(api)
    pool = api.ledger.pool
    async with pool.acquire() as connection:
        await catch_up(connection, LANE, Journal(), api.ledger.runtime.now())
    await live(api, "acc_2")
    other = await asyncpg.connect(settings.database_url)
    async with other.transaction():
        await other.execute("SELECT FROM checkpoints FOR UPDATE")
        async with pool.acquire() as connection:
            assert await asyncio.wait_for(catch_up(connection, LANE, Journal(), api.ledger.runtime.now()), 10) == 0
    await other.close()
    await follow(api)
    assert journal_of(await read_tables(settings))[1] == [await api.position()]
