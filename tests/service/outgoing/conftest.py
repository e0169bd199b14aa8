from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from service.platform.runtime import Runtime
from service.platform.settings import Settings
from tests.service.outgoing.receiver import receiving
from tests.service.outgoing.stage import Clock, Stage
from tests.support.api import serving


@pytest_asyncio.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """As in development: endpoints may be on this machine, without TLS."""
    at = settings.model_copy(update={"outgoing_plain_http": True, "outgoing_private_addresses": True})
    clock = Clock()
    async with receiving() as receiver, serving(at, Runtime(now=clock.now)) as api:
        yield Stage(api, at, clock, receiver)
