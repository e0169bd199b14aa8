"""A poison record stops nothing: it is parked, or rejected, with its reason; the good ones around it have their effect.

On the embedded broker, and on Apache Kafka with `make test-kafka`.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from events.catalog import AnyEvent
from events.provider import observe
from events.provider.observation import Observation
from service.ledger.write_failures import Unavailable
from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.inbound import consumer, delivery_unit, ingest, webhook
from service.plugipay.inbound.delivery_routing import DeliveryRouter
from service.plugipay.inbound.record_headers import read_headers
from tests.support.api import Api
from tests.support.consuming import AT, a_payout, consuming, eventually, payout
from tests.support.poison import NAME, Record, poison_records, put_with_name_that_is_not_utf8, signed
from tests.support.tables import as_owner
from tests.support.webhooks import sdk_generation

PARTITIONS = 4


def good(number: int) -> Record:
    """A webhook of a type that moves nothing: each is an event of its own."""
    body = sdk_generation("renamed", payout(), event_id=f"evt_good_{number}", account="acc_1", at=AT)
    return b"acc_1", body, signed(body)


def paid(event_id: str) -> Record:
    body = sdk_generation("paid", payout(), event_id=event_id, account="acc_1", at=AT)
    return b"acc_1", body, signed(body)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What is logged. To write a traceback for a person takes longer than all the rest."""
    with capture_logs() as entries:
        yield entries


@pytest_asyncio.fixture
async def producer(kafka_settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(
        bootstrap_servers=kafka_settings.kafka_bootstrap_servers, acks="all", max_request_size=2**20
    )
    await made.start()
    await made.partitions_for(kafka_settings.kafka_webhooks_topic)
    yield made
    await made.stop()


@pytest.fixture
def put(producer: AIOKafkaProducer, kafka_settings: Settings) -> Callable[..., Any]:
    async def put(partition: int, *records: Record) -> None:
        """Sends the records as one batch."""
        batch = producer.create_batch()
        for key, value, headers in records:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                await (await producer.send_batch(batch, kafka_settings.kafka_webhooks_topic, partition=partition))
                batch = producer.create_batch()
                assert batch.append(timestamp=None, key=key, value=value, headers=headers) is not None
        await (await producer.send_batch(batch, kafka_settings.kafka_webhooks_topic, partition=partition))

    return put


async def stored(api: Api) -> list[Any]:
    return list(await api.ledger.pool.fetch("SELECT event_id, verdict, reason, origin, account_id FROM deliveries"))


async def parked(api: Api) -> list[str]:
    rows = await api.ledger.pool.fetch("SELECT reason FROM parked_deliveries WHERE ended_at IS NULL")
    return [row["reason"] for row in rows]


def accepted(rows: Sequence[Any]) -> list[str]:
    return sorted(row["event_id"] for row in rows if row["verdict"] == "accepted")


def names(count: int) -> list[str]:
    return sorted(f"evt_good_{number}" for number in range(count))


async def counted(api: Api, deliveries: int) -> bool:
    return len(await stored(api)) >= deliveries


async def test_a_poison_record_of_each_sort_between_good_ones(
    served: Api, kafka_settings: Settings, producer: AIOKafkaProducer, put: Callable[..., Any]
) -> None:
    await a_payout(served)
    sorts = poison_records()
    count = 0
    for number, record in enumerate(sorts.values()):
        # A good one before it and behind it, in its own record batch and on every other partition.
        await put(number % PARTITIONS, good(count), record, good(count + 1))
        count += 2
    name_spoilt: Record = (b"acc_1", b"{}", [(NAME, b"1"), ("received-at", None)])
    await put_with_name_that_is_not_utf8(
        producer, kafka_settings.kafka_webhooks_topic, 1, [good(count), name_spoilt, good(count + 1)]
    )
    count += 2
    whole = count + len(sorts) + 1
    async with consuming(served, kafka_settings) as health:
        await eventually(lambda: counted(served, whole))
        _, report = await health.check()
    rows = await stored(served)
    assert accepted(rows) == names(count)
    assert len({row["origin"] for row in rows}) == len(rows) == whole, "something was taken in twice"
    spoilt = [row for row in rows if row["event_id"] is None or not row["event_id"].startswith("evt_good")]
    assert {row["verdict"] for row in spoilt} <= {"parked", "rejected"}
    assert all(row["reason"] for row in spoilt)
    waiting = await parked(served)
    assert report["status"] == "degraded"
    assert report["parts"]["deliveries"]["ok"] is False
    assert report["parts"]["deliveries"]["message"].startswith(f"{len(waiting)} ")
    assert report["parts"]["consumer"] == {"ok": True, "message": "taking webhooks in"}
    assert await metric(served, "payout_ledger_deliveries_parked") == len(waiting)
    # None is read again after a restart, and what comes then flows.
    await put(0, good(count))
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, whole + 1))
    assert len(await stored(served)) == whole + 1
    assert accepted(await stored(served)) == names(count + 1)


async def metric(api: Api, name: str) -> float:
    async with api.session.get(f"{api.base}/metrics") as response:
        text = await response.text()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name}{{"))


async def test_a_header_name_that_is_not_utf8_costs_no_record_of_its_batch(
    served: Api, kafka_settings: Settings, producer: AIOKafkaProducer
) -> None:
    """The good record that carries such a header is good all the same."""
    await a_payout(served)
    key, value, headers = good(1)
    records: list[Record] = [good(0), (key, value, [(NAME, b"x"), *headers]), good(2)]
    await put_with_name_that_is_not_utf8(producer, kafka_settings.kafka_webhooks_topic, 2, records)
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 3))
    assert accepted(await stored(served)) == names(3)


FAILURES: tuple[Exception, ...] = (
    ValueError("x"),
    OSError("no file"),
    TimeoutError(),
    RecursionError(),
    MemoryError(),
    KeyError("x"),
    asyncpg.InterfaceError("x"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
    Unavailable("x"),
    StopAsyncIteration(),
)


@pytest.mark.parametrize("step", ["headers", "body", "route", "decision", "storing"])
async def test_whatever_fails_on_a_record_at_whatever_step_it_is_parked_alone(
    served: Api, kafka_settings: Settings, put: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """An error of each class: one that looks like an outage of the database is none, if it is raised here."""
    await a_payout(served)
    _fail(monkeypatch, step)
    for number, failure in enumerate(FAILURES):
        key, value, headers = paid(f"evt_{type(failure).__name__}")
        poison: Record = (key, value, [*headers, (type(failure).__name__, b"poison")])
        await put(number % PARTITIONS, good(2 * number), poison, good(2 * number + 1))
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 3 * len(FAILURES)))
    rows = await stored(served)
    assert (accepted(rows), len(rows)) == (names(2 * len(FAILURES)), 3 * len(FAILURES))
    reasons = {row["reason"] for row in rows if row["verdict"] == "parked"}
    assert {each.split()[3] for each in reasons} == {type(failure).__name__ for failure in FAILURES}
    assert set(await parked(served)) == reasons


def _fail(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Makes the step raise each failure for the record that names it, and for no other."""

    def check(text: bytes) -> None:
        for failure in FAILURES:
            if f"evt_{type(failure).__name__}".encode() in text:
                raise failure

    if step == "headers":
        real_headers = read_headers

        def headers(found: Any) -> Any:
            check(b"".join(b"evt_" + name.encode() for name, value in found if value == b"poison"))
            return real_headers(found)

        monkeypatch.setattr(consumer, "read_headers", headers)
    elif step == "body":
        real_read = webhook.read

        def read(raw: bytes) -> Any:
            check(raw)
            return real_read(raw)

        monkeypatch.setattr(webhook, "read", read)
    elif step == "route":
        real_route = DeliveryRouter.route

        def route(self: DeliveryRouter, arrived: Any, routes: Any) -> Any:
            check(arrived.raw)
            return real_route(self, arrived, routes)

        monkeypatch.setattr(DeliveryRouter, "route", route)
    elif step == "decision":
        real_observe = observe.observe

        def failing(observation: Observation, *rest: Any) -> Sequence[AnyEvent]:
            check(observation.event_id.encode())
            return real_observe(observation, *rest)

        monkeypatch.setattr(delivery_unit, "observe", failing)
    else:
        real_record = delivery_unit.record_observed

        def recorded(events: Any, observation: Observation, *rest: Any) -> None:
            real_record(events, observation, *rest)
            check(observation.event_id.encode())

        monkeypatch.setattr(delivery_unit, "record_observed", recorded)


async def test_a_record_whose_route_cannot_be_read_is_parked_alone(
    served: Api, kafka_settings: Settings, put: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Routes are read for a whole batch at once: one id that fails must not fail them all, for ever."""
    await a_payout(served)
    real_read_routes = DeliveryRouter.read_routes

    async def read_routes(self: DeliveryRouter, claimed_ids: Any) -> Any:
        if "acc_poison" in claimed_ids:
            raise ValueError("no route")
        return await real_read_routes(self, claimed_ids)

    monkeypatch.setattr(DeliveryRouter, "read_routes", read_routes)
    poison = sdk_generation("paid", payout(), event_id="evt_poison", account="acc_poison", at=AT)
    await put(0, good(0), (b"acc_poison", poison, signed(poison)), good(1))
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 3))
    assert accepted(await stored(served)) == names(2)
    assert await parked(served) == ["reading it failed: ValueError (the log says more)"]


@pytest.mark.parametrize("state", ["22021", "23505", "23514", "54000", "P0001", "XX000"])
async def test_a_record_whose_row_the_database_refuses_is_parked_and_the_others_are_not(
    served: Api, kafka_settings: Settings, put: Callable[..., Any], state: str
) -> None:
    await a_payout(served)
    await _refuse_rows(kafka_settings, "NEW.event_id = 'evt_poison'", state)
    await put(0, good(0), paid("evt_poison"), good(1))
    await put(1, good(2), good(3))
    async with consuming(served, kafka_settings) as health:
        await eventually(lambda: counted(served, 5))
        assert health.parts["consumer"].ok
    rows = await stored(served)
    assert accepted(rows) == names(4)
    (reason,) = await parked(served)
    assert reason.startswith("ingesting it failed: ")
    assert [row["account_id"] for row in rows if row["reason"] == reason] == ["system"]


async def test_a_record_whose_bytes_no_row_can_hold_is_parked_without_them(
    served: Api, kafka_settings: Settings, put: Callable[..., Any]
) -> None:
    await a_payout(served)
    await _refuse_rows(kafka_settings, "length(NEW.raw) > 5000", "XX000")
    await put(3, good(0), (b"acc_1", b"x" * 10_000, signed(b"")), good(1))
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 3))
    assert accepted(await stored(served)) == names(2)
    (reason,) = await parked(served)
    assert (
        f"its 10000 bytes could not be stored, and are where it came from: {kafka_settings.kafka_webhooks_topic}/3/1"
        in reason
    )


async def _refuse_rows(settings: Settings, which: str, state: str) -> None:
    """Makes the database refuse deliveries, with an SQLSTATE."""
    owner = await as_owner(settings)
    await owner.execute(f"""
        CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF {which} THEN RAISE EXCEPTION 'refused' USING ERRCODE = '{state}', CONSTRAINT = 'some_check'; END IF;
            RETURN NEW;
        END $$
    """)
    await owner.execute("CREATE TRIGGER poison BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION poison()")
    await owner.close()


@pytest.mark.parametrize(
    ("away", "back"),
    [
        ("REVOKE INSERT ON deliveries FROM {service}", "GRANT INSERT ON deliveries TO {service}"),
        ("ALTER TABLE deliveries RENAME TO away", "ALTER TABLE away RENAME TO deliveries"),
        (
            "ALTER TABLE events DETACH PARTITION {partition}",
            "ALTER TABLE events ATTACH PARTITION {partition} {bounds}",
        ),
    ],
    ids=["no rights", "no table", "no room in the log"],
)
async def test_while_the_database_is_to_blame_the_batch_waits_whole_and_nothing_is_parked(
    served: Api, kafka_settings: Settings, put: Callable[..., Any], away: str, back: str
) -> None:
    await a_payout(served)
    owner = await as_owner(kafka_settings)
    row = await owner.fetchrow("""
        SELECT inhrelid::regclass::text, pg_get_expr(relpartbound, inhrelid) FROM pg_inherits
          JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'events'::regclass ORDER BY 1 LIMIT 1
    """)
    assert row is not None
    partition, bounds = row
    names_in_sql = {
        "service": urlsplit(kafka_settings.database_url).username,
        "partition": partition,
        "bounds": bounds,
    }
    await put(0, good(0), good(1))
    await put(1, good(2))
    await owner.execute(away.format(**names_in_sql))
    async with consuming(served, kafka_settings) as health:
        await eventually(lambda: not_well(health))
        await owner.execute(back.format(**names_in_sql))
        await eventually(lambda: counted(served, 3))
        await eventually(lambda: well(health))
    await owner.close()
    rows = await stored(served)
    assert (accepted(rows), len(rows), await parked(served)) == (names(3), 3, [])


async def not_well(health: Health) -> bool:
    return "consumer" in health.parts and not health.parts["consumer"].ok


async def well(health: Health) -> bool:
    return health.parts["consumer"].ok


async def test_a_record_is_parked_once_though_the_database_goes_away_behind_it(
    served: Api, kafka_settings: Settings, put: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is taken apart, the poison is parked, the database is gone, the process ends: the next one goes on."""
    await a_payout(served)
    _fail(monkeypatch, "decision")
    await put(0, good(0), paid("evt_ValueError"), good(1), good(2))
    real_submit, gone = ingest._submit, False

    async def submit(*given: Any) -> list[str]:
        nonlocal gone
        if gone:
            raise Unavailable("the database does not answer")
        verdicts = await real_submit(*given)
        gone = "parked" in verdicts
        return verdicts

    with monkeypatch.context() as outage:
        outage.setattr(ingest, "_submit", submit)
        async with consuming(served, kafka_settings) as health:
            await eventually(lambda: not_well(health))
    assert (accepted(await stored(served)), len(await parked(served))) == (names(1), 1)
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 4))
    rows = await stored(served)
    assert (accepted(rows), len(rows), len(await parked(served))) == (names(3), 4, 1)


async def test_whatever_bytes_come_each_record_is_stored_once(
    served: Api, kafka_settings: Settings, put: Callable[..., Any]
) -> None:
    """Keys, values and headers of any bytes, and of those that mean something."""
    await a_payout(served)
    chance = random.Random(10)
    words = [b"", b"{}", b"1", b"sealed", b"\xff", b"null", str(2**63).encode(), paid("evt_x")[1] or b""]
    header_names = [
        "",
        "received-at",
        "Received_At",
        "X-PLUGIPAY-SIGNATURE",
        "plugipay-signature",
        "sealed",
        "\x00",
        "\u0130",
    ]

    def some() -> bytes | None:
        return chance.choice([None, chance.randbytes(chance.randrange(40)), *words])

    whole = 400
    for _ in range(whole // 8):
        records = [
            (some(), some(), [(chance.choice(header_names), some()) for _ in range(chance.randrange(5))])
            for _ in range(8)
        ]
        await put(chance.randrange(PARTITIONS), *records)
    await put(2, good(0))
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, whole + 1))
    rows = await stored(served)
    assert len({row["origin"] for row in rows}) == len(rows) == whole + 1
    assert accepted(rows) == names(1)
