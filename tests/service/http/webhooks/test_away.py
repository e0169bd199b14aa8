"""Webhooks while the database or the broker is slow, gone or silent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from pydantic import SecretStr

from service.platform.settings import Settings
from service.plugipay.inbound.webhook_secrets import FRESH_SECONDS
from simulator.servers.kafka import start_broker
from tests.service.http.webhooks.sending import (
    Clock,
    a_payout,
    an_account,
    consuming,
    forged,
    on_the_topic,
    paid,
    part,
    post,
    reading,
    until_taken_in,
)
from tests.support.api import Api, serving
from tests.support.databases import Databases
from tests.support.tables import as_admin, as_owner
from tests.support.waiting import until, until_blocked
from tests.support.webhooks import signature


@contextlib.asynccontextmanager
async def slow_database(settings: Settings) -> AsyncIterator[None]:
    """Whoever asks who may sign waits for somebody's lock."""
    owner = await as_owner(settings)
    try:
        async with owner.transaction():
            await owner.execute("LOCK TABLE account_lanes, account_keys, webhook_secrets IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await owner.close()


async def test_with_a_slow_database_those_whose_secrets_are_known_are_still_taken(
    kafka_settings: Settings, clock: Clock
) -> None:
    async with serving(kafka_settings.model_copy(update={"webhook_answer_seconds": 3}), clock.runtime) as api:
        await an_account(api)
        await an_account(api, "acc_2")
        assert (await post(api, paid("evt_0"))).status == 200
        async with slow_database(kafka_settings):
            answers = await asyncio.gather(*(post(api, paid(f"evt_{number}")) for number in range(1, 201)))
            assert {answer.status for answer in answers} == {200}
            # Long after: what is remembered stands in, and is read again in the background.
            clock.ahead += 100 * FRESH_SECONDS
            asked = asyncio.create_task(post(api, paid("evt_201")))
            await until_blocked(kafka_settings)
            assert (await asked).status == 200
            # Nobody can say whether these are good: they come again.
            unknown, mismatched = await asyncio.gather(
                post(api, paid(account="acc_2")), post(api, paid(), forged(paid()))
            )
            for answer in (unknown, mismatched):
                assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
                assert int(answer.headers["Retry-After"]) > 0
        assert (await post(api, paid("evt_202", account="acc_2"))).status == 200
        assert (await post(api, paid(), forged(paid()))).status == 401
        assert len(await on_the_topic(kafka_settings)) == 203
        async with consuming(api, kafka_settings):
            taken_in = await until_taken_in(api, 203)
    assert {verdict for _, verdict, _ in taken_in} == {"accepted"}


async def test_with_the_database_gone_nobody_is_turned_away_for_good(
    kept: Api, kafka_settings: Settings, databases: Databases, clock: Clock
) -> None:
    await an_account(kept)
    await an_account(kept, "acc_2")
    assert (await post(kept, paid("evt_0"))).status == 200
    async with no_database(databases, kafka_settings):
        clock.ahead += 100 * FRESH_SECONDS
        assert (await post(kept, paid("evt_1"))).status == 200
        for body, header in (
            (paid(account="acc_2"), None),
            (paid(account="acc_nobody"), None),
            (paid(), forged(paid())),
        ):
            answer = await post(kept, body, header)
            assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
    assert (await post(kept, paid(account="acc_2"))).status == 200
    for body, header in ((paid(account="acc_nobody"), None), (paid(), forged(paid()))):
        assert (await post(kept, body, header)).status == 401
    assert len(await on_the_topic(kafka_settings)) == 3


@contextlib.asynccontextmanager
async def no_database(databases: Databases, settings: Settings) -> AsyncIterator[None]:
    """The database ends all connections and takes no new ones."""
    admin = await as_admin(databases, settings.model_copy(update={"database_url": "postgresql://x/postgres"}))
    name = settings.database_url.partition("?")[0].rpartition("/")[2]
    try:
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
    finally:
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
        await admin.close()


async def test_with_the_platforms_secret_nobody_has_to_be_known(kafka_settings: Settings) -> None:
    at = kafka_settings.model_copy(
        update={"plugipay_webhook_secret": SecretStr("whsec_platform"), "webhook_answer_seconds": 2}
    )
    async with serving(at) as api:
        body = paid(account="acc_nobody")
        header = signature(body, secret="whsec_platform")
        async with slow_database(at):
            assert (await post(api, body, header)).status == 200
        answer = await post(api, body)
        assert (answer.status, answer.error["code"]) == (401, "INVALID_SIGNATURE")
        [record] = await on_the_topic(at)
        assert record.key == b"acc_nobody"
        async with consuming(api, at):
            assert await until_taken_in(api, 1) == [("system", "accepted", None)]


async def test_with_the_broker_away_it_comes_again_and_lands(settings: Settings, broker: str) -> None:
    host, _, port = broker.split(",", maxsplit=1)[0].rpartition(":")
    # Held, and not listened on: whoever connects is refused.
    front = socket.socket()
    front.bind(("127.0.0.1", 0))
    at = settings.model_copy(
        update={"kafka_bootstrap_servers": f"127.0.0.1:{front.getsockname()[1]}", "webhook_answer_seconds": 1}
    )
    async with serving(at) as api:
        merchant, _ = await an_account(api)
        payout_id = await a_payout(merchant)
        answer = await post(api, paid())
        assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await part(api, "webhooks"))["ok"] is False
        assert (await merchant.get("/v1/payouts/balance")).status == 200
        async with forwarding(front, host, int(port)):

            async def connected() -> bool:
                return bool((await part(api, "webhooks"))["ok"])

            await until(connected, "the broker is found again", 40)
            assert (await post(api, paid())).status == 200
            there = at.model_copy(update={"kafka_bootstrap_servers": broker})
            async with consuming(api, there):
                assert await until_taken_in(api, 1) == [("acc_1", "accepted", None)]
        assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"


@contextlib.asynccontextmanager
async def forwarding(front: socket.socket, host: str, port: int) -> AsyncIterator[None]:
    """What connects to `front` reaches `host:port`."""
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while content := await reader.read(65536):
                writer.write(content)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, port)
        for pair in ((reader, there_writer), (there_reader, writer)):
            tasks.add(asyncio.create_task(pump(*pair)))

    server = await asyncio.start_server(connected, sock=front)
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_broker_that_dies_is_replaced_by_another_of_its_addresses(
    settings: Settings, broker: str, clock: Clock
) -> None:
    dying = start_broker()
    front = socket.socket()
    front.bind(("127.0.0.1", 0))
    both = f"{dying.bootstrap_servers},127.0.0.1:{front.getsockname()[1]}"
    at = settings.model_copy(update={"kafka_bootstrap_servers": both, "webhook_answer_seconds": 1})
    async with serving(at, clock.runtime) as api:
        await an_account(api)
        assert (await post(api, paid("evt_1"))).status == 200
        dying.stop()
        answer = await post(api, paid("evt_2"))
        assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
        assert (await part(api, "webhooks"))["ok"] is False
        clock.ahead += 60
        host, _, port = broker.split(",", maxsplit=1)[0].rpartition(":")
        async with forwarding(front, host, int(port)):
            posted = 0

            async def lands() -> bool:
                nonlocal posted
                posted += 1
                return (await post(api, paid("evt_2"))).status == 200

            await until(lands, "a repetition lands on the other broker", 60)
        assert (await part(api, "webhooks"))["ok"] is True
        there = at.model_copy(update={"kafka_bootstrap_servers": broker})
        # What was answered 503 because its time was over may have landed after all: the provider repeats it, and the ledger
        # takes it once.
        records = await on_the_topic(there)
        assert 1 <= len(records) <= posted
        assert len({record.key for record in records}) == 1


async def test_a_broker_that_says_nothing_is_not_waited_for(settings: Settings) -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as silent:
        address = f"127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        at = settings.model_copy(update={"kafka_bootstrap_servers": address, "webhook_answer_seconds": 0.5})
        async with serving(at) as api:
            await an_account(api)
            async with asyncio.timeout(20):
                answer = await post(api, paid())
            assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
            assert (await post(api, paid(), forged(paid()))).status == 401, "it is not the broker that verifies"


async def test_the_broker_acknowledges_before_we_do(kept: Api, kafka_settings: Settings) -> None:
    """Whatever was answered 200 can be read from the broker at that moment."""
    await an_account(kept)
    async with reading(kafka_settings) as (consumer, partitions):
        for number in range(5):
            assert (await post(kept, paid(f"evt_{number}"))).status == 200
            assert sum((await consumer.end_offsets(partitions)).values()) == number + 1
