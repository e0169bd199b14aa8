"""The worker that closes statements: on time, late, in several replicas, and while others write."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from events.balances.commands import RecordRevenue
from events.statements.events import StatementClosed
from projections.own_statements import drafts
from projections.runner import catch_up
from projections.statements_due import StatementsDue
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.ledger.replay import rebuild_inline
from service.platform.settings import Settings
from service.workers.statement_closer import StatementCloser
from sql import query
from tests.service.workers.weeks import IDR, LANE, MIDNIGHT, WEDNESDAY, Clock, a_week, close, revenue, weekly
from tests.support.api import Api, serving
from tests.support.command_line import environment, payout_ledger, serve_process
from tests.support.own import execute
from tests.support.tables import read_tables
from tests.support.waiting import until


async def test_what_is_recorded_late_goes_into_the_next_statement(api: Api, clock: Clock) -> None:
    merchant = await a_week(api, clock)
    (number,) = await close(api.ledger)
    before = (await merchant.get(f"/v1/statements/{number}?lines=true")).data
    happened = (WEDNESDAY + timedelta(hours=1)).isoformat()
    await merchant.accepted(type="recordRefund", amount=250, reference="=o-2", effectiveAt=happened, **IDR)
    assert await close(api.ledger) == []
    clock.at += timedelta(days=7)
    assert await close(api.ledger) == ["acc_1-2026-W48-IDR-2"]
    newest, _ = (await merchant.get("/v1/statements?source=own")).data
    assert (newest["openingBalance"], newest["refunds"], newest["closingBalance"]) == ("4.30", "2.50", "1.80")
    assert newest["previousStatement"] == number
    assert (await merchant.get(f"/v1/statements/{number}?lines=true")).data == before


async def test_a_service_that_was_down_closes_three_weeks_in_order(api: Api, clock: Clock) -> None:
    merchant = await weekly(api)
    await revenue(merchant, 100, "o-1")
    clock.at = MIDNIGHT + timedelta(days=7)
    await revenue(merchant, 10, "o-2")
    clock.at = MIDNIGHT + timedelta(days=14, hours=1)
    assert await close(api.ledger) == [f"acc_1-2026-W{47 + n}-IDR-{1 + n}" for n in range(3)]
    rows = (await merchant.get("/v1/statements?source=own")).data
    assert [(row["openingBalance"], row["closingBalance"]) for row in rows] == [
        ("1.00", "1.10"),
        ("1.00", "1.00"),
        ("0.00", "1.00"),
    ]


async def test_an_account_without_money_gets_no_statements_and_is_checked_once_a_period(api: Api, clock: Clock) -> None:
    await weekly(api)
    clock.at = MIDNIGHT
    assert await StatementCloser(api.ledger).close_due(LANE) == (1, [])
    assert await StatementCloser(api.ledger).close_due(LANE) == (0, [])
    clock.at = MIDNIGHT + timedelta(days=7)
    assert await StatementCloser(api.ledger).close_due(LANE) == (1, [])


async def test_delivered_orders_are_closed_as_they_come(api: Api, clock: Clock) -> None:
    merchant = await weekly(api, cycle="delivered_order")
    assert await StatementCloser(api.ledger).close_due(LANE) == (1, [])
    assert await StatementCloser(api.ledger).close_due(LANE) == (0, []), "nothing has happened since"
    for number in (1, 2):
        await revenue(merchant, 100, f"o-{number}")
        await merchant.accepted(type="settleRevenue", amount=60, reference=f"o-{number}", **IDR)
    assert await close(api.ledger) == []
    for number in (1, 2):
        await merchant.accepted(type="settleRevenue", amount=40, reference=f"o-{number}", **IDR)
    assert await close(api.ledger) == ["acc_1-2026-11-18-IDR-1", "acc_1-2026-11-18-IDR-2"]
    await merchant.accepted(type="setStatementCycle", cycle="off")
    await revenue(merchant, 5, "o-3")
    await merchant.accepted(type="settleRevenue", amount=5, reference="o-3", **IDR)
    clock.at += timedelta(days=100)
    assert await close(api.ledger) == []


def meeting(parties: int) -> Any:
    """`Closer._close`, begun only once so many have drawn their statements up."""
    barrier, original = asyncio.Barrier(parties), StatementCloser._close
    met: list[str] = []

    async def together(
        self: StatementCloser, lane: int, account: str, due: Sequence[StatementClosed], *, certain: bool
    ) -> Any:
        if len(met) < parties:
            met.append(due[0].number)
            await barrier.wait()
        return await original(self, lane, account, due, certain=certain)

    return together


@pytest.mark.parametrize("moved_on", [False, True])
async def test_two_closers_at_once_make_one_statement(
    api: Api, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch, moved_on: bool
) -> None:
    merchant = await a_week(api, clock)
    if moved_on:
        # The cut is certain then, and only the chain tells that somebody was faster.
        await revenue(merchant, 7, "o-3")
    monkeypatch.setattr(StatementCloser, "_close", meeting(2))
    async with running_ledger(settings, clock.runtime()) as replica:
        results = await asyncio.gather(
            *(StatementCloser(ledger).close_account(LANE, "acc_1") for ledger in (api.ledger, replica))
        )
    assert sorted(len(result.closed) for result in results) == [0, 1]
    assert len((await merchant.get("/v1/statements?source=own")).data) == 1
    count = await api.ledger.pool.fetchval("SELECT count(*) FROM events WHERE type = 'statement.closed'")
    assert count == 1


async def test_an_account_that_another_closer_has_leased_is_left_alone(api: Api, clock: Clock) -> None:
    await a_week(api, clock)
    now = clock.at
    claim = query("own_statements/claim")
    async with api.ledger.pool.acquire() as connection:
        while await catch_up(connection, LANE, StatementsDue(), now):
            pass
        assert len(await connection.fetch(claim, LANE, now, now + timedelta(minutes=2), 10)) == 1
    assert await StatementCloser(api.ledger).close_due(LANE) == (0, [])
    clock.at += timedelta(minutes=2)
    assert await close(api.ledger) == ["acc_1-2026-W47-IDR-1"], "a lease ends, so that nothing hangs on who died"


async def recording(ledger: Ledger, amount: int) -> None:
    command = RecordRevenue(account_id="acc_1", amount=amount, currency="IDR", reference=f"late-{amount}")
    await execute(ledger, command)


@pytest.mark.parametrize(
    ("behind", "first"),
    [
        # Recorded by a replica whose clock is behind, after the closer had read: it belongs to the week that ended.
        (timedelta(seconds=-1), "4.37"),
        # By one whose clock is right: it belongs to the next.
        (timedelta(seconds=5), "4.30"),
    ],
)
async def test_what_is_recorded_while_a_statement_is_drafted_goes_where_its_time_says(
    api: Api, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch, behind: timedelta, first: str
) -> None:
    merchant = await a_week(api, clock)
    original = StatementCloser._close
    recorded: list[bool] = []

    async with running_ledger(settings, Clock(MIDNIGHT + behind).runtime()) as replica:

        async def after_another(self: StatementCloser, lane: int, account: str, due: Any, *, certain: bool) -> Any:
            if not recorded:
                recorded.append(certain)
                await recording(replica, 7)
            return await original(self, lane, account, due, certain=certain)

        monkeypatch.setattr(StatementCloser, "_close", after_another)
        assert await close(api.ledger) == ["acc_1-2026-W47-IDR-1"]
    assert recorded == [False], "nothing in the log said yet that the week was over"
    (week,) = (await merchant.get("/v1/statements?source=own")).data
    assert week["closingBalance"] == first
    clock.at += timedelta(days=7)
    await close(api.ledger)
    (newest, _) = (await merchant.get("/v1/statements?source=own")).data
    assert (newest["openingBalance"], newest["closingBalance"]) == (first, "4.37")


async def test_a_statement_that_does_not_tie_out_is_not_closed_and_stops_nobody_else(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_week(api, clock)
    other = await api.merchant("acc_2")
    clock.at = MIDNIGHT + timedelta(minutes=1)
    await other.accepted(type="setStatementCycle", cycle="delivered_order", zone="UTC")
    await revenue(other, 5, "o-1")
    await other.accepted(type="settleRevenue", amount=5, reference="o-1", **IDR)
    original = drafts

    def wrong(account_id: str, *rest: Any) -> list[StatementClosed]:
        made = original(account_id, *rest)
        return [dataclasses.replace(each, closing=each.closing + 1) if account_id == "acc_1" else each for each in made]

    monkeypatch.setattr("service.workers.statement_closer.drafts", wrong)
    # Its last event is in the statement, so that the books can be compared.
    assert await close(api.ledger) == ["acc_2-2026-11-22-IDR-1"]
    assert await close(api.ledger) == [], "left alone for a while"
    monkeypatch.undo()
    clock.at += timedelta(minutes=1)
    assert await close(api.ledger) == ["acc_1-2026-W47-IDR-1"]


async def test_a_rebuild_gives_the_same_statements_and_the_same_chain(
    api: Api, settings: Settings, clock: Clock
) -> None:
    merchant = await a_week(api, clock)
    await close(api.ledger)
    before = await read_tables(settings, "statements", "accounts", "balances")
    assert len(before["statements"]) == 1
    await api.ledger.pool.execute("UPDATE statements SET content = '{}'")
    await api.ledger.pool.execute("UPDATE accounts SET settings = '{}'")
    async with api.ledger.pool.acquire() as connection:
        await rebuild_inline(connection, LANE, api.ledger.vault, lambda _: None)
    assert await read_tables(settings, "statements", "accounts", "balances") == before
    await revenue(merchant, 1, "o-9")
    clock.at += timedelta(days=7)
    assert await close(api.ledger) == ["acc_1-2026-W48-IDR-2"]


async def delivered(api: Api, account: str) -> None:
    merchant = await api.merchant(account)
    await merchant.accepted(type="setStatementCycle", cycle="delivered_order", zone="UTC")
    await revenue(merchant, 500, "o-1")
    await merchant.accepted(type="settleRevenue", amount=500, reference="o-1", **IDR)


async def test_operators_close_what_is_due(settings: Settings) -> None:
    async with serving(settings) as api:
        await delivered(api, "acc_1")
        await delivered(api, "acc_2")
        env = environment(settings)
        one = await payout_ledger("close-statements", "--account", "acc_1", "--json", env=env)
        assert one.code == 0, one.err
        assert [(each["closingBalance"], each["payout"]) for each in one.json] == [("5.00", "0.00 IDR")]
        assert one.json[0]["statementNumber"].startswith("acc_1-")
        rest = await payout_ledger("close-statements", env=env)
        assert "acc_2-" in rest.out
        assert "acc_1-" not in rest.out
        assert (await payout_ledger("close-statements", "--json", env=env)).json == []
        unknown = await payout_ledger("close-statements", "--account", "acc_9", env=env)
        assert (unknown.code, "acc_9" in unknown.err) == (2, True)


async def test_a_running_service_closes_by_itself(settings: Settings) -> None:
    async with serving(settings) as api, serve_process(environment(settings)):
        await delivered(api, "acc_1")

        async def stated() -> bool:
            return bool(await api.ledger.pool.fetchval("SELECT count(*) FROM statements WHERE source = 'ledger'"))

        await until(stated, "the order's statement is closed", seconds=40)
