"""The service as it runs: killed in the middle of telling, it tells the rest, and nothing is lost."""

from __future__ import annotations

from service.platform.settings import Settings
from tests.service.outgoing.receiver import receiving
from tests.service.outgoing.stage import PATH
from tests.service.outgoing.test_relay import Topic, by_account, expected_order, relayed
from tests.support.api import Caller, serving
from tests.support.served import served
from tests.support.waiting import until

REVENUES = 60


async def test_after_a_kill_the_next_service_sends_the_rest(settings: Settings, broker: str) -> None:
    name = settings.kafka_webhooks_topic.replace("plugipay.webhooks", "payouts.events")
    at = settings.model_copy(update={"kafka_bootstrap_servers": broker, "kafka_events_topic": name})
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": broker,
        "KAFKA_EVENTS_TOPIC": name,
        "OUTGOING_PLAIN_HTTP": "true",
        "OUTGOING_PRIVATE_ADDRESSES": "true",
    }
    async with receiving() as receiver:
        async with serving(at) as api:
            merchant = await api.merchant(available=10)
        async with serving(at) as api:
            async with served(at, **environment) as first:
                caller = Caller(api.session, first.base, merchant.key)
                made = await caller.post(PATH, {"url": receiver.url()})
                assert made.status == 201, made.raw
                await caller.patch(f"{PATH}/{made.data['id']}", {"enabled": True})
                for number in range(REVENUES):
                    await caller.accepted(type="recordRevenue", amount=1, currency="IDR", reference=f"r-{number}")
                await receiver.until_received(1)
                await first.kill()
            async with served(at, **environment):
                await relayed(api, at)

                async def all_told() -> bool:
                    return {received.document["data"]["reference"] for received in receiver.received} == {
                        f"r-{number}" for number in range(REVENUES)
                    }

                # Those that the first one died with come back when their lease is over: not waited for here.
                await api.ledger.pool.execute("UPDATE webhook_deliveries SET next_attempt_at = now()")
                await until(all_told, "every event has reached the endpoint", 40)
            events = await Topic(broker, name).events()
            assert by_account(events) == await expected_order(api)
    assert all(received.signed_with(made.data["secret"]) for received in receiver.received)
