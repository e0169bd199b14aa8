"""A consumer in its own process that dies, as by kill -9, at a named step.

    python -m tests.support.killed STEP    with the service's environment

It dies there only while it handles a webhook, so that everything before the first one works as usual.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiokafka

from service.ledger import event_store, writer
from service.ledger.lifespan import running_ledger
from service.platform import settings
from service.platform.health import Health
from service.plugipay.inbound.consumer import Consumer
from service.plugipay.inbound.delivery_unit import DeliveryUnit

CODE = 9
STEPS = (
    "assigned",
    "fetched",
    "decided",
    "before the commit",
    "after the commit",
    "after the writer's result",
    "before the group offsets",
    "after the group offsets",
)


def die() -> None:
    """Nothing is finished, nothing is closed, nothing is flushed."""
    os._exit(CODE)


def _dying(
    call: Callable[..., Awaitable[Any]], *, before: bool, when: Callable[..., bool]
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(call)
    async def wrapped(*given: Any, **named: Any) -> Any:
        if before and when(None, *given):
            die()
        outcome = await call(*given, **named)
        if not before and when(outcome, *given):
            die()
        return outcome

    return wrapped


def _put(owner: object, name: str, call: object) -> None:
    assert hasattr(owner, name)
    setattr(owner, name, call)


def arm(step: str) -> None:
    """Makes the process end at a step."""
    has_deliveries = lambda _, __, batch, *more: bool(batch.deliveries)  # noqa: E731 - a line each tells the steps apart
    client = aiokafka.AIOKafkaConsumer
    match step:
        case "assigned":
            _put(Consumer, "assigned", _dying(Consumer.assigned, before=False, when=lambda *_: True))
        case "fetched":
            _put(client, "getmany", _dying(client.getmany, before=False, when=lambda found, *_: bool(found)))
        case "decided":
            decide = DeliveryUnit.decide

            def decided(unit: DeliveryUnit, batch: Any) -> list[str]:
                verdicts = decide(unit, batch)
                if unit.deliveries:
                    die()
                return verdicts

            _put(DeliveryUnit, "decide", decided)
        case "before the commit":
            _put(writer, "append", _dying(event_store.append, before=True, when=has_deliveries))
        case "after the commit":
            _put(writer, "append", _dying(event_store.append, before=False, when=has_deliveries))
        case "after the writer's result":
            committed = DeliveryUnit.committed

            def committed_then_die(unit: DeliveryUnit, result: list[str]) -> None:
                committed(unit, result)
                if unit.deliveries:
                    die()

            _put(DeliveryUnit, "committed", committed_then_die)
        case "before the group offsets":
            _put(client, "commit", _dying(client.commit, before=True, when=lambda *_: True))
        case "after the group offsets":
            _put(client, "commit", _dying(client.commit, before=False, when=lambda *_: True))
        case _:
            raise SystemExit(f"{step} is none of {STEPS}")


async def main(step: str) -> None:
    loaded = settings.load()
    arm(step)
    async with running_ledger(loaded) as ledger:
        await Consumer(ledger, loaded, Health(ledger.pool, loaded)).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
