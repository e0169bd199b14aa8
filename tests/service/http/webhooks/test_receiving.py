"""Webhooks over HTTP: answered 2xx only once they are durable, and without the database where a broker keeps them."""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from service.ledger.vault import Vault
from service.platform.runtime import REAL
from service.platform.settings import Settings
from service.plugipay.inbound.receiver import BODY_BYTES_MAX
from service.plugipay.inbound.webhook_secrets import FRESH_SECONDS
from tests.service.http.webhooks.sending import (
    AT,
    HEADERS,
    PATH,
    Clock,
    a_payout,
    an_account,
    consuming,
    deliveries,
    forged,
    initiated,
    on_the_topic,
    paid,
    part,
    payout,
    post,
    until_taken_in,
)
from tests.support.api import Api
from tests.support.webhooks import sdk_generation, signature


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
