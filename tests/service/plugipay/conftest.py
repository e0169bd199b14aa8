"""A broker's topic of one's own, and a service that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from aiokafka import AIOKafkaProducer

from service.settings import Settings
from tests.support.api import Api, serving
from tests.support.consuming import Topic


@pytest_asyncio.fixture
async def kafka_settings(settings: Settings, broker: str) -> Settings:
    return settings.model_copy(update={"kafka_bootstrap_servers": broker})


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
