"""Whoever asks too often is told when to come again, and the others notice nothing of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import aiohttp
import orjson
import pytest

from service.http import openapi
from service.http.middleware import TokenBuckets
from service.ledger.api_keys import KeyRing
from service.platform.runtime import REAL, Runtime
from service.platform.settings import Settings
from tests.service.http.test_metrics import of, scrape
from tests.service.http.webhooks.sending import an_account, paid, post
from tests.support.api import Answer, Api, Caller, serving
from tests.support.signing import signed

BALANCE = "/v1/payouts/balance"


class Standing:
    """A monotonic clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.runtime: Runtime = dataclasses.replace(REAL, monotonic=lambda: self.seconds)


@pytest.fixture
def clock() -> Standing:
    return Standing()


def limited(settings: Settings, **limits: float) -> Settings:
    return settings.model_copy(update={f"{name}_requests_per_second": value for name, value in limits.items()})


def assert_limited(answer: Answer, limit: str, seconds: int) -> None:
    assert (answer.status, answer.error["code"]) == (429, "RATE_LIMITED")
    assert answer.error["details"] == {"limit": limit}
    assert answer.headers["Retry-After"] == str(seconds)


async def statuses(caller: Caller, number: int) -> list[int]:
    return [(await caller.get(BALANCE)).status for _ in range(number)]


async def test_a_key_that_asks_too_often_comes_again_later_and_another_key_is_not_touched(
    settings: Settings, clock: Standing
) -> None:
    async with serving(limited(settings, key=0.5), clock.runtime) as api:
        merchant = await api.merchant(bank=False)
        other = await api.caller("acc_1")
        # Two seconds' requests are less than one: one may come at once. Opening the account was that one.
        assert_limited(await merchant.get(BALANCE), "key", 2)
        assert (await other.get(BALANCE)).status == 200
        clock.seconds += 1.5
        assert_limited(await merchant.get(BALANCE), "key", 1)
        clock.seconds += 0.5
        assert await statuses(merchant, 2) == [200, 429]
        assert of(await scrape(api), "requests_limited_total", kind="key") == 3
        assert (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).status == 429


async def test_an_account_that_is_asked_about_too_often_is_limited_for_all_of_its_keys_and_no_other_is(
    settings: Settings, clock: Standing
) -> None:
    async with serving(limited(settings, account=3), clock.runtime) as api:
        merchant, other = await api.merchant(bank=False), await api.merchant("acc_2", bank=False)
        platform = await api.caller()
        assert await statuses(merchant, 5) == [200] * 5
        behalf = {"X-Storlaunch-On-Behalf-Of": "acc_1"}
        for answer in (
            await merchant.get(BALANCE),
            await (await api.caller("acc_1")).get(BALANCE),
            await platform.get(BALANCE, **behalf),
        ):
            assert_limited(answer, "account", 1)
        assert await statuses(other, 5) == [200] * 5
        assert (await platform.get(BALANCE, **{**behalf, "X-Storlaunch-On-Behalf-Of": "acc_2"})).status == 429
        clock.seconds += 1
        assert await statuses(merchant, 4) == [200, 200, 200, 429]
        clock.seconds += 1000
        assert await statuses(merchant, 7) == [200] * 6 + [429], "no more gathers than may come at once"


async def guess(api: Api, number: int = 0, **headers: str) -> Answer:
    authorization = {"Authorization": f"Bearer sk_live_{number:064x}", **headers}
    async with api.session.get(api.base + BALANCE, headers=authorization) as response:
        return Answer(response.status, await response.read(), await response.json(), response.headers)


async def test_an_address_that_tries_keys_is_answered_429_without_a_look_up_and_known_keys_go_on(
    settings: Settings, clock: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(limited(settings, stranger=2), clock.runtime) as api:
        merchant, new = await api.merchant(), await api.caller("acc_1")
        assert await statuses(merchant, 20) == [200] * 20, "a proven key takes nothing from its address"
        assert [(await guess(api, number)).status for number in range(4)] == [401] * 4
        looked_up: list[Any] = []
        real = KeyRing._find

        async def noted(ring: KeyRing, what: Any, statement: str, **more: Any) -> Any:
            before = len(ring._known)
            found = await real(ring, what, statement, **more)
            looked_up.append((found is not None, len(ring._known) - before))
            return found

        monkeypatch.setattr(KeyRing, "_find", noted)
        for number in range(5):
            assert_limited(await guess(api, number), "address", 1)
        assert_limited(await new.get(BALANCE), "address", 1)
        assert looked_up == [(False, 0)] * 6
        assert await statuses(merchant, 5) == [200] * 5
        async with api.session.get(api.base + BALANCE) as response:
            assert response.status == 429, "without any key, too"
        clock.seconds += 0.5
        assert (await new.get(BALANCE)).status == 200
        assert [(await guess(api, number)).status for number in range(2)] == [401, 429]


async def test_another_address_is_not_touched_by_one_that_tries_keys(settings: Settings, clock: Standing) -> None:
    async with serving(limited(settings, stranger=1), clock.runtime) as api:
        assert [(await guess(api)).status for _ in range(3)] == [401, 401, 429]
        connector = aiohttp.TCPConnector(local_addr=("127.0.0.9", 0))
        async with aiohttp.ClientSession(connector=connector) as session:
            elsewhere = dataclasses.replace(api, session=session)
            assert (await guess(elsewhere)).status == 401


async def test_keys_that_were_proven_stay_so_while_some_key_changes(settings: Settings, clock: Standing) -> None:
    async with serving(limited(settings, stranger=1), clock.runtime) as api:
        merchant = await api.merchant()
        assert [(await guess(api)).status for _ in range(3)] == [401, 401, 429]
        await api.caller("acc_1")
        await api.ledger.pool.execute("UPDATE api_key_epoch SET epoch = epoch + 1")
        clock.seconds += 0.6
        assert (await guess(api)).status == 429
        assert await statuses(merchant, 2) == [200, 200]


async def test_a_forged_signature_takes_nothing_from_the_key_that_it_names(settings: Settings, clock: Standing) -> None:
    async with serving(limited(settings, key=1, account=1, stranger=1000), clock.runtime) as api:
        merchant = await api.caller("acc_1")
        forged = dict(signed(merchant, "GET", "/v1/payouts"))
        for _ in range(10):
            async with api.session.get(api.base + BALANCE, headers=forged) as response:
                assert response.status == 401
        found = [(await merchant.get("/v1/payouts")).status for _ in range(3)]
        assert found == [404, 404, 429], "two may come at once, and the account is not open"


async def test_what_is_open_to_strangers_is_limited_but_for_probes_and_verified_webhooks(
    settings: Settings, clock: Standing
) -> None:
    async with serving(limited(settings, stranger=1), clock.runtime) as api:
        await an_account(api)
        for number in range(10):
            assert (await post(api, paid(f"evt_{number}"))).status == 200
        found = []
        for path in ("/openapi.json", "/openapi.json", "/openapi.json", "/metrics", "/healthz", "/readyz"):
            async with api.session.get(api.base + path) as response:
                found.append(response.status)
        assert found == [200, 200, 429, 429, 200, 200]
        assert_limited(await post(api, paid("evt_11"), header="t=1,v1=00"), "address", 1)


def test_buckets_stay_few_however_many_come_and_who_is_forgotten_gets_no_more_than_anybody(clock: Standing) -> None:
    buckets = TokenBuckets(1, 3, clock.runtime.monotonic)
    assert [buckets.take("first") for _ in range(5)] == [0, 0, 0, 1, 1]
    for number in range(100_000):
        assert buckets.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}") == 0
    assert len(buckets) <= 50_000
    assert [buckets.take("first") for _ in range(5)] == [0, 0, 0, 1, 1]


def test_who_keeps_coming_is_not_forgotten_for_others(clock: Standing) -> None:
    buckets = TokenBuckets(1, 3, clock.runtime.monotonic)
    for number in range(100_000):
        buckets.take(f"acc_{number}")
        if number % 10_000 == 0:
            buckets.spend("often")
    assert buckets.wait("often") == 8, "ten were taken, where three may come at once"


def test_a_debt_is_bounded(clock: Standing) -> None:
    buckets = TokenBuckets(1, 2, clock.runtime.monotonic)
    for _ in range(1000):
        buckets.spend("stranger")
    assert buckets.wait("stranger") <= 11


async def test_the_document_says_it_of_every_operation_and_is_made_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: Any, **__: Any) -> None:
        raise AssertionError("it is made anew")

    monkeypatch.setattr(openapi, "document", unexpected)
    monkeypatch.setattr(orjson, "dumps", unexpected)
    async with api.session.get(f"{api.base}/openapi.json") as response:
        document = orjson.loads(await response.read())
    monkeypatch.undo()
    for name in ("RateLimited", "Unavailable"):
        header = document["components"]["responses"][name]["headers"]["Retry-After"]
        assert header["schema"] == {"type": "integer", "minimum": 1}
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    unlimited = {each["operationId"] for each in operations if "429" not in each["responses"]}
    assert unlimited == {"isAlive", "isReady"}
    assert all("503" in each["responses"] for each in operations if each["operationId"] not in unlimited)
