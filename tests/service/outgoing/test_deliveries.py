"""What an account's endpoint is told: which events, in which words, signed with what."""

from __future__ import annotations

import json
from datetime import datetime

from projections.journal import Journal
from projections.runner import rebuild
from service.ledger.replay import rebuild_inline
from service.outgoing import signing
from tests.service.outgoing.stage import HOLDER, NUMBER, PATH, Stage, payout, revenue, sending


def test_the_published_example_of_standard_webhooks_has_the_published_signature() -> None:
    headers = signing.headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


async def test_each_event_of_a_payout_is_sent_with_the_payout_as_it_was_then(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant, "/hook", "payout.*")
    first, second, third = [await payout(merchant, amount) for amount in (400, 300, 200)]
    for payout_id in (first, second):
        await merchant.post(f"/v1/payouts/{payout_id}/mark-in-transit", {"reference": "TRX-1"})
    await merchant.post(f"/v1/payouts/{first}/mark-paid", {})
    await merchant.accepted(type="recordBankReturn", payoutId=first, reason="account closed")
    await merchant.post(f"/v1/payouts/{second}/mark-failed", {"failureReason": "wrong number"})
    await merchant.post(f"/v1/payouts/{third}/cancel")
    # All of it has happened by the time that the first of it is sent.
    async with sending(stage):
        await stage.receiver.until_received(9)
    told = {}
    for received in stage.receiver.received:
        document = received.document
        assert set(document) == {"type", "timestamp", "data"}
        assert received.headers["content-type"] == "application/json"
        assert received.signed_with(endpoint["secret"])
        assert not received.signed_with("whsec_" + "A" * 44)
        data = document["data"]
        told[document["type"], data["id"]] = (data["status"], data["reference"], data["failureReason"])
        assert data["bankAccountNumber"] == "****1276"
        assert (data["bankName"], data["note"], data["bankAccountKnown"]) == ("BCA", "April", True)
    assert told == {
        ("payout.requested", first): ("pending", None, None),
        ("payout.requested", second): ("pending", None, None),
        ("payout.requested", third): ("pending", None, None),
        ("payout.in_transit", first): ("in_transit", "TRX-1", None),
        ("payout.in_transit", second): ("in_transit", "TRX-1", None),
        ("payout.paid", first): ("paid", "TRX-1", None),
        ("payout.returned", first): ("failed", "TRX-1", "account closed"),
        ("payout.failed", second): ("failed", "TRX-1", "wrong number"),
        ("payout.cancelled", third): ("cancelled", None, None),
    }
    shown = (await merchant.get(f"/v1/payouts/{first}")).data
    returned = [t.document["data"] for t in stage.receiver.received if t.document["type"] == "payout.returned"]
    assert returned == [{**shown, "bankAccountNumber": "****1276", "bankAccountHolder": "****"}]


async def test_an_event_has_its_own_id_and_time(stage: Stage) -> None:
    merchant = await stage.merchant()
    await stage.endpoint(merchant)
    await merchant.accepted(
        type="recordRevenue", amount=5, currency="IDR", reference="o-1", effectiveAt="2026-09-01T00:00:00Z"
    )
    async with sending(stage):
        await stage.receiver.until_received(1)
    [received] = stage.receiver.received
    envelope = json.loads(await stage.api.ledger.pool.fetchval("SELECT envelope FROM events ORDER BY position DESC"))
    assert received.id == envelope["eventId"]
    assert received.document == {
        "type": "revenue.recorded",
        "timestamp": "2026-09-01T00:00:00.000000Z",
        "data": {"accountId": "acc_1", "amount": 5, "currency": "IDR", "reference": "o-1"},
    }
    now = datetime.fromisoformat(envelope["recordedAt"]).timestamp()
    assert abs(int(received.headers["webhook-timestamp"]) - now) < 60


async def test_only_what_is_wanted_and_comes_after_the_endpoint_was_switched_on_is_sent(stage: Stage) -> None:
    merchant = await stage.merchant()
    await revenue(merchant, "before")
    wishes = {
        "/all": ["*"],
        "/revenue": ["revenue.*"],
        "/one": ["fee.charged"],
        "/two": ["fee.charged", "revenue.settled"],
    }
    for path, patterns in wishes.items():
        await stage.endpoint(merchant, path, *patterns)
    silent = await merchant.post(PATH, {"url": stage.receiver.url("/off")})
    assert silent.data["enabled"] is False
    await revenue(merchant, "after")
    await merchant.accepted(type="settleRevenue", amount=5, currency="IDR", reference="after")
    await merchant.accepted(type="chargeFee", amount=1, currency="IDR", reference="f", kind="platform")
    await merchant.accepted(type="addWebhookSecret", secret="whsec_of_the_provider")
    await stage.api.give_workspace("acc_1")
    await merchant.accepted(type="freezeAccount", reason="checked")
    async with sending(stage):
        for path, count in (("/all", 4), ("/revenue", 2), ("/one", 1), ("/two", 2)):
            await stage.receiver.until_received(count, path)
        await stage.fanned_out()
    told = {path: sorted(stage.receiver.types(path)) for path in (*wishes, "/off")}
    assert told == {
        "/all": ["account.frozen", "fee.charged", "revenue.recorded", "revenue.settled"],
        "/revenue": ["revenue.recorded", "revenue.settled"],
        "/one": ["fee.charged"],
        "/two": ["fee.charged", "revenue.settled"],
        "/off": [],
    }
    references = [t.document["data"].get("reference") for t in stage.receiver.at("/revenue")]
    assert references == ["after", "after"]


async def test_another_accounts_events_are_not_sent(stage: Stage) -> None:
    merchant, other = await stage.merchant("acc_1"), await stage.merchant("acc_2")
    await stage.endpoint(merchant, "/one")
    await stage.endpoint(other, "/two")
    await revenue(other, "theirs")
    await revenue(merchant, "ours")
    async with sending(stage):
        await stage.receiver.until_received(1, "/one")
        await stage.receiver.until_received(1, "/two")
    assert [t.document["data"]["accountId"] for t in stage.receiver.at("/one")] == ["acc_1"]
    assert [t.document["data"]["accountId"] for t in stage.receiver.at("/two")] == ["acc_2"]


async def test_sealed_fields_never_leave_in_plain_text_or_as_ciphertext(stage: Stage) -> None:
    merchant = await stage.merchant()
    await stage.endpoint(merchant)
    await merchant.patch(
        "/v1/payouts/bank-account", {"bankName": "BNI", "bankAccountNumber": NUMBER, "bankAccountHolder": HOLDER}
    )
    await payout(merchant)
    await merchant.accepted(
        type="recordRevenue", amount=5, currency="IDR", reference="r", metadata={"internal": "of the platform"}
    )
    async with sending(stage):
        await stage.receiver.until_received(3)
    everything = b"".join(received.body + repr(received.headers).encode() for received in stage.receiver.received)
    assert sorted(stage.receiver.types()) == ["bank_account.updated", "payout.requested", "revenue.recorded"]
    assert b"****1276" in everything
    for text in (NUMBER, HOLDER, "enc1:", "of the platform"):
        assert text.encode() not in everything


async def test_a_rebuild_sends_nothing(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    await payout(merchant)
    async with sending(stage):
        await stage.receiver.until_received(1)
        async with stage.api.ledger.pool.acquire() as connection:
            await rebuild_inline(connection, 1, stage.api.ledger.vault, lambda _: None)
            await rebuild(connection, 1, Journal(), stage.api.ledger.runtime.now(), lambda _: None)
        # What comes after is sent, so what the rebuild would have sent would be there too.
        await revenue(merchant, "after")
        await stage.receiver.until_received(2)
        await stage.until_deliveries(merchant, endpoint["id"], "delivered", "delivered")
    assert stage.receiver.types() == ["payout.requested", "revenue.recorded"]
