"""The service as it takes webhooks: with a broker that keeps them, and without."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from service.platform.settings import Settings
from tests.service.http.webhooks.sending import Clock
from tests.support.api import Api, serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def kept(kafka_settings: Settings, clock: Clock) -> AsyncIterator[Api]:
    """The service with a broker that keeps what it has."""
    async with serving(kafka_settings, clock.runtime) as api:
        yield api


@pytest_asyncio.fixture(params=["no broker", "a broker that keeps nothing"])
async def direct(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Api]:
    """The service where webhooks go straight into the log."""
    if request.param != "no broker":
        # Nobody listens there: it must not even be tried.
        settings = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9", "kafka_keeps": False})
    async with serving(settings) as api:
        yield api


@pytest_asyncio.fixture(params=["by a broker", "straight into the log"])
async def either(request: pytest.FixtureRequest, kafka_settings: Settings, clock: Clock) -> AsyncIterator[Api]:
    keeps = request.param == "by a broker"
    async with serving(kafka_settings.model_copy(update={"kafka_keeps": keeps}), clock.runtime) as api:
        yield api
