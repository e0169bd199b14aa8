"""Files taken in over HTTP: how far each is, what nobody could read, and going on where one was interrupted."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from service.imports import import_jobs
from service.platform.settings import Settings
from tests.service.marketplaces.samples import sample
from tests.support.api import Answer, Api, Caller, serving
from tests.support.described import checked_session
from tests.support.refusals import complaints
from tests.support.served import served
from tests.support.tables import as_owner, read_tables
from tests.support.waiting import until

SEED = sample("lazada-get-payout-status.xml")
IMPORTS = "/v1/settlements/imports"


@pytest_asyncio.fixture
async def seller(api: Api) -> AsyncIterator[Caller]:
    yield await api.caller("acc_1")


def statement(number: int, payout: str = "1.00 IDR") -> dict[str, str]:
    at = f"2018-{1 + number // 28 % 12:02}-{1 + number % 28:02} {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    return {"statement_number": f"S-{number}", "created_at": at, "payout": payout, "paid": "0"}


def lines_of(count: int, *wrong: int) -> bytes:
    """Statements of one rupiah each, one a line; those at `wrong` have an amount that is none."""
    return b"".join(
        json.dumps(statement(number, f"odd{number}" if number in wrong else "1.00 IDR")).encode() + b"\n"
        for number in range(count)
    )


async def upload(caller: Caller, content: bytes, query: str = "", **headers: str) -> Answer:
    return await caller.call("POST", f"{IMPORTS}?channel=lazada{query}", raw=content, headers=headers)


async def ended(caller: Caller, import_id: str) -> dict[str, Any]:
    """The import once it is done or failed."""
    found: dict[str, Any] = {}

    async def is_over() -> bool:
        found.update((await caller.get(f"{IMPORTS}/{import_id}")).data)
        return bool(found["state"] != "reading")

    await until(is_over, f"{import_id} ends", seconds=60)
    return found


async def kept(settings: Settings, statement_number: str | None = None) -> int:
    """How many records are kept, or how often one is."""
    owner = await as_owner(settings)
    try:
        found = await owner.fetchval(
            "SELECT count(*) FROM deliveries WHERE $1::text IS NULL OR event_id = $1", statement_number
        )
        assert isinstance(found, int)
        return found
    finally:
        await owner.close()


async def pending(caller: Caller) -> int:
    found = (await caller.get("/v1/payouts/balance?currency=IDR")).data["pending"]
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("&wait=false", {}),
        ("", {"Prefer": "respond-async"}),
        ("", {"Prefer": "handling=lenient, Respond-Async; wait=10"}),
        ("&wait=false", {"Prefer": "return=minimal"}),
    ],
)
async def test_an_answer_before_the_file_is_read_says_where_to_ask(
    seller: Caller, query: str, headers: dict[str, str]
) -> None:
    begun = await upload(seller, SEED, query + "&file=seed.xml", **headers)
    assert begun.status == 202, begun.raw
    assert begun.data == {"id": begun.data["id"], "state": "reading"}
    assert begun.headers["Location"] == f"{IMPORTS}/{begun.data['id']}"
    assert begun.headers.get("Preference-Applied") == ("respond-async" if "&wait" not in query else None)
    found = await ended(seller, begun.data["id"])
    times = [found.pop(name) for name in ("startedAt", "updatedAt", "endedAt")]
    assert times == sorted(times)
    receipt = found.pop("receipt")
    assert (receipt["read"], receipt["booked"], receipt["closes"]) == (2, 2, True)
    assert found == {
        "id": begun.data["id"], "channel": "lazada", "file": "seed.xml", "state": "done", "error": None,
        "bytes": len(SEED), "bytesTotal": len(SEED), "problems": [], "reread": None,
        "read": 2, "new": 2, "changed": 0, "unchanged": 0, "lines": 0, "unreadable": 0,
    }  # fmt: skip


async def test_waiting_is_the_default_and_the_query_goes_before_the_header(seller: Caller) -> None:
    for query, headers in (("", {}), ("&wait=true", {"Prefer": "respond-async"}), ("", {"Prefer": "return=minimal"})):
        done = await upload(seller, SEED, query, **headers)
        assert (done.status, done.data["state"], done.data["read"]) == (200, "done", 2)
        assert (await seller.get(f"{IMPORTS}/{done.data['id']}")).data == done.data


async def test_the_same_again_under_its_id_is_answered_without_being_read(seller: Caller, settings: Settings) -> None:
    first = await upload(seller, SEED, **{"Import-Id": "may.2026:1"})
    assert (first.data["id"], first.data["new"]) == ("may.2026:1", 2)
    before = await read_tables(settings)
    again = await upload(seller, SEED, "&importId=may.2026:1")
    assert (again.status, again.data) == (200, first.data)
    assert (await upload(seller, SEED, "&wait=false", **{"Import-Id": "may.2026:1"})).data == first.data
    for content, query in ((SEED + b" ", ""), (SEED, "&file=other"), (SEED, "&collects=platform"), (SEED, "&seller=x")):
        refused = await upload(seller, content, query, **{"Import-Id": "may.2026:1"})
        assert complaints(refused, status=409, field="Import-Id") == []
        assert refused.error["code"] == "IDEMPOTENCY_MISMATCH"
    assert await read_tables(settings) == before


async def test_two_at_once_under_one_id_are_one_import(seller: Caller, settings: Settings) -> None:
    content = lines_of(1500)
    answers = await asyncio.gather(*(upload(seller, content, **{"Import-Id": "twice"}) for _ in range(2)))
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].data == answers[1].data
    assert (answers[0].data["read"], answers[0].data["new"]) == (1500, 1500)
    assert await kept(settings) == 1500


async def places_kept(settings: Settings) -> set[str]:
    """The records of files of which it is known what they stated."""
    owner = await as_owner(settings)
    rows = await owner.fetch("SELECT stated FROM import_readings")
    await owner.close()
    return {place for row in rows for place, *_ in json.loads(row["stated"])}


async def test_a_service_that_is_stopped_in_the_middle_goes_on_where_it_was(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only what nobody can read, and the stop, are reasons to note how far it is.
    monkeypatch.setattr(import_jobs, "RECORD_SECONDS", 3600)
    content = lines_of(1200, 7)
    async with serving(settings) as api:
        seller = await api.caller("acc_1")
        begun = await upload(seller, content, "&wait=false", **{"Import-Id": "stopped"})
        assert begun.status == 202

        async def some_are_booked() -> bool:
            return await kept(settings) > 400

        await until(some_are_booked, "a few slices are booked")
    async with serving(settings) as api:
        caller = Caller(api.session, api.base, seller.key)
        halfway = (await caller.get(f"{IMPORTS}/stopped")).data
        assert (halfway["state"], halfway["error"]["code"]) == ("failed", "UNAVAILABLE")
        assert "under this id" in halfway["error"]["message"]
        assert 400 < halfway["read"] < 1200
        # It stopped behind a slice, and noted that slice.
        assert await kept(settings) == halfway["read"]
        done = (await upload(caller, content, **{"Import-Id": "stopped"})).data
        # Nothing is read twice: what was new stays new.
        assert (done["read"], done["new"], done["unchanged"], done["unreadable"]) == (1200, 1199, 0, 1)
        assert await kept(settings) == 1200
        assert await pending(caller) == 119_900
        assert (done["startedAt"], done["bytes"]) == (halfway["startedAt"], len(content))
    assert await places_kept(settings) == {f"line {number + 1}" for number in range(1200) if number != 7}


async def test_a_service_that_is_killed_in_the_middle_goes_on_behind_what_it_noted(settings: Settings) -> None:
    # What nobody can read is noted at once: that tells when to kill it.
    content = lines_of(2_000, 3)
    async with serving(settings) as api:
        key = (await api.caller("acc_1")).key
    async with checked_session() as session:
        async with served(settings) as service:
            caller = Caller(session, service.base, key)
            assert (await upload(caller, content, "&wait=false", **{"Import-Id": "killed"})).status == 202

            async def begun() -> bool:
                return bool((await caller.get(f"{IMPORTS}/killed")).data["read"])

            await until(begun, "the first slice is noted")
            await service.kill()
        async with served(settings) as service:
            caller = Caller(session, service.base, key)
            halfway = (await caller.get(f"{IMPORTS}/killed")).data
            assert (halfway["state"], 0 < halfway["read"] < 2_000) == ("reading", True)
            done = (await upload(caller, content, **{"Import-Id": "killed"})).data
            assert (done["state"], done["read"], done["unreadable"]) == ("done", 2_000, 1)
            assert (done["new"] + done["unchanged"], done["changed"]) == (1_999, 0)
            assert await pending(caller) == 199_900
            assert [each["place"] for each in done["problems"]] == ["line 4"]
    assert await places_kept(settings) == {f"line {number + 1}" for number in range(2_000) if number != 3}
    # The first slice was passed over: its records are kept once, and the money is booked once.
    assert await kept(settings, "S-0") == 1
    owner = await as_owner(settings)
    assert await owner.fetchval("SELECT count(*) FROM events WHERE type = 'channel.money_booked'") == 1_999
    await owner.close()


async def test_all_that_nobody_could_read_is_listed_and_can_be_looked_at(seller: Caller) -> None:
    wrong = range(0, 500, 2)
    done = (await upload(seller, lines_of(500, *wrong), "&file=odd.jsonl")).data
    assert (done["new"], done["unreadable"], len(done["problems"])) == (250, 250, 100)
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await seller.get(f"{IMPORTS}/{done['id']}/problems?limit=90{cursor}")
        seen += answer.data
        if answer.meta["cursor"] is None:
            break
        cursor = f"&cursor={answer.meta['cursor']}"
    assert [each["place"] for each in seen] == [f"line {number + 1}" for number in wrong]
    assert seen[:100] == done["problems"]
    assert "'odd498' is not an amount" in seen[-1]["reason"]
    delivery = (await seller.get(f"/v1/deliveries/{seen[-1]['deliveryId']}?body=true")).data
    assert (delivery["verdict"], delivery["origin"]) == ("unreadable", "odd.jsonl#line 499")
    assert "odd498" in json.dumps(delivery)
    assert (await seller.get(f"{IMPORTS}/{done['id']}/problems?cursor=cur_x")).status == 400


async def test_imports_are_listed_newest_first_and_paged(seller: Caller) -> None:
    for number in range(5):
        await upload(seller, lines_of(number + 1), **{"Import-Id": f"n{number}"})
    first = await seller.get(f"{IMPORTS}?limit=2")
    assert [each["id"] for each in first.data] == ["n4", "n3"]
    assert (first.data[0]["read"], "problems" in first.data[0]) == (5, False)
    await upload(seller, SEED, **{"Import-Id": "later"})
    second = await seller.get(f"{IMPORTS}?limit=2&cursor={first.meta['cursor']}")
    assert [each["id"] for each in second.data] == ["n2", "n1"]
    last = await seller.get(f"{IMPORTS}?limit=2&cursor={second.meta['cursor']}")
    assert ([each["id"] for each in last.data], last.meta["cursor"]) == (["n0"], None)
    assert (await seller.get(f"{IMPORTS}?state=failed")).data == []
    for wrong in ("state=gone", f"state=done&cursor={first.meta['cursor']}", "cursor=cur_x", "limit=0"):
        assert (await seller.get(f"{IMPORTS}?{wrong}")).status == 400, wrong


async def test_an_account_sees_its_own_imports_alone(api: Api, seller: Caller) -> None:
    await upload(seller, SEED, **{"Import-Id": "mine"})
    other = await api.merchant("acc_2")
    for path in (f"{IMPORTS}/mine", f"{IMPORTS}/mine/problems"):
        assert complaints(await other.get(path), status=404, field="importId") == []
    assert (await other.get(IMPORTS)).data == []
    # The same id is another import elsewhere, with whatever content.
    assert (await upload(other, SEED + b"\n", **{"Import-Id": "mine"})).data["new"] == 2
    assert (await seller.get(f"{IMPORTS}/mine")).data["bytes"] == len(SEED)


async def test_what_cannot_be_read_at_all_is_told_and_writes_nothing(seller: Caller, settings: Settings) -> None:
    before = await read_tables(settings)
    for content, query, headers, field in (
        (b"", "", {}, "body"),
        (SEED, "&wait=maybe", {}, "wait"),
        (SEED, "", {"Import-Id": "a b"}, "Import-Id"),
        (SEED, "", {"Import-Id": "x" * 65}, "Import-Id"),
        (SEED, "&importId=a", {"Import-Id": "b"}, "Import-Id"),
        (SEED, "&importId=", {}, "Import-Id"),
    ):
        refused = await upload(seller, content, query, **headers)
        assert complaints(refused, status=400, field=field) == [], query
    for channel in ("tiktok", "tokopedia"):
        refused = await seller.call("POST", f"{IMPORTS}?channel={channel}", raw=SEED)
        assert complaints(refused, status=400, field="body") == []
        assert "looks like xml" in refused.error["message"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as parts:
        parts.writestr("statements.xml", SEED)
    for content, said in (
        (packed.getvalue(), "a zip file that holds no workbook: it has statements.xml; unpack it"),
        (packed.getvalue()[:-20], "a zip file that is damaged"),
    ):
        refused = await upload(seller, content)
        assert complaints(refused, status=400, field="body") == []
        assert said in refused.error["message"]
    assert await read_tables(settings) == before


async def test_the_first_import_of_an_account_keeps_and_lists_what_nobody_can_read(
    seller: Caller, settings: Settings
) -> None:
    """There is no currency to open the account in yet: the next file opens it, and its owner sees what was kept."""
    nothing = lines_of(1, 0)
    answer = await upload(seller, nothing, **{"Import-Id": "waited"})
    assert answer.status == 200, answer.raw
    assert (answer.data["state"], answer.data["read"], answer.data["unreadable"], answer.data["new"]) == (
        "done",
        1,
        1,
        0,
    )
    (problem,) = answer.data["problems"]
    assert problem["reason"]
    begun = await upload(seller, nothing, "&wait=false", **{"Import-Id": "not-waited"})
    assert begun.status == 202
    assert ((await ended(seller, "not-waited"))["state"], (await read_tables(settings, "accounts"))["accounts"]) == (
        "done",
        [row for row in (await read_tables(settings, "accounts"))["accounts"] if "system" in row],
    )
    await upload(seller, lines_of(1))
    assert (await upload(seller, nothing, **{"Import-Id": "again"})).data["unreadable"] == 1
    owner = await as_owner(settings)
    try:
        kept = await owner.fetch("SELECT delivery_id::text, account_id FROM deliveries WHERE verdict = 'unreadable'")
        assert problem["deliveryId"] in {row["delivery_id"] for row in kept}
        assert {row["account_id"] for row in kept} == {"acc_1"}
    finally:
        await owner.close()


async def answer_to_head(seller: Caller, size: int) -> int:
    """The status that is answered where a body is announced, and not sent."""
    url = URL(seller.base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(
            f"POST {IMPORTS}?channel=lazada HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {seller.key.secret}\r\n"
            f"Content-Length: {size}\r\n\r\n".encode()
        )
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), 20)
    finally:
        writer.close()
        await writer.wait_closed()
    return int(line.split()[1])


async def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"import_bytes_max": 20_000})) as api:
        seller = await api.caller("acc_1")

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b" " * 1000

        assert await answer_to_head(seller, 20_001) == 413, "nobody has to send it first"
        for body in (b" " * 20_001, endless()):
            refused = await upload(seller, body)  # type: ignore[arg-type]
            assert complaints(refused, status=413, field="body") == []
            assert refused.error["code"] == "PAYLOAD_TOO_LARGE"
        assert (await upload(seller, SEED)).status == 200
        assert len((await seller.get(IMPORTS)).data) == 1


async def test_there_is_room_for_so_many_at_once(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"imports_account_max": 1})) as api:
        seller = await api.caller("acc_1")
        half, rest = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield SEED[:100]
            half.set()
            await rest.wait()
            yield SEED[100:]

        first = asyncio.create_task(upload(seller, slowly()))  # type: ignore[arg-type]
        await half.wait()

        async def is_full() -> bool:
            refused = await upload(seller, SEED)
            if refused.status == 200:
                return False
            assert complaints(refused, status=503) == []
            return "Retry-After" in refused.headers

        await until(is_full, "the first one has its place")
        rest.set()
        assert (await first).status == 200
        assert (await upload(seller, SEED)).status == 200


async def test_an_upload_that_breaks_off_is_none(api: Api, seller: Caller) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield SEED[:100]
        raise ConnectionResetError

    with pytest.raises((aiohttp.ClientError, ConnectionResetError)):
        await upload(seller, breaking(), **{"Import-Id": "broken"})  # type: ignore[arg-type]
    assert (await seller.get(f"{IMPORTS}/broken")).status == 404
    assert (await upload(seller, SEED, **{"Import-Id": "broken"})).data["new"] == 2
