"""An event that a follower of the log fails on: what comes before it is done, other lanes and followers go on, and
/readyz says where it stops.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from events.envelope import Envelope
from projections.journal import Journal
from projections.runner import Connection
from service.outgoing import fan_out as fan_out_module
from service.outgoing.fan_out_worker import FanOutWorker
from service.outgoing.sender import Sender
from service.platform.health import Health
from service.platform.settings import Settings
from service.workers.projector import Projector
from tests.support.api import Api, serving


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def lanes_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"lanes": 2})


@pytest_asyncio.fixture
async def lanes(lanes_settings: Settings) -> AsyncIterator[Api]:
    """Two lanes, with an account and some events in each."""
    async with serving(lanes_settings) as api:
        seen: set[int] = set()
        number = 0
        while len(seen) < 2:
            number += 1
            merchant = await api.merchant(f"acc_{number}", available=1000)
            lane = await api.ledger.lane_of(f"acc_{number}")
            seen.add(lane)
            made = await merchant.post("/v1/webhook-endpoints", {"url": "https://example.com/hook", "events": ["*"]})
            await merchant.patch(f"/v1/webhook-endpoints/{made.data['id']}", {"enabled": True})
            for reference in "abcdef":
                await merchant.accepted(type="recordRevenue", amount=5, currency="IDR", reference=reference)
        yield api


async def reached(api: Api, name: str) -> dict[int, int]:
    rows = await api.ledger.pool.fetch("SELECT lane, position FROM checkpoints WHERE projection = $1", name)
    return {row["lane"]: row["position"] for row in rows}


async def test_a_projection_stops_in_front_of_the_event_and_the_others_go_on(
    lanes: Api, lanes_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = {lane: await lanes.position(lane) for lane in (1, 2)}
    poison = heads[2] - 2
    real_apply = Journal.apply

    async def apply(self: Journal, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        await real_apply(self, connection, lane, events)
        if lane == 2 and any(event.position == poison for event in events):
            raise KeyError("an event of tomorrow")

    health = Health(lanes.ledger.pool, lanes_settings)
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "apply", apply)
        projector = Projector(lanes.ledger, health)
        for _ in range(3):
            projector._put_off.clear()
            await projector.work()
        assert await reached(lanes, Journal.name) == {1: heads[1], 2: poison - 1}
        assert await reached(lanes, "settlements") == heads
        assert health.parts["projector"].message == (
            f"not going on, and tried again: lane 2: {Journal.name} stops behind position {poison - 1}: KeyError"
        )
        _, report = await health.check()
        assert report["status"] == "degraded"
    projector._put_off.clear()
    await projector.work()
    assert await reached(lanes, Journal.name) == heads
    assert health.parts["projector"].ok


async def test_fan_out_stops_in_front_of_the_event_in_its_lane_alone(
    lanes: Api, lanes_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = {lane: await lanes.position(lane) for lane in (1, 2)}
    poison = heads[1] - 1
    real_store = fan_out_module._store_states

    async def store(connection: Any, lane: int, events: Sequence[Envelope]) -> None:
        if lane == 1 and any(event.position == poison for event in events):
            raise KeyError("an event of tomorrow")
        await real_store(connection, lane, events)

    health = Health(lanes.ledger.pool, lanes_settings)
    worker = FanOutWorker(lanes.ledger, lanes_settings, Sender(lanes.ledger, lanes_settings), health)
    monkeypatch.setattr(fan_out_module, "_store_states", store)
    await worker.work()
    assert await reached(lanes, fan_out_module.CHECKPOINT) == {1: poison - 1, 2: heads[2]}
    assert f"stops behind position {poison - 1}" in health.parts["fan_out"].message


async def test_a_chunk_that_fails_only_as_a_whole_is_followed_event_by_event(
    lanes: Api, lanes_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = {lane: await lanes.position(lane) for lane in (1, 2)}
    real_apply = Journal.apply

    async def apply(self: Journal, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        if len(events) > 1:
            raise MemoryError
        await real_apply(self, connection, lane, events)

    monkeypatch.setattr(Journal, "apply", apply)
    health = Health(lanes.ledger.pool, lanes_settings)
    await Projector(lanes.ledger, health).work()
    assert await reached(lanes, Journal.name) == heads
    assert health.parts["projector"].ok
