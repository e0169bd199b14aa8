"""What an earlier release recorded is read anew as what it is: no money is there twice, whatever is named later."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import pytest

from events.envelope import Actor, Source
from events.read_set import ReadSet
from events.settlements.events import SettlementObserved
from events.settlements.observe import observe_settlement
from service.ledger.batch import Batch, Cause, UnitOfWork
from tests.recorded.test_recorded_records import FILES
from tests.service.rereading.wrong_imports import fresh, imported, read_anew, stands
from tests.support.api import Api

THEN = {"currency": "IDR", "zone": "Asia/Jakarta"}
LATER: dict[str, Any] = {"a zone": {"zone": "UTC"}, "a currency": {"currency": "USD"}}


@dataclass(slots=True)
class Recording(UnitOfWork[None]):
    """What the earlier release recorded of a file."""

    account_id: str
    file: Any
    told: list[SettlementObserved] = field(init=False)

    def __post_init__(self) -> None:
        self.told = [SettlementObserved(**recorded) for recorded in self.file["settlements"]]

    @property
    def account_ids(self) -> Collection[str]:
        return (self.account_id,)

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        for each in self.told:
            read_set.channels.add((self.account_id, each.channel))
            each.add_reads(self.account_id, read_set)
            read_set.orders.add((self.account_id, each.currency, f"{each.channel}/{each.reference}"))

    def decide(self, batch: Batch) -> None:
        state = batch.state(self.account_id)
        for each in self.told:
            for event in observe_settlement(each, state):
                batch.record(state, event, Cause(Actor("operator", "import"), Source("cli")))


async def recorded_then(api: Api, file: Any) -> str:
    """An account as the earlier release left it, and the migration: rows do not know what commands did."""
    account = await fresh(api)
    await api.ledger.run(await api.ledger.lane_of(account), Recording(account, file))
    await api.ledger.pool.execute(
        "UPDATE settlements SET absorbed = NULL, settled = NULL, short = NULL, released_by = '{}' WHERE account_id = $1",
        account,
    )
    return account


def total(found: Any) -> int:
    """All money, in whichever currency a record is read: each file has one amount of it."""
    return sum(sum(buckets) for _, *buckets in found["balances"])


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("file", [pytest.param(each, id=f"{each['channel']}-{each['name']}") for each in FILES])
async def test_money_that_an_earlier_release_booked_is_not_booked_twice(api: Api, file: Any, later: str) -> None:
    account, at_once = await recorded_then(api, file), await fresh(api)
    again = await imported(api, account, file["channel"], file["content"].encode(), THEN)
    before = await stands(api, account)
    await imported(api, at_once, file["channel"], file["content"].encode(), {**THEN, **LATER[later]})
    expected = await stands(api, at_once)
    receipt = await read_anew(api, account, LATER[later], again.id)
    now = await stands(api, account)
    if receipt["notWithdrawn"]:
        assert receipt["leftOut"] >= 1, "and what it states now is not booked beside it"
    # Record by record, it is as it was, or as it is read now: each of them once.
    assert total(now) in (total(before), total(expected))
    await read_anew(api, account, LATER[later], again.id)
    assert await stands(api, account) == now, "the second time changes nothing"
