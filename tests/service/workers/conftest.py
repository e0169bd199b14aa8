"""The service on a clock that is moved on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from service.platform.settings import Settings
from tests.service.workers.weeks import Clock
from tests.support.api import Api, serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def api(settings: Settings, clock: Clock) -> AsyncIterator[Api]:
    async with serving(settings, clock.runtime()) as running:
        yield running
