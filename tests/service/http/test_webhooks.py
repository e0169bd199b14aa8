"""Webhooks over HTTP: answered 2xx only once they are durable, and without the database where a broker keeps them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import socket
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from pydantic import SecretStr

from service.embedded.kafka import start_broker
from service.health import Health
from service.plugipay.consumer import Consumer
from service.plugipay.receiver import BODY_BYTES_MAX
from service.plugipay.signers import FRESH_SECONDS
from service.seam import REAL, Seam
from service.settings import Settings
from service.vault import Vault
from tests.support.api import Answer, Api, Caller, serving
from tests.support.databases import Databases
from tests.support.tables import as_admin, as_owner
from tests.support.waiting import until, until_blocked
from tests.support.webhooks import SECRET, docs_generation, sdk_generation, signature

PATH = "/webhooks/plugipay"
AT, LATER = "2026-05-12T00:00:00Z", "2026-05-12T01:00:00Z"
HEADERS = ("X-Plugipay-Signature", "Plugipay-Signature")


class Clock:
    """A monotonic clock that can be moved on; the loop's own goes its way."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.seam: Seam = dataclasses.replace(REAL, monotonic=lambda: time.monotonic() + self.ahead)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kafka_settings(settings: Settings, broker: str) -> Settings:
    return settings.model_copy(update={"kafka_bootstrap_servers": broker})


@pytest_asyncio.fixture
async def kept(kafka_settings: Settings, clock: Clock) -> AsyncIterator[Api]:
    """The service with a broker that keeps what it has."""
    async with serving(kafka_settings, clock.seam) as api:
        yield api


@pytest_asyncio.fixture(params=["no broker", "a broker that keeps nothing"])
async def direct(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Api]:
    """The service where webhooks go straight into the log."""
    if request.param != "no broker":
        # Nobody listens there: it must not even be tried.
        settings = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9", "kafka_keeps": False})
    async with serving(settings) as api:
        yield api


async def post(api: Api, body: bytes, header: str | None = None, name: str = HEADERS[0]) -> Answer:
    given = {name: signature(body) if header is None else header}
    async with api.session.post(api.base + PATH, data=body, headers=given) as response:
        return Answer(response.status, await response.read(), await response.json(), response.headers)


async def an_account(api: Api, account: str = "acc_1", secret: str = SECRET) -> tuple[Caller, str]:
    """An account in Plugipay mode with one webhook secret; and that secret's id."""
    merchant = await api.merchant(account, available=1000, backend="plugipay")
    await merchant.accepted(type="setProvider", workspaceId=f"ws_{account}", keyId="k", secret="sk_provider_secret")
    return merchant, (await merchant.accepted(type="addWebhookSecret", secret=secret))["id"]


async def a_payout(merchant: Caller) -> str:
    payout_id = str((await merchant.post("/v1/payouts", {"amount": 400, "currency": "IDR"})).data["id"])
    await merchant.accepted(type="linkProviderPayout", payoutId=payout_id, providerPayoutId="po_1")
    return payout_id


def payout(**more: Any) -> dict[str, Any]:
    return {"id": "po_1", "amount": 400, "currency": "IDR", "bankAccountNumber": "9988776655", **more}


def initiated(event_id: str = "evt_1") -> bytes:
    return docs_generation("initiated", payout(), event_id=event_id, workspace="ws_acc_1", at=AT)


def paid(event_id: str = "evt_2", account: str = "acc_1") -> bytes:
    return sdk_generation("paid", payout(reference="TRX-9"), event_id=event_id, account=account, at=LATER)


@contextlib.asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, fetch_max_wait_ms=100)
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(settings.kafka_webhooks_topic)
        partitions = [
            TopicPartition(settings.kafka_webhooks_topic, number)
            for number in sorted(consumer.partitions_for_topic(settings.kafka_webhooks_topic) or ())
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        yield consumer, partitions
    finally:
        await consumer.stop()


async def on_the_topic(settings: Settings) -> list[ConsumerRecord]:
    """All records that the broker has."""
    async with reading(settings) as (consumer, partitions):
        wanted = sum((await consumer.end_offsets(partitions)).values())
        records: list[ConsumerRecord] = []
        async with asyncio.timeout(20):
            while len(records) < wanted:
                for found in (await consumer.getmany(timeout_ms=200)).values():
                    records += found
        return records


@contextlib.asynccontextmanager
async def consuming(api: Api, settings: Settings) -> AsyncIterator[None]:
    consumer = Consumer(api.ledger, settings, Health(api.ledger.pool, settings))
    task = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        consumer.stop()
        await task


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


async def deliveries(api: Api) -> list[tuple[str, str, str | None]]:
    rows = await api.ledger.pool.fetch(
        "SELECT account_id, verdict, reason FROM deliveries ORDER BY recorded_at, delivery_id"
    )
    return [(row["account_id"], row["verdict"], row["reason"]) for row in rows]


async def until_taken_in(api: Api, count: int) -> list[tuple[str, str, str | None]]:
    async def taken_in() -> bool:
        return len(await deliveries(api)) >= count

    await until(taken_in, f"{count} deliveries are in the log", 30)
    return await deliveries(api)


async def part(api: Api, name: str) -> dict[str, Any]:
    async with api.session.get(f"{api.base}/readyz") as response:
        found = (await response.json())["parts"][name]
        assert isinstance(found, dict)
        return found


async def test_a_webhook_is_on_the_broker_sealed_and_moves_its_payout_once_it_is_consumed(
    kept: Api, kafka_settings: Settings
) -> None:
    merchant, _ = await an_account(kept)
    payout_id = await a_payout(merchant)
    before = time.time()
    header = signature(initiated())
    answer = await post(kept, initiated(), header)
    assert (answer.status, answer.data) == (200, {"received": True})
    assert (await post(kept, paid(), name=HEADERS[1])).status == 200
    assert await deliveries(kept) == [], "the database had no part in it"
    first, second = sorted(await on_the_topic(kafka_settings), key=lambda record: record.timestamp)
    assert (first.key, second.key, first.partition) == (b"acc_1", b"acc_1", second.partition)
    headers = dict(first.headers)
    assert headers.keys() == {"plugipay-signature", "received-at", "sealed"}
    assert (headers["plugipay-signature"], headers["sealed"]) == (header.encode(), b"1")
    assert before - 1 <= int(headers["received-at"]) / 1000 <= time.time() + 1
    for hidden in (b"9988776655", b"po_1", b"acc_1"):
        assert hidden not in first.value + second.value
    async with consuming(kept, kafka_settings):
        assert await until_taken_in(kept, 2) == [("acc_1", "accepted", None)] * 2
    document = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert (document["status"], document["reference"]) == ("paid", "TRX-9")
    key_row = await kept.ledger.pool.fetchrow("SELECT generation, wrapped FROM account_keys WHERE account_id = 'acc_1'")
    assert key_row is not None
    key = kept.ledger.vault.account_key("acc_1", key_row["generation"], key_row["wrapped"])
    raws = {
        key.unseal_bytes("delivery", row["raw"]) for row in await kept.ledger.pool.fetch("SELECT raw FROM deliveries")
    }
    assert raws == {initiated(), paid()}, "byte for byte"


@pytest.mark.parametrize("name", HEADERS)
async def test_without_a_broker_that_keeps_it_a_webhook_is_in_the_log_before_it_is_answered(
    direct: Api, name: str
) -> None:
    merchant, _ = await an_account(direct)
    payout_id = await a_payout(merchant)
    for body in (initiated(), paid()):
        assert (await post(direct, body, name=name)).status == 200
    assert await deliveries(direct) == [("acc_1", "accepted", None)] * 2
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"
    position = await direct.position()
    assert (await post(direct, paid(), name=name)).status == 200
    assert (await deliveries(direct))[2] == ("acc_1", "duplicate", None)
    assert await direct.position() == position
    assert (await part(direct, "webhooks"))["ok"] is True


def forged(body: bytes) -> str:
    return signature(body, secret="whsec_of_somebody_else")


FORGED: dict[str, Callable[[], str]] = {
    "another secret": lambda: forged(paid()),
    "another body": lambda: signature(initiated()),
    "nothing": lambda: "",
    "no time": lambda: "v1=00",
    "no signature": lambda: signature(paid()).replace("v1=", "v0="),
    "a digit short": lambda: signature(paid())[:-1],
    # The right one comes after what is kept of a header: the consumer would not see it.
    "too long": lambda: signature(paid()).replace(",", "," + "v1=00," * 400),
    "not ASCII": lambda: signature(paid()) + "\u00e9",
}


@pytest.mark.parametrize("how", FORGED)
async def test_what_nobody_signed_is_refused_and_goes_nowhere(kept: Api, kafka_settings: Settings, how: str) -> None:
    await an_account(kept)
    answer = await post(kept, paid(), FORGED[how]())
    assert (answer.status, answer.error["code"]) == (401, "INVALID_SIGNATURE")
    assert answer.headers["WWW-Authenticate"] == "X-Plugipay-Signature"
    assert await on_the_topic(kafka_settings) == []


@pytest.mark.parametrize("off", [-310, 310])
async def test_what_was_signed_at_another_time_is_refused(kept: Api, kafka_settings: Settings, off: int) -> None:
    await an_account(kept)
    answer = await post(kept, paid(), signature(paid(), at=time.time() + off))
    assert (answer.status, answer.error["code"]) == (401, "INVALID_TIMESTAMP")
    assert (await post(kept, paid(), signature(paid(), at=time.time() + off * 0.9))).status == 200
    assert len(await on_the_topic(kafka_settings)) == 1


async def test_a_forged_one_leaves_nothing_in_the_log_either(direct: Api) -> None:
    await an_account(direct)
    position = await direct.position()
    for body, header in ((paid(), forged(paid())), (paid(account="acc_nobody"), signature(paid(account="acc_nobody")))):
        answer = await post(direct, body, header)
        assert (answer.status, answer.error["code"]) == (401, "INVALID_SIGNATURE")
    assert (await deliveries(direct), await direct.position()) == ([], position)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"{}", b'{"accountId":"acc_1"}', b'{"id":"e","type":"t"}'])
async def test_what_is_no_webhook_is_a_bad_request(kept: Api, kafka_settings: Settings, body: bytes) -> None:
    await an_account(kept)
    answer = await post(kept, body, forged(body))
    assert (answer.status, answer.error["code"]) == (400, "VALIDATION_ERROR")
    assert await on_the_topic(kafka_settings) == []


async def test_one_that_is_signed_and_cannot_be_read_is_kept_for_a_person_to_see(
    kept: Api, kafka_settings: Settings
) -> None:
    await an_account(kept)
    strange = json.dumps({"id": "evt_1", "type": "payout.paid", "accountId": "acc_1", "createdAt": 1750000000}).encode()
    assert (await post(kept, strange)).status == 200
    async with consuming(kept, kafka_settings):
        [(account, verdict, reason)] = await until_taken_in(kept, 1)
    assert (account, verdict) == ("system", "rejected")
    assert "says when it happened" in (reason or "")


async def test_the_largest_goes_through_and_a_larger_one_does_not(kept: Api, kafka_settings: Settings) -> None:
    await an_account(kept)

    def of(size: int) -> bytes:
        room = size - len(sdk_generation("paid", payout(note=""), event_id="e", account="acc_1", at=AT))
        return sdk_generation("paid", payout(note="x" * room), event_id="e", account="acc_1", at=AT)

    assert (await post(kept, of(BODY_BYTES_MAX))).status == 200
    answer = await post(kept, of(BODY_BYTES_MAX + 1))
    assert (answer.status, answer.error["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert len(await on_the_topic(kafka_settings)) == 1


async def test_with_a_slow_database_those_whose_secrets_are_known_are_still_taken(
    kafka_settings: Settings, clock: Clock
) -> None:
    async with serving(kafka_settings.model_copy(update={"webhook_answer_seconds": 3}), clock.seam) as api:
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
    async with serving(at, clock.seam) as api:
        await an_account(api)
        assert (await post(api, paid("evt_1"))).status == 200
        dying.stop()
        answer = await post(api, paid("evt_2"))
        assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
        assert (await part(api, "webhooks"))["ok"] is False
        clock.ahead += 60
        host, _, port = broker.split(",", maxsplit=1)[0].rpartition(":")
        async with forwarding(front, host, int(port)):

            async def lands() -> bool:
                return (await post(api, paid("evt_2"))).status == 200

            await until(lands, "a repetition lands on the other broker", 60)
        assert (await part(api, "webhooks"))["ok"] is True
        there = at.model_copy(update={"kafka_bootstrap_servers": broker})
        assert len(await on_the_topic(there)) == 1


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


@pytest_asyncio.fixture(params=["by a broker", "straight into the log"])
async def either(request: pytest.FixtureRequest, kafka_settings: Settings, clock: Clock) -> AsyncIterator[Api]:
    keeps = request.param == "by a broker"
    async with serving(kafka_settings.model_copy(update={"kafka_keeps": keeps}), clock.seam) as api:
        yield api


async def test_a_new_secret_counts_at_once_beside_the_old_one_and_a_retired_one_no_more(
    either: Api, clock: Clock
) -> None:
    merchant, old_id = await an_account(either)
    with_old, with_new = signature(paid()), signature(paid(), secret="whsec_the_new_one")
    assert (await post(either, paid(), with_old)).status == 200
    assert (await post(either, paid(), with_new)).status == 401
    await merchant.accepted(type="addWebhookSecret", secret="whsec_the_new_one")
    for header in (with_new, with_old, f"{with_old},{with_new.split(',')[1]}"):
        assert (await post(either, paid(), header)).status == 200
    await merchant.accepted(type="retireWebhookSecret", secretId=old_id)
    if "on the broker" in (await part(either, "webhooks"))["message"]:
        # Straight into the log, what is remembered plays no part.
        clock.ahead += FRESH_SECONDS + 1
    answer = await post(either, paid(), with_old)
    assert (answer.status, answer.error["code"]) == (401, "INVALID_SIGNATURE")
    assert (await post(either, paid(), with_new)).status == 200


async def test_a_secret_just_retired_is_seen_by_the_consumer_where_the_receiver_still_remembered_it(
    kept: Api, kafka_settings: Settings
) -> None:
    merchant, secret_id = await an_account(kept)
    assert (await post(kept, paid("evt_1"))).status == 200
    await merchant.accepted(type="retireWebhookSecret", secretId=secret_id)
    assert (await post(kept, paid("evt_2"))).status == 200, "remembered for a few seconds"
    async with consuming(kept, kafka_settings):
        await until_taken_in(kept, 2)
    rows = await kept.ledger.pool.fetch("SELECT account_id, event_id, verdict FROM deliveries")
    assert {tuple(row) for row in rows} == {("acc_1", "evt_1", "accepted"), ("acc_1", "evt_2", "rejected")}


async def test_two_headers_that_differ_count_if_one_of_them_holds(kept: Api) -> None:
    await an_account(kept)
    headers = {HEADERS[0]: "t=1,v1=00", HEADERS[1]: signature(paid())}
    async with kept.session.post(kept.base + PATH, data=paid(), headers=headers) as response:
        assert response.status == 200


async def test_a_sealed_message_that_cannot_be_opened_is_kept_and_blocks_nothing(
    kept: Api, kafka_settings: Settings
) -> None:
    """Sealed by somebody else, moved to another time of receipt, or sealed in a way that is yet to come."""
    await an_account(kept)
    assert (await post(kept, paid())).status == 200
    [record] = await on_the_topic(kafka_settings)
    later = str(int(time.time() * 1000)).encode()
    stranger = kafka_settings.model_copy(update={"master_key": SecretStr(b64encode(os.urandom(32)).decode())})
    foreign = Vault(os.urandom(32), REAL).seal_in_transit(b"", paid())
    assert stranger.master_key != kafka_settings.master_key
    spoilt: list[tuple[bytes, dict[str, bytes]]] = [
        (record.value, {"received-at": later}),
        (record.value[:-1], {}),
        (record.value, {"sealed": b"2"}),
        (foreign, {}),
        (b"", {}),
    ]
    producer = AIOKafkaProducer(bootstrap_servers=kafka_settings.kafka_bootstrap_servers)
    await producer.start()
    try:
        for value, changed in spoilt:
            headers = list({**dict(record.headers), **changed}.items())
            await producer.send_and_wait(record.topic, value, key=record.key, headers=headers)
    finally:
        await producer.stop()
    assert (await post(kept, paid("evt_9"))).status == 200
    async with consuming(kept, kafka_settings):
        taken_in = await until_taken_in(kept, 7)
    assert sorted(verdict for _, verdict, _ in taken_in) == ["accepted"] * 2 + ["parked"] * 5
    assert all("not to be opened" in (reason or "") for _, verdict, reason in taken_in if verdict == "parked")


async def test_the_broker_acknowledges_before_we_do(kept: Api, kafka_settings: Settings) -> None:
    """Whatever was answered 200 can be read from the broker at that moment."""
    await an_account(kept)
    async with reading(kafka_settings) as (consumer, partitions):
        for number in range(5):
            assert (await post(kept, paid(f"evt_{number}"))).status == 200
            assert sum((await consumer.end_offsets(partitions)).values()) == number + 1
