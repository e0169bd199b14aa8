"""Many at once: exactly what fits is created, and no money appears or goes."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from events.decide import decide
from events.payouts.commands import RequestPayout
from events.refusals import InsufficientBalance
from service.ledger.commands import Executed
from service.ledger.event_store import append
from service.ledger.lifespan import running_ledger
from service.platform.settings import Settings
from tests.support.api import Api
from tests.support.own import execute, fund, origin, work
from tests.support.waiting import until_blocked


async def test_of_64_requests_at_once_exactly_those_that_fit_are_created(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    amounts = [30 + n % 7 for n in range(64)]
    answers = await asyncio.gather(
        *(merchant.post("/v1/payouts", {"amount": amount, "currency": "IDR"}) for amount in amounts)
    )
    created = [answer.data["amount"] for answer in answers if answer.status == 201]
    refused = [answer for answer in answers if answer.status != 201]
    assert all((a.status, a.error["code"]) == (409, "INSUFFICIENT_BALANCE") for a in refused)
    balance = (await merchant.get("/v1/payouts/balance")).data
    assert balance["available"] == 1000 - sum(created) >= 0
    assert balance["reserved"] == sum(created)
    assert balance["available"] < 36, "something that would have fitted was refused"
    assert (
        balance["available"] + balance["reserved"] + balance["pending"] + balance["held"] + balance["paidOut"] == 1000
    )


async def test_a_writer_that_lost_the_race_decides_again_on_what_the_winner_left(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes on one lane. The first has decided on its warm books and is about to write; the second writes."""
    async with running_ledger(settings) as first, running_ledger(settings) as second:
        await fund(first, "acc_1", 100)
        about_to_write, go_on = asyncio.Event(), asyncio.Event()
        appends = 0

        async def held_back(connection: asyncpg.Connection[asyncpg.Record], batch: object, *more: Any) -> bool:
            nonlocal appends
            appends += 1
            if appends == 1:
                about_to_write.set()
                await go_on.wait()
            return await append(connection, batch, *more)  # type: ignore[arg-type]

        monkeypatch.setattr("service.ledger.writer.append", held_back)
        loser = asyncio.create_task(execute(first, RequestPayout(account_id="acc_1", amount=80, currency="IDR")))
        await about_to_write.wait()
        monkeypatch.setattr("service.ledger.writer.append", append)
        winner = await execute(second, RequestPayout(account_id="acc_1", amount=70, currency="IDR"))
        assert isinstance(winner, Executed)
        go_on.set()
        outcome = await loser
        assert isinstance(outcome, InsufficientBalance)
        assert outcome.details == {"available": 30, "currency": "IDR"}
        # And warm again afterwards, on the true books.
        assert isinstance(await execute(first, RequestPayout(account_id="acc_1", amount=30, currency="IDR")), Executed)


async def test_a_refusal_is_not_given_on_books_that_another_process_has_changed(settings: Settings) -> None:
    """The first process is warm and believes that the account is empty; the second puts money into it."""
    async with running_ledger(settings) as first, running_ledger(settings) as second:
        await fund(first, "acc_1", 10)
        assert isinstance(await execute(first, RequestPayout(account_id="acc_1", amount=10, currency="IDR")), Executed)
        await fund(second, "acc_1", 50, opened=True)
        assert isinstance(await execute(first, RequestPayout(account_id="acc_1", amount=50, currency="IDR")), Executed)


async def test_an_append_whose_answer_is_lost_is_found_in_the_log_and_not_done_twice(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", 100)

        async def answer_lost(connection: asyncpg.Connection[asyncpg.Record], batch: object, *more: Any) -> bool:
            monkeypatch.setattr("service.ledger.writer.append", append)
            await append(connection, batch, *more)  # type: ignore[arg-type]
            raise ConnectionResetError("the network went away after the commit")

        monkeypatch.setattr("service.ledger.writer.append", answer_lost)
        outcome = await execute(ledger, RequestPayout(account_id="acc_1", amount=60, currency="IDR"))
        assert isinstance(outcome, Executed)
        assert await ledger.pool.fetchval("SELECT count(*) FROM payouts") == 1
        assert await ledger.pool.fetchval("SELECT available FROM balances") == 40


async def test_an_append_that_never_arrived_is_sent_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", 100)

        async def never_sent(connection: asyncpg.Connection[asyncpg.Record], batch: object, *more: Any) -> bool:
            monkeypatch.setattr("service.ledger.writer.append", append)
            raise ConnectionResetError("the network went away before anything was sent")

        monkeypatch.setattr("service.ledger.writer.append", never_sent)
        outcome = await execute(ledger, RequestPayout(account_id="acc_1", amount=60, currency="IDR"))
        assert isinstance(outcome, Executed)
        assert await ledger.pool.fetchval("SELECT count(*) FROM payouts") == 1


@pytest.mark.parametrize(
    ("obstacle", "takes_effect"),
    [
        # Stands in the append's way once it has the head: it goes on to commit.
        ("SELECT FROM balances FOR UPDATE", True),
        # Stands in its way before it has begun: the writer must see to it that it never will.
        ("LOCK TABLE balances IN SHARE MODE", False),
    ],
)
async def test_an_append_still_in_the_server_is_neither_guessed_at_nor_done_twice(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, obstacle: str, takes_effect: bool
) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", 100)
        blocker = await asyncpg.connect(settings.migrate_database_url)
        orphan = await asyncpg.connect(settings.database_url)
        sent: list[asyncio.Task[bool]] = []

        async def after_the_orphan(connection: asyncpg.Connection[asyncpg.Record], batch: object, *more: Any) -> bool:
            """What would be the worst moment: when the lost append has just had its chance."""
            await asyncio.wait(sent)
            return await append(connection, batch, *more)  # type: ignore[arg-type]

        async def orphaned(_connection: asyncpg.Connection[asyncpg.Record], batch: object, *more: Any) -> bool:
            monkeypatch.setattr("service.ledger.writer.append", after_the_orphan)
            sent.append(asyncio.create_task(append(orphan, batch)))  # type: ignore[arg-type]
            await until_blocked(settings)
            raise ConnectionResetError("the network went away in the middle")

        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute(obstacle)
        monkeypatch.setattr("service.ledger.writer.append", orphaned)
        outcome = asyncio.create_task(execute(ledger, RequestPayout(account_id="acc_1", amount=60, currency="IDR")))
        if takes_effect:
            await until_blocked(settings, 2)
        else:
            while not await ledger.pool.fetchval("SELECT term FROM lanes"):
                await asyncio.sleep(0.01)
        assert not outcome.done()
        await transaction.rollback()
        assert isinstance(await outcome, Executed)
        assert await sent[0] is takes_effect
        assert await ledger.pool.fetchval("SELECT count(*) FROM payouts") == 1
        assert await ledger.pool.fetchval("SELECT available FROM balances") == 40
        for connection in (orphan, blocker):
            await connection.close()


async def test_what_one_unit_breaks_the_others_do_not_feel(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in one decision fails that request alone, though all were in one batch."""
    await fund(api.ledger, "acc_1", 100)

    def buggy(command: object, state: object, context: object) -> object:
        if getattr(command, "amount", 0) == 13:
            raise RuntimeError("a bug")
        return decide(command, state, context)  # type: ignore[arg-type]

    monkeypatch.setattr("service.ledger.commands.decide", buggy)
    commands = [RequestPayout(account_id="acc_1", amount=amount, currency="IDR") for amount in (10, 13, 20)]
    outcomes = await asyncio.gather(
        *(api.ledger.execute([work(command)], origin()) for command in commands), return_exceptions=True
    )
    assert isinstance(outcomes[1], RuntimeError)
    assert [isinstance(outcomes[n], list) and isinstance(outcomes[n][0], Executed) for n in (0, 2)] == [True, True]  # type: ignore[index]
    assert await api.ledger.pool.fetchval("SELECT available FROM balances") == 70


async def test_a_full_queue_refuses_at_once(settings: Settings) -> None:
    small = settings.model_copy(update={"queue_commands_max": 5})
    async with running_ledger(small) as ledger:
        await fund(ledger, "acc_1", 100)
        assert await ledger.known_lane_of("acc_1") == 1, "or the attempts would wait for that, each for itself"
        attempts = [
            ledger.execute([work(RequestPayout(account_id="acc_1", amount=1, currency="IDR"))], origin())
            for _ in range(10)
        ]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert refused
        assert {type(problem).__name__ for problem in refused} == {"Unavailable"}
        created = await ledger.pool.fetchval("SELECT count(*) FROM payouts")
        assert created == len(outcomes) - len(refused)
