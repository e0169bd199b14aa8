"""Whoever sends a file slowly, or not at all, keeps nobody else from sending theirs, and is not waited for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from service.imports.import_jobs import ImportPlaces, PlacesMax
from service.ledger.write_failures import Unavailable
from service.platform.settings import Settings
from tests.service.marketplaces.samples import sample
from tests.support.api import Answer, Caller, serving
from tests.support.refusals import complaints
from tests.support.tables import as_owner
from tests.support.waiting import until, until_blocked

FILE = sample("lazada-get-payout-status.xml")
IMPORTS_PATH = "/v1/settlements/imports?channel=lazada"


async def send(caller: Caller, content: bytes | AsyncIterator[bytes]) -> Answer:
    return await caller.call("POST", IMPORTS_PATH, raw=content)  # type: ignore[arg-type]


class StandingStill:
    """Uploads that have begun, and of which nothing more comes until `go_on`."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = 0

    async def content(self) -> AsyncIterator[bytes]:
        yield FILE[:100]
        self.begun += 1
        await self.go_on.wait()
        yield FILE[100:]


async def test_uploads_that_stand_still_take_the_places_of_their_own_account(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"imports_account_max": 8})) as api:
        slow, quick = await api.caller("acc_slow"), await api.caller("acc_quick")
        still = StandingStill()

        def begin() -> asyncio.Task[Answer]:
            return asyncio.create_task(send(slow, still.content()))

        uploads = [begin() for _ in range(8)]

        async def all_have_begun() -> bool:
            uploads[:] = [begin() if each.done() else each for each in uploads]
            if still.begun < len(uploads) or any(each.done() for each in uploads):
                return False
            refused = await send(slow, FILE)
            if refused.status == 200:
                # It had a place that one of them was refused, which begins again.
                still.begun -= sum(each.done() for each in uploads)
            return refused.status == 503 and "of this account" in refused.error["message"]

        await until(all_have_begun, "all places of the account are taken")
        assert (await send(quick, FILE)).status == 200, "as many files as can be read at once stand still"
        still.go_on.set()
        assert {(await each).status for each in uploads} == {200}
        assert (await send(slow, FILE)).status == 200, "the places are free again"


async def test_a_file_that_is_here_waits_for_its_turn_to_be_read(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"imports_max": 1})) as api:
        first, second = await api.caller("acc_1"), await api.caller("acc_2")
        owner = await as_owner(settings)
        async with owner.transaction():
            await owner.execute("SELECT FROM lanes FOR UPDATE")
            reading = asyncio.create_task(send(first, FILE))
            await until_blocked(settings)
            begun = await second.call("POST", f"{IMPORTS_PATH}&wait=false", raw=FILE)
            assert begun.status == 202, "it is taken in, though nothing more can be read"
        await owner.close()
        assert (await reading).status == 200

        async def is_read() -> bool:
            return bool((await second.get(begun.headers["Location"])).data["state"] == "done")

        await until(is_read, "its turn came")


async def test_an_upload_that_stands_still_is_ended_and_gives_its_place_back(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"upload_idle_seconds": 0.2, "imports_account_max": 1})) as api:
        seller = await api.caller("acc_1")
        for _ in range(2):
            refused = await send(seller, StandingStill().content())
            assert complaints(refused, status=400, field="body") == []
            assert "in time" in refused.error["message"]
        assert (await send(seller, FILE)).status == 200


async def test_an_upload_that_always_moves_but_too_slowly_is_ended(settings: Settings) -> None:
    limits = {"upload_idle_seconds": 0.4, "upload_bytes_per_second_min": 10**9}
    async with serving(settings.model_copy(update=limits)) as api:
        seller = await api.caller("acc_1")
        sent = 0

        async def dripping() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 1
                yield b" "
                await asyncio.sleep(0.01)

        refused = await send(seller, dripping())
        assert complaints(refused, status=400, field="body") == []
        assert sent > 3, "no pause was as long as it may stand still"


async def test_all_accounts_together_have_so_many_places_and_each_is_given_back() -> None:
    places = ImportPlaces(PlacesMax(of_account=2, of_all=3, read=1))
    with contextlib.ExitStack() as taken:
        taken.enter_context(places.place("a"))
        taken.enter_context(places.place("a"))
        with pytest.raises(Unavailable, match="2 files of this account"):
            places.place("a").__enter__()
        taken.enter_context(places.place("b"))
        with pytest.raises(Unavailable, match="3 files are"):
            places.place("c").__enter__()
    with places.place("c"), places.place("a"):
        pass


async def test_so_many_are_read_at_once_and_the_next_one_after_them() -> None:
    places = ImportPlaces(PlacesMax(of_account=9, of_all=9, read=1))
    read: list[str] = []

    async def read_one(name: str) -> None:
        async with places.reading():
            read.append(name)

    async with places.reading():
        others = [asyncio.create_task(read_one(name)) for name in ("first", "second")]
        # Whatever can run has run by then.
        for _ in range(10):
            await asyncio.sleep(0)
        assert read == []
    await asyncio.gather(*others)
    assert read == ["first", "second"]
