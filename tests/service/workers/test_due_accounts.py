"""The closer checks only accounts in which something may be due, whatever happens meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from events.accounts.commands import OpenAccount
from events.statements.commands import SetStatementCycle
from projections.runner import catch_up
from projections.statements_due import StatementsDue
from service.ledger.ledger import Ledger
from service.platform.migrate import migrate
from service.platform.settings import Settings
from service.workers.statement_closer import _AT_ONCE, ClosingResult, StatementCloser
from tests.service.workers.weeks import IDR, LANE, MIDNIGHT, WEDNESDAY, Clock, close, revenue, weekly
from tests.support.api import Caller, serving
from tests.support.own import origin, work
from tests.support.rows_read import counted, read_by
from tests.support.tables import as_owner

# As the release before left it.
_BEFORE = """
DELETE FROM schema_migrations WHERE version IN (16, 17);
DELETE FROM checkpoints WHERE projection = 'statements_due';
DROP INDEX statements_due_at;
ALTER TABLE statements_due DROP COLUMN cycle, DROP COLUMN touched_version;
ALTER TABLE statements_due RENAME TO statement_work;
CREATE INDEX accounts_statements_due ON accounts (lane, ((settings->'statementCycle'->>'dueAt') COLLATE "C"))
    WHERE settings->'statementCycle'->>'dueAt' IS NOT NULL;
"""


async def settle(merchant: Caller, amount: int, reference: str) -> None:
    await merchant.accepted(type="settleRevenue", amount=amount, reference=reference, **IDR)


async def follow(ledger: Ledger) -> None:
    async with ledger.pool.acquire() as connection:
        while await catch_up(connection, LANE, StatementsDue(), ledger.runtime.now()):
            pass


async def open_idle(settings: Settings, clock: Clock, first: int, behind: int) -> None:
    """Accounts without money: a weekly cycle in every other, and in the rest one that each delivered order ends."""
    clock.at = WEDNESDAY
    async with serving(settings, clock.runtime()) as api:
        commands: list[Any] = []
        for number in range(first, behind):
            account = f"acc_idle_{number}"
            cycle = "weekly" if number % 2 else "delivered_order"
            commands.append(OpenAccount(account_id=account, currency="IDR"))
            commands.append(SetStatementCycle(account_id=account, cycle=cycle, zone="Asia/Jakarta"))
        for start in range(0, len(commands), 200):
            await api.ledger.execute([work(command) for command in commands[start : start + 200]], origin())
        # The end of a week in which nothing moved: nothing is stated, and the next week's end is awaited.
        clock.at = MIDNIGHT + timedelta(minutes=1)
        while (await StatementCloser(api.ledger).close_due(LANE))[0]:
            pass


async def test_a_poll_reads_no_account_in_which_nothing_is_due(settings: Settings) -> None:
    clock = Clock()
    costs: dict[int, list[int]] = {}
    known = 0
    for accounts in (400, 1_000):
        await open_idle(settings, clock, known, accounts)
        known = accounts
        async with counted(settings, "auto", clock.runtime()) as api:
            closer = StatementCloser(api.ledger)
            assert await closer.close_due(LANE) == (0, [])
            idle = await read_by(api, closer.close_due, LANE)
            assert (
                await api.ledger.pool.fetchval("SELECT count(*) FROM accounts WHERE settings ? 'statementCycle'")
                == accounts
            )
            costs[accounts] = [idle.rows, idle.blocks]
    # The checkpoint, and the head of the lane.
    assert max(rows for rows, _ in costs.values()) <= 5, costs
    assert costs[1_000][1] <= costs[400][1] + 2, costs


async def test_of_many_accounts_those_that_are_due_are_found(settings: Settings) -> None:
    clock = Clock()
    await open_idle(settings, clock, 0, 40)
    async with serving(settings, clock.runtime()) as api:
        paying = await api.caller("acc_idle_4")
        await revenue(paying, 100, "o-1")
        await settle(paying, 60, "o-1")
        assert await StatementCloser(api.ledger).close_due(LANE) == (0, []), "the order is not delivered yet"
        await settle(paying, 40, "o-1")
        assert await close(api.ledger) == ["acc_idle_4-2026-11-23-IDR-1"]
        earning = await api.caller("acc_idle_7")
        await revenue(earning, 100, "o-1")
        await settle(earning, 100, "o-1")
        assert await StatementCloser(api.ledger).close_due(LANE) == (0, []), (
            "its week is not over, whatever is delivered"
        )
        clock.at += timedelta(days=7)
        checked, closed = 1, []
        while checked:
            checked, more = await StatementCloser(api.ledger).close_due(LANE)
            closed += [event.number for event in more]
        assert closed == ["acc_idle_7-2026-W48-IDR-1"]


async def test_what_happens_while_an_account_is_checked_is_still_due(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    async with serving(settings, clock.runtime()) as api:
        merchant = await weekly(api, cycle="delivered_order")
        await revenue(merchant, 100, "o-1")
        original, delivered = StatementCloser.close_account, list[str]()

        async def and_then(self: StatementCloser, lane: int, account_id: str) -> ClosingResult:
            result = await original(self, lane, account_id)
            if not delivered:
                delivered.append("o-1")
                await settle(merchant, 100, "o-1")
                await follow(api.ledger)
            return result

        monkeypatch.setattr(StatementCloser, "close_account", and_then)
        assert await StatementCloser(api.ledger).close_due(LANE) == (1, [])
        assert await close(api.ledger) == ["acc_1-2026-11-18-IDR-1"]
        assert await StatementCloser(api.ledger).close_due(LANE) == (0, [])


async def test_an_account_whose_cycle_is_changed_is_checked_at_once(settings: Settings) -> None:
    clock = Clock()
    async with serving(settings, clock.runtime()) as api:
        merchant = await weekly(api, cycle="delivered_order")
        assert await StatementCloser(api.ledger).close_due(LANE) == (1, [])
        await revenue(merchant, 100, "o-1")
        await settle(merchant, 100, "o-1")
        # In one step of the projection: the order's statement does not wait for the end of the week.
        await merchant.accepted(type="setStatementCycle", cycle="weekly")
        assert await close(api.ledger) == ["acc_1-2026-11-18-IDR-1"]
        assert await StatementCloser(api.ledger).close_due(LANE) == (0, [])


async def test_an_account_whose_cycle_is_set_twice_at_once_is_checked_for_the_first(settings: Settings) -> None:
    clock = Clock()
    async with serving(settings, clock.runtime()) as api:
        merchant = await weekly(api, cycle="delivered_order")
        await revenue(merchant, 100, "o-1")
        await settle(merchant, 100, "o-1")
        await merchant.accepted(type="setStatementCycle", cycle="monthly")
        assert await close(api.ledger) == ["acc_1-2026-11-18-IDR-1"]


async def test_accounts_in_which_something_always_happens_do_not_keep_the_others_waiting(settings: Settings) -> None:
    clock = Clock()
    async with serving(settings, clock.runtime()) as api:
        await revenue(await weekly(api), 5, "o-1")
        busy = [await api.merchant(f"acc_busy_{number}") for number in range(_AT_ONCE)]
        for merchant in busy:
            await merchant.accepted(type="setStatementCycle", cycle="delivered_order", zone="Asia/Jakarta")
        closer = StatementCloser(api.ledger)
        while (await closer.close_due(LANE))[0]:
            pass
        clock.at = MIDNIGHT + timedelta(minutes=1)
        closed: list[str] = []
        # As many as are claimed at once, each changed again before every claim.
        for turn in range(3):
            for merchant in busy:
                await revenue(merchant, 1, f"o-{turn}")
                await settle(merchant, 1, f"o-{turn}")
            closed += [event.number for event in (await closer.close_due(LANE))[1]]
            clock.at += timedelta(seconds=10)
        assert "acc_1-2026-W47-IDR-1" in closed
        assert len(closed) > len(busy), "and the others were not kept waiting either"


async def test_a_closer_of_the_release_before_cannot_forget_what_falls_due(settings: Settings) -> None:
    release = "UPDATE statement_work SET due_at = NULL WHERE lane = 1 AND account_id = 'acc_1'"
    async with serving(settings) as api:
        with pytest.raises(asyncpg.UndefinedTableError):
            await api.ledger.pool.execute(release)


async def test_what_an_older_release_left_is_due_once_it_is_migrated(settings: Settings) -> None:
    clock = Clock()
    async with serving(settings, clock.runtime()) as api:
        merchant = await weekly(api)
        await revenue(merchant, 100, "o-1")
        other = await api.merchant("acc_2")
        await other.accepted(type="setStatementCycle", cycle="delivered_order", zone="Asia/Jakarta")
    owner = await as_owner(settings)
    await owner.execute(_BEFORE)
    # One account was looked at by that release, and the other never.
    await owner.execute("DELETE FROM statement_work")
    await owner.execute(
        "INSERT INTO statement_work (lane, account_id, leased_until, due_at, looked_version)"
        " VALUES (1, 'acc_2', $1, NULL, 9)",
        WEDNESDAY,
    )
    await owner.close()
    assert await migrate(settings) == 2
    async with serving(settings, clock.runtime()) as api:
        assert await StatementCloser(api.ledger).close_due(LANE) == (2, []), "everybody is looked at once"
        assert await StatementCloser(api.ledger).close_due(LANE) == (0, [])
        other = await api.caller("acc_2")
        await revenue(other, 5, "o-1")
        await settle(other, 5, "o-1")
        assert await close(api.ledger) == ["acc_2-2026-11-18-IDR-1"]
        clock.at = MIDNIGHT
        assert await close(api.ledger) == ["acc_1-2026-W47-IDR-1"]
