"""A topic and a service that reads it; a provider that answers by a script, its client, and the loop with a simulated one."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from aiokafka import AIOKafkaProducer

from service.ledger.lifespan import running_ledger
from service.platform.settings import Settings
from service.plugipay.outbound.client import PlugipayClient
from tests.service.plugipay.peer import Peer, Time, calling
from tests.support.api import Api, serving
from tests.support.consuming import Topic
from tests.support.plugipay import Clock, Loop, provider_loop


@pytest_asyncio.fixture
async def topic(kafka_settings: Settings) -> AsyncIterator[Topic]:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_settings.kafka_bootstrap_servers, acks="all", enable_idempotence=True
    )
    await producer.start()
    # Makes the topic, so that the consumer finds it at once.
    await producer.partitions_for(kafka_settings.kafka_webhooks_topic)
    yield Topic(producer, kafka_settings.kafka_webhooks_topic)
    await producer.stop()


@pytest_asyncio.fixture
async def served(kafka_settings: Settings) -> AsyncIterator[Api]:
    async with serving(kafka_settings) as api:
        yield api


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", peer.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield peer
    await runner.cleanup()


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest_asyncio.fixture
async def client(clock: Time) -> AsyncIterator[PlugipayClient]:
    async with calling(clock.runtime) as made:
        yield made


@pytest.fixture
def refusing() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture
async def loop(settings: Settings) -> AsyncIterator[Loop]:
    clock = Clock()
    async with (
        running_ledger(settings, clock.runtime) as ledger,
        provider_loop(ledger, settings, clock=clock) as between,
    ):
        yield between
