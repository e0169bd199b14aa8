"""Records of banks and marketplaces for an account that is not the caller's by the time it is decided."""

from __future__ import annotations

from typing import Any

import pytest

from events.accounts.state import LIVE, TEST
from events.chain import Actor, Source
from events.refusals import AccountNotFound
from service.banks.booking import BankUnit, IdentifiedRecord
from service.formats.unreadable import Unreadable
from service.ledger.commands import RequestOrigin
from service.marketplaces.booking import LocatedRecord, RecordsUnit
from tests.support.api import Api

LINE = Unreadable("line 1", "nobody knows", b"a line")


def of_a_bank(**common: Any) -> BankUnit:
    return BankUnit(records=[IdentifiedRecord(LINE, "file#line 1")], **common)


def of_a_marketplace(**common: Any) -> RecordsUnit:
    return RecordsUnit(records=[LocatedRecord(LINE, "file#line 1")], channel="lazada", **common)


@pytest.mark.parametrize("unit_of", [of_a_bank, of_a_marketplace])
async def test_an_account_that_was_opened_in_the_other_mode_meanwhile_takes_nothing(api: Api, unit_of: Any) -> None:
    await api.merchant("acc_1")
    lane = await api.ledger.lane_of("acc_1")

    async def ingested(mode: str) -> list[str]:
        unit: BankUnit | RecordsUnit = unit_of(
            account_id="acc_1",
            exponents=api.ledger.exponents,
            origin=RequestOrigin(Actor("operator", "import"), Source("cli", "import"), mode, "req_import"),
            received_at=api.ledger.runtime.instant(),
        )
        return await api.ledger.run(lane, unit)

    with pytest.raises(AccountNotFound):
        await ingested(TEST)
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == 0
    assert await ingested(LIVE) == ["unreadable"]
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == 1
