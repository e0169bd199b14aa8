"""A signed request that somebody has caught and sends again: for another account, or as another request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.ledger.api_keys import SCOPES
from service.platform.request_signature import GOOD_SECONDS
from service.platform.settings import Settings
from tests.support.api import Api, Caller, serving
from tests.support.signing import plain, signed

PAYOUT = b'{"amount":10,"currency":"IDR"}'
COMMANDS = (
    b'{"commands":[{"type":"recordRevenue","accountId":"acc_1","amount":7,"currency":"IDR","reference":"o-7"},'
    b'{"type":"recordRevenue","accountId":"acc_1","amount":8,"currency":"IDR","reference":"o-7"}]}'
)
ON_BEHALF_OF = ("X-Storlaunch-On-Behalf-Of", "X-Plugipay-On-Behalf-Of")


@pytest.fixture
async def replicas(settings: Settings) -> AsyncIterator[tuple[Api, Api]]:
    """Two services of one ledger with two merchants, who both have money."""
    async with serving(settings) as one, serving(settings) as two:
        for account in ("acc_1", "acc_2"):
            await one.merchant(account, available=1000)
        yield one, two


async def available(api: Api, account: str) -> int:
    amount = await api.ledger.pool.fetchval("SELECT available FROM balances WHERE account_id = $1", account)
    assert isinstance(amount, int)
    return amount


@pytest.mark.parametrize("header", ON_BEHALF_OF)
@pytest.mark.parametrize("key", [None, "k-1"])
@pytest.mark.parametrize("same_replica", [True, False])
async def test_a_signature_is_good_for_one_account(
    replicas: tuple[Api, Api], header: str, key: str | None, same_replica: bool
) -> None:
    one, two = replicas
    platform = await one.caller()
    headers = signed(platform, "POST", "/v1/payouts", PAYOUT, key=key)
    first = await plain(one, "POST", "/v1/payouts", {**headers, header: "acc_1"}, PAYOUT)
    assert first.status == 201
    other = one if same_replica else two
    for name in ON_BEHALF_OF:
        stolen = await plain(other, "POST", "/v1/payouts", {**headers, name: "acc_2"}, PAYOUT)
        assert (stolen.status, stolen.error["code"]) == (401, "INVALID_SIGNATURE")
    assert [await available(one, account) for account in ("acc_1", "acc_2")] == [990, 1000]
    # Whoever sent it may ask again: it is the same request, and has the same answer.
    again = await plain(other, "POST", "/v1/payouts", {**headers, header: "acc_1"}, PAYOUT)
    assert (again.status, again.raw, again.headers["Idempotency-Replayed"]) == (201, first.raw, "true")
    assert await available(one, "acc_1") == 990


async def test_two_accounts_at_the_same_moment_get_one_of_them(replicas: tuple[Api, Api]) -> None:
    """Both replicas see it first: one row decides, so the account that came second is refused, whichever that is."""
    one, two = replicas
    platform = await one.caller()
    headers = signed(platform, "POST", "/v1/payouts", PAYOUT)
    signature = headers["Authorization"].rpartition("signature=")[2]
    async with one.ledger.pool.acquire() as connection:
        async with connection.transaction():
            # The first one's row is not committed yet: the second has to wait for it, and must not pass it.
            await connection.execute("INSERT INTO seen_signatures VALUES ($1, 'acc_1')", signature)
            headers |= {ON_BEHALF_OF[0]: "acc_2"}
            second = asyncio.create_task(plain(two, "POST", "/v1/payouts", headers, PAYOUT))
            while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert not second.done()
                await asyncio.sleep(0.01)
        refused = await second
    assert (refused.status, refused.error["code"]) == (401, "INVALID_SIGNATURE")
    assert await available(one, "acc_2") == 1000


async def test_without_a_signed_key_the_signature_is_the_key(replicas: tuple[Api, Api]) -> None:
    one, two = replicas
    merchant = await one.caller("acc_1")
    headers = signed(merchant, "POST", "/v1/payouts", PAYOUT)
    first = await plain(one, "POST", "/v1/payouts", headers, PAYOUT)
    again = [await plain(api, "POST", "/v1/payouts", headers, PAYOUT) for api in (one, two, two)]
    assert {(each.status, each.raw) for each in again} == {(201, first.raw)}
    assert await available(one, "acc_1") == 990


async def test_each_command_of_a_request_sent_again_is_the_same_command(replicas: tuple[Api, Api]) -> None:
    one, two = replicas
    merchant = await one.caller("acc_1")
    headers = signed(merchant, "POST", "/v1/commands", COMMANDS)
    first = await plain(one, "POST", "/v1/commands", headers, COMMANDS)
    assert [each["status"] for each in first.data["results"]] == ["accepted", "accepted"]
    again = await plain(two, "POST", "/v1/commands", headers, COMMANDS)
    assert again.data == first.data
    assert await one.ledger.pool.fetchval("SELECT recorded FROM orders WHERE reference = 'o-7'") == 15


@pytest.mark.parametrize("on_behalf_of", [True, False])
async def test_a_key_that_is_not_signed_is_refused_on_a_signed_mutation(api: Api, on_behalf_of: bool) -> None:
    await api.merchant("acc_1", available=1000)
    caller: Caller = await api.caller("acc_1", scopes=SCOPES, on_behalf_of=on_behalf_of)
    headers = signed(caller, "POST", "/v1/payouts", PAYOUT)
    refused = await plain(api, "POST", "/v1/payouts", {**headers, "X-Idempotency-Key": "k-2"}, PAYOUT)
    assert (refused.status, refused.error["field"]) == (400, "X-Idempotency-Key")
    assert await available(api, "acc_1") == 1000
    # The SDK sends both, and signs one. What only reads changes nothing, whatever its key.
    headers = signed(caller, "POST", "/v1/payouts", PAYOUT, key="k-3")
    assert (await plain(api, "POST", "/v1/payouts", {**headers, "X-Idempotency-Key": "k-3"}, PAYOUT)).status == 201
    headers = signed(caller, "GET", "/v1/payouts")
    assert (await plain(api, "GET", "/v1/payouts", {**headers, "X-Idempotency-Key": "k-4"})).status == 200


async def test_a_platform_may_read_several_accounts_in_the_same_second(replicas: tuple[Api, Api]) -> None:
    one, _ = replicas
    platform = await one.caller()
    headers = signed(platform, "GET", "/v1/payouts/balance")
    for account in ("acc_1", "acc_2", "acc_1"):
        answer = await plain(one, "GET", "/v1/payouts/balance", {**headers, ON_BEHALF_OF[0]: account})
        assert answer.data["available"] == 1000


async def test_what_is_good_for_nothing_any_more_is_forgotten(api: Api) -> None:
    await api.merchant("acc_1", available=1000)
    platform = await api.caller()
    await api.ledger.pool.execute(
        "INSERT INTO seen_signatures SELECT 'old ' || n, 'acc_1', now() - make_interval(secs => $1) "
        "FROM generate_series(1, 15) AS n",
        float(2 * GOOD_SECONDS + 60),
    )
    await api.ledger.pool.execute(
        "INSERT INTO seen_signatures VALUES ('good', 'acc_1', now() - make_interval(secs => $1))",
        float(GOOD_SECONDS - 1),
    )
    for key in ("k-1", "k-2"):
        headers = signed(platform, "POST", "/v1/payouts", PAYOUT, key=key)
        assert (await plain(api, "POST", "/v1/payouts", {**headers, ON_BEHALF_OF[0]: "acc_1"}, PAYOUT)).status == 201
    left = [row["signature"] for row in await api.ledger.pool.fetch("SELECT signature FROM seen_signatures")]
    assert "good" in left
    assert len(left) == 3
