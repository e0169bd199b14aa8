"""Ingests deliveries in a lane. A delivery that cannot be ingested is parked, and the others are not held up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import asyncpg

from service.ledger.ledger import Ledger
from service.ledger.writer import Fenced, Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from service.plugipay.inbound.delivery_unit import Delivery, DeliveryUnit, OffsetMove

log = logs.get("plugipay")

_NOT_ITS_FAULT = (*OUTAGES, Unavailable, Fenced)
_OF_ITS_CONTENT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


async def ingest(
    ledger: Ledger, lane: int, deliveries: Sequence[Delivery], moves: Sequence[OffsetMove] = ()
) -> list[str]:
    """Ingests deliveries together with the offsets after them. Returns the verdict of each, once all are durable.

    Raises what is not a delivery's own fault: no database, or a partition that was assigned to another consumer. Then
    nothing was ingested, or all may be ingested again without harm.
    """
    try:
        return await _submit(ledger, lane, deliveries, moves)
    except _NOT_ITS_FAULT:
        raise
    except asyncpg.PostgresError as problem:
        if not isinstance(problem, _OF_ITS_CONTENT) or not deliveries:
            raise
    except Exception:
        if not deliveries:
            raise
        log.exception("deliveries_not_taken_in", lane=lane, deliveries=len(deliveries))
    verdicts = [await _one(ledger, lane, delivery) for delivery in deliveries]
    if moves:
        await _submit(ledger, lane, [], moves)
    return verdicts


async def _one(ledger: Ledger, lane: int, delivery: Delivery) -> str:
    """Ingests one delivery alone, or parks it."""
    try:
        return (await _submit(ledger, lane, [delivery], ()))[0]
    except _NOT_ITS_FAULT:
        raise
    except Exception as problem:
        if isinstance(problem, asyncpg.PostgresError) and not isinstance(problem, _OF_ITS_CONTENT):
            raise
        log.exception("delivery_parked", account=delivery.account_id, origin=delivery.origin)
        reason = f"ingesting it failed: {type(problem).__name__} (the log says more)"
        return (await _submit(ledger, lane, [replace(delivery, quarantine_reason=reason)], ()))[0]


async def _submit(ledger: Ledger, lane: int, deliveries: Sequence[Delivery], moves: Sequence[OffsetMove]) -> list[str]:
    return await ledger.run(lane, DeliveryUnit(list(deliveries), list(moves)))
