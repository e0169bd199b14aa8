"""Hands deliveries to a lane. One that cannot be taken in, whatever the reason, is parked; the others go on."""

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
    """Takes deliveries in with the offsets that they complete, durable when it returns; gives each one's verdict.

    What is nobody's fault (no database, a partition assigned to somebody else) is raised: nothing was taken in then, or
    all may be taken in again without harm.
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
    """Takes one delivery in by itself, or parks it."""
    try:
        return (await _submit(ledger, lane, [delivery], ()))[0]
    except _NOT_ITS_FAULT:
        raise
    except Exception as problem:
        if isinstance(problem, asyncpg.PostgresError) and not isinstance(problem, _OF_ITS_CONTENT):
            raise
        log.exception("delivery_parked", account=delivery.account_id, origin=delivery.origin)
        reason = f"taking it in failed: {type(problem).__name__} (the log says more)"
        return (await _submit(ledger, lane, [replace(delivery, parked_because=reason)], ()))[0]


async def _submit(ledger: Ledger, lane: int, deliveries: Sequence[Delivery], moves: Sequence[OffsetMove]) -> list[str]:
    return await ledger.run(lane, DeliveryUnit(list(deliveries), list(moves)))
