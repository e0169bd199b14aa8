"""Banks' statements sent over HTTP: as many at once as there is room for files, marketplaces' among them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from service.platform.settings import Settings
from tests.service.marketplaces.samples import sample
from tests.support.api import Answer, Api, Caller, serving
from tests.support.refusals import complaints
from tests.support.tables import as_owner
from tests.support.waiting import until_blocked

TABLE = b"date,amount,description,reference\n2026-02-03,148000,SHOPEE WD,R-1\n"
BLANKS = b" " * (1 << 18)
IN_SOCKETS_MAX = 32 << 20
MARKETPLACE = sample("lazada-get-payout-status.xml")


async def send(caller: Caller, content: bytes | AsyncIterator[bytes]) -> Answer:
    path = "/v1/bank-statements?bankAccount=111&currency=IDR"
    return await caller.call("POST", path, raw=content)  # type: ignore[arg-type]


async def send_marketplaces(caller: Caller, content: bytes | AsyncIterator[bytes]) -> Answer:
    return await caller.call("POST", "/v1/settlements/imports?channel=lazada", raw=content)  # type: ignore[arg-type]


async def entries(api: Api) -> int:
    count = await api.ledger.pool.fetchval("SELECT count(*) FROM bank_entries")
    assert isinstance(count, int)
    return count


def assert_no_room(refused: Answer) -> None:
    assert complaints(refused, status=503) == []
    assert refused.error["code"] == "UNAVAILABLE"
    assert "Retry-After" in refused.headers


async def test_a_statement_that_is_still_being_sent_has_its_place(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"imports_account_max": 1})) as api:
        seller = await api.merchant()
        taken, rest = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b"{"
            # More than lies in sockets: somebody is reading it.
            for _ in range(IN_SOCKETS_MAX // len(BLANKS)):
                yield BLANKS
            taken.set()
            await rest.wait()
            yield b"}"

        first = asyncio.create_task(send(seller, slowly()))
        await asyncio.wait_for(taken.wait(), 20)
        assert_no_room(await send(seller, TABLE))
        assert_no_room(await send_marketplaces(seller, MARKETPLACE))
        assert await entries(api) == 0, "nothing of what was refused is there"
        rest.set()
        assert (await first).error["field"] == "file", "no bank writes JSON"
        assert (await send(seller, TABLE)).data["new"] == 1


async def test_a_statement_that_is_being_read_has_its_place_and_a_marketplaces_file_takes_one(
    settings: Settings,
) -> None:
    async with serving(settings.model_copy(update={"imports_account_max": 1})) as api:
        seller = await api.merchant()
        owner = await as_owner(settings)
        for sending, content in ((send, TABLE), (send_marketplaces, MARKETPLACE)):
            # Whatever is taken in waits for the head of its lane.
            async with owner.transaction():
                await owner.execute("SELECT FROM lanes FOR UPDATE")
                first = asyncio.create_task(sending(seller, content))
                await until_blocked(settings)
                assert_no_room(await send(seller, TABLE))
            assert (await first).status == 200
            assert (await send(seller, TABLE)).status == 200, "its place is free again"
        await owner.close()


async def test_a_statement_that_breaks_off_or_cannot_be_read_leaves_its_place(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"imports_account_max": 1})) as api:
        seller = await api.merchant()
        for _ in range(2):
            assert (await send(seller, b"{}")).status == 400
        assert (await send(seller, TABLE)).data["new"] == 1
