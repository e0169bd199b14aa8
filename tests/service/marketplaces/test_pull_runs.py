"""Pulls into a real ledger: booked page by page, gone on with where they stopped, and never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from events.refusals import InvalidCommand
from service.imports.import_source import SLICE, ImportRequest
from service.ledger.commands import RequestOrigin
from service.marketplaces.api_calls import PullFailed
from service.marketplaces.channel_access import access_of
from service.marketplaces.http_session import HttpSession, Pacing
from service.marketplaces.import_source import MarketplaceOptions
from service.marketplaces.pull_runs import PullPeriod, PullProgress, PullResult, TakenOver, pull
from service.marketplaces.refusals import Retry
from service.marketplaces.tiktok.channel import TIKTOK
from tests.support.api import Api
from tests.support.tiktok_shop import CREDENTIALS, Shop, tiktok_shop

PATH = "/finance/202309/statements"


class Stopped(Exception):
    """The process ends here."""


async def pulled(
    api: Api, shop: Shop, *, report: Any = lambda _: None, now: datetime | None = None, **options: Any
) -> PullResult:
    ledger = api.ledger
    origin = RequestOrigin(Actor("operator", "pull"), Source("cli", "pull"), LIVE, "req_pull")
    period = PullPeriod(
        options.pop("since", None),
        options.pop("until", None),
        options.pop("overlap", None),
        again=options.pop("again", False),
    )
    access = access_of("tiktok", {"tiktok": CREDENTIALS["tiktok"] | options.pop("credentials", {})}, shop.base)
    runtime = ledger.runtime
    if now is not None:
        ledger.runtime = replace(runtime, now=lambda: now)
    try:
        async with aiohttp.ClientSession() as client:
            session = HttpSession(client, "tiktok", shop.base, TIKTOK.failure, runtime, Pacing(pause_seconds=0))
            request = ImportRequest("acc_1", "pull", MarketplaceOptions("tiktok", **options))
            return await pull(ledger, session, access, request, period, origin, report)
    finally:
        ledger.runtime = runtime


def counts(pulled: PullResult, *names: str) -> tuple[int, ...]:
    return tuple(pulled.result.counts[name] for name in names)


async def pending(api: Api) -> int | None:
    found = await api.ledger.pool.fetchval(
        "SELECT pending FROM balances WHERE account_id = 'acc_1' AND currency = 'IDR'"
    )
    assert found is None or isinstance(found, int)
    return found


async def booked(api: Api) -> int:
    """How many times money was booked."""
    found = await api.ledger.pool.fetchval("SELECT count(*) FROM events WHERE type = 'channel.money_booked'")
    assert isinstance(found, int)
    return found


async def test_every_page_is_booked_once_and_the_next_pull_goes_back_by_the_overlap(api: Api) -> None:
    async with tiktok_shop({"S1": "100", "S2": "20"}, {"S3": "3.5"}) as shop:
        first = await pulled(api, shop, since="2026-05-01", until="2026-05-20")
        # Of each statement three records: itself, its line, and its transaction.
        assert counts(first, "new", "unchanged", "unreadable") == (9, 0, 0)
        # Two pages of statements, three of transactions, payments, withdrawals and what is not settled.
        assert first.pages == 8
        # 123.50 rupiah; and midnight in Jakarta is 17:00 in UTC.
        assert await pending(api) == 12_350
        assert [int(shop.asked[0][1][name]) for name in ("statement_time_ge", "statement_time_lt")] == [
            1_777_568_400, 1_779_210_000,
        ]  # fmt: skip
        shop.asked.clear()
        shop.pages[1]["S3"] = "4.5"
        again = await pulled(api, shop)
        assert counts(again, "new", "changed", "unchanged") == (0, 2, 7)
        assert await pending(api) == 12_450
        since = int(shop.asked[0][1]["statement_time_ge"])
        assert since == 1_779_210_000 - TIKTOK.overlap.total_seconds()
        assert again.gap is None


async def test_a_pull_that_stops_while_a_page_is_booked_goes_on_with_that_page(api: Api) -> None:
    many = {f"M{number}": "1" for number in range(250)}
    seen: list[int] = []

    def stop(at: PullProgress) -> None:
        if at.call == "statements" and at.pages == 2:
            seen.append(at.result.counts["new"])
            raise Stopped

    async with tiktok_shop({"S1": "100"}, many) as shop:
        with pytest.raises(Stopped):
            await pulled(api, shop, report=stop, since="2026-05-01", until="2026-05-20")
    # Of the first page three records, and of the second one a slice: a statement and its line by turns.
    assert seen == [3 + SLICE]
    assert await pending(api) == (100 + SLICE // 2) * 100
    async with tiktok_shop({"S1": "100"}, many) as shop:
        rest = await pulled(api, shop, since="2026-05-01", until="2026-05-20")
        assert [each.resumed for each in rest.windows] == [True]
        assert shop.calls()[0] == "1", "the first page is not asked for again"
    # Two records of each of the 250 statements, and then their transactions.
    assert counts(rest, "new", "unchanged") == (500 - SLICE + 250, SLICE)
    assert await pending(api) == 35_000
    assert await booked(api) == 251


async def test_what_was_left_over_is_finished_first_and_then_comes_what_is_new(api: Api) -> None:
    def stop(at: PullProgress) -> None:
        if at.pages == 1:
            raise Stopped

    async with tiktok_shop({"S1": "100"}, {"S2": "1"}) as shop:
        with pytest.raises(Stopped):
            await pulled(api, shop, report=stop, since="2026-05-01", until="2026-05-10")
        shop.asked.clear()
        rest = await pulled(api, shop, overlap=timedelta(days=2))
        assert [each.resumed for each in rest.windows] == [True, False]
        times = {(query["statement_time_ge"], query["statement_time_lt"]) for path, query in shop.asked if path == PATH}
        # 2026-05-01 to 2026-05-10 in Jakarta, then from two days before.
        assert ("1777568400", "1778346000") in times
        assert {since for since, _ in times} == {"1777568400", str(1_778_346_000 - 2 * 86_400)}
        assert await pending(api) == 10_100


async def test_another_period_begins_anew_and_so_does_again(api: Api) -> None:
    def stop(at: PullProgress) -> None:
        if at.pages == 4:
            raise Stopped

    async with tiktok_shop({"S1": "100"}, {"S2": "1"}) as shop:
        for wish in ({"since": "2026-04-01"}, {"since": "2026-05-01", "again": True}, {"again": True}):
            with pytest.raises(Stopped):
                await pulled(api, shop, report=stop, since="2026-05-01", until="2026-05-10")
            shop.asked.clear()
            anew = await pulled(api, shop, until="2026-05-10", **wish)
            assert [each.resumed for each in anew.windows] == [False], wish
            assert shop.calls()[0] == "", wish
            assert await pending(api) == 10_100


async def test_a_gap_is_reported_and_not_forgotten(api: Api) -> None:
    async with tiktok_shop({"S1": "100"}) as shop:
        await pulled(api, shop, since="2026-05-01", until="2026-05-10")
        later = await pulled(api, shop, since="2026-05-12", until="2026-05-20")
        assert later.document()["gap"] == {
            "since": "2026-05-09T17:00:00.000000Z",
            "until": "2026-05-11T17:00:00.000000Z",
        }
        rest = await pulled(api, shop, overlap=timedelta(0))
        # What was skipped is asked for: it goes on behind what is whole.
        assert rest.document()["stretches"][0]["since"] == "2026-05-09T17:00:00.000000Z"
        assert rest.gap is None


async def test_two_shops_of_one_account_are_pulled_apart(api: Api) -> None:
    async with tiktok_shop({"S1": "100"}) as shop:
        await pulled(api, shop, since="2026-05-01", until="2026-05-10")
        with pytest.raises(InvalidCommand, match="from when"):
            await pulled(api, shop, credentials={"shopCipher": "cipher-2"})
        with pytest.raises(InvalidCommand, match="from when"):
            await pulled(api, shop, seller="another")


async def test_of_two_at_the_same_shop_the_later_one_goes_on(api: Api) -> None:
    async with tiktok_shop({"S1": "100"}, {"S2": "1"}) as shop:

        async def overtake() -> None:
            shop.meanwhile = None
            await pulled(api, shop, since="2026-05-01", until="2026-05-10", again=True)

        shop.meanwhile = overtake
        with pytest.raises(TakenOver):
            await pulled(api, shop, since="2026-05-01", until="2026-05-10")
        row = await api.ledger.pool.fetchrow("SELECT state, resume, pages FROM pulls")
        assert row is not None
        # Two pages of statements with one of transactions each, and three calls more.
        assert tuple(row) == ("done", None, 7), "the earlier one wrote nothing over it"
        assert await pending(api) == 10_100
        assert await booked(api) == 2


@pytest.mark.parametrize(
    ("wish", "wrong"),
    [
        ({}, "since"),
        ({"since": "soon"}, "since"),
        ({"since": "2026-02-30"}, "since"),
        ({"since": "2026-05-01", "until": "tomorrow"}, "until"),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "since"),
        ({"since": "2026-05-01", "until": "2099-01-01"}, "since"),
        ({"since": "2098-05-01"}, "since"),
    ],
)
async def test_a_period_that_cannot_be_asked_for_names_its_field(api: Api, wish: dict[str, Any], wrong: str) -> None:
    async with tiktok_shop({"S1": "1"}) as shop:
        with pytest.raises(InvalidCommand) as caught:
            await pulled(api, shop, **wish)
        assert caught.value.field == wrong
        assert shop.asked == []
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM pulls") == 0


async def test_a_token_that_expires_leaves_what_was_booked_and_a_new_one_goes_on(api: Api) -> None:
    async with tiktok_shop({"S1": "100"}, {"S2": "1"}) as shop:

        def expire(at: PullProgress) -> None:
            shop.token = "renewed" if at.pages >= 2 else shop.token

        with pytest.raises(PullFailed) as caught:
            await pulled(api, shop, report=expire, since="2026-05-01", until="2026-05-10")
        assert caught.value.retry is Retry.AUTHORISE
        assert await pending(api) == 10_000
        shop.asked.clear()
        await pulled(api, shop, since="2026-05-01", until="2026-05-10", credentials={"accessToken": "renewed"})
        assert shop.calls() == ["1"]
        assert await pending(api) == 10_100
