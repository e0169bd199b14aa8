"""Ingests deliveries in a lane. A delivery that cannot be ingested is parked, and the others are not held up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from events.envelope import SYSTEM_ACCOUNT
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Fenced, Unavailable, WrittenElsewhere, name_of
from service.platform import logs
from service.platform.database import is_outage
from service.plugipay.inbound.delivery_unit import Delivery, DeliveryUnit, OffsetMove

log = logs.get("plugipay")

_TRIES = 3
"""Of a delivery whose row another process has written at the same moment."""


async def ingest(
    ledger: Ledger, lane: int, deliveries: Sequence[Delivery], moves: Sequence[OffsetMove] = ()
) -> list[str]:
    """Ingests deliveries together with the offsets after them. Returns the verdict of each, once all are durable.

    Raises what is not a delivery's own fault: no database, or a partition that was assigned to another consumer. Then
    the offsets say how much was ingested, and the rest may be ingested again.
    """
    try:
        return await _submit(ledger, lane, deliveries, moves)
    except Exception as problem:
        if not deliveries or waits(problem):
            raise
        log.warning("deliveries_taken_apart", lane=lane, deliveries=len(deliveries), problem=repr(problem))
    verdicts = await _taken_apart(ledger, lane, deliveries)
    if moves:
        await _submit(ledger, lane, [], moves)
    return verdicts


def waits(problem: Exception) -> bool:
    """Whether the same can be ingested later as it is: the fault is not in any delivery."""
    if isinstance(problem, WrittenElsewhere):
        # It ends by itself, or it is a row that is never to be written: `_one` finds out.
        return False
    return isinstance(problem, (Unavailable, Fenced)) or is_outage(problem)


def failure_reason(problem: Exception) -> str:
    """Why a delivery is not ingested. Only the failure's class: its message may quote personal data."""
    return f"ingesting it failed: {name_of(problem)} (the log says more)"


async def _taken_apart(ledger: Ledger, lane: int, deliveries: Sequence[Delivery]) -> list[str]:
    """Ingests deliveries that cannot be ingested together: in halves, down to the one that fails, which is parked.

    Each part moves the offsets behind it, so what is ingested or parked is not read again, whatever happens next.
    """
    if len(deliveries) == 1:
        return [await _one(ledger, lane, deliveries[0])]
    middle = len(deliveries) // 2
    verdicts: list[str] = []
    for half in (deliveries[:middle], deliveries[middle:]):
        try:
            verdicts += await _submit(ledger, lane, half, _moves_behind(half))
        except Exception as problem:
            if waits(problem):
                raise
            verdicts += await _taken_apart(ledger, lane, half)
    return verdicts


def _moves_behind(deliveries: Sequence[Delivery]) -> list[OffsetMove]:
    """The last move of each partition."""
    moves = {(move.topic, move.partition): move for each in deliveries if (move := each.move) is not None}
    return list(moves.values())


async def _one(ledger: Ledger, lane: int, delivery: Delivery) -> str:
    """Ingests one delivery alone, or parks it."""
    tries = 0
    while True:
        tries += 1
        try:
            return (await _submit(ledger, lane, [delivery], _moves_behind([delivery])))[0]
        except Exception as problem:
            if waits(problem):
                raise
            if isinstance(problem, WrittenElsewhere) and tries < _TRIES:
                continue
            log.exception("delivery_parked", account=delivery.account_id, origin=delivery.origin)
            return await _park(ledger, lane, delivery, failure_reason(problem))


async def _park(ledger: Ledger, lane: int, delivery: Delivery, reason: str) -> str:
    """Parks a delivery: as it is; else under no account; else without its bytes, which the topic still has."""
    parked = replace(delivery, quarantine_reason=reason)
    lost = f"{reason}; its {len(delivery.raw)} bytes could not be stored, and are where it came from: {delivery.origin}"
    without_account = replace(parked, account_id=SYSTEM_ACCOUNT, observation=None, mentions=(), signature=None)
    for attempt in (parked, without_account):
        try:
            return (await _submit(ledger, lane, [attempt], _moves_behind([attempt])))[0]
        except Exception as problem:
            if waits(problem):
                raise
            log.exception("delivery_not_stored", account=delivery.account_id, origin=delivery.origin)
    without_bytes = replace(without_account, raw=b"", quarantine_reason=lost)
    return (await _submit(ledger, lane, [without_bytes], _moves_behind([without_bytes])))[0]


async def _submit(ledger: Ledger, lane: int, deliveries: Sequence[Delivery], moves: Sequence[OffsetMove]) -> list[str]:
    return await ledger.run(lane, DeliveryUnit(list(deliveries), list(moves)))
