"""An account with weekly statements, and a clock that a test moves."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from service.ledger.ledger import Ledger
from service.platform.runtime import REAL, Runtime
from service.workers.statement_closer import StatementCloser
from tests.support.api import Api, Caller

LANE = 1
WEDNESDAY = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
"""The Monday after that Wednesday begins in Jakarta."""
IDR = {"currency": "IDR"}


@dataclasses.dataclass
class Clock:
    at: datetime = WEDNESDAY

    def __call__(self) -> datetime:
        return self.at

    def runtime(self) -> Runtime:
        return dataclasses.replace(REAL, now=self)


async def weekly(api: Api, **fields: Any) -> Caller:
    """An account that is open, with a cycle and nothing in it."""
    merchant = await api.merchant()
    cycle = {"cycle": "weekly", "zone": "Asia/Jakarta", **fields}
    await merchant.accepted(type="setStatementCycle", **cycle)
    return merchant


async def close(ledger: Ledger) -> list[str]:
    """The numbers of the statements that the closer closes now."""
    return [event.number for event in (await StatementCloser(ledger).close_due(LANE))[1]]


async def revenue(merchant: Caller, amount: int, reference: str) -> None:
    await merchant.accepted(type="recordRevenue", amount=amount, reference=reference, **IDR)


async def a_week(api: Api, clock: Clock) -> Caller:
    """Earned 10.00 and 2.50, a fee of 1.20, of which 0.20 for shipping; held 3.00; paid out 4.00: 4.30 are left."""
    merchant = await weekly(api)
    await revenue(merchant, 1_000, "o-1")
    await merchant.accepted(type="settleRevenue", amount=1_000, reference="o-1", **IDR)
    await revenue(merchant, 250, "=o-2")
    await merchant.accepted(type="chargeFee", amount=100, reference="inv-1", kind="platform", **IDR)
    await merchant.accepted(type="chargeFee", amount=20, reference="inv-2", kind="shipping", **IDR)
    await merchant.accepted(type="holdReserve", amount=300, reason="dispute", **IDR)
    payout_id = (await merchant.accepted(type="requestPayout", amount=400, **IDR))["id"]
    await merchant.accepted(type="markInTransit", payoutId=payout_id)
    await merchant.accepted(type="markPaid", payoutId=payout_id)
    clock.at = MIDNIGHT + timedelta(seconds=5)
    return merchant
