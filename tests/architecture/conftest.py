"""The service itself, on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from service.platform.settings import Settings
from tests.support.api import Api, serving


@pytest_asyncio.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with serving(settings) as running:
        yield running
