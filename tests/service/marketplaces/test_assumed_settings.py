"""What a file leaves out, and neither the request nor the channel says: taken from the account, or assumed and noted."""

from __future__ import annotations

import io

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from service.imports.import_source import ImportRequest
from service.imports.ingestion import import_file
from service.ledger.commands import RequestOrigin
from service.marketplaces.import_source import MarketplaceOptions
from tests.service.marketplaces.samples import sample
from tests.support.api import Api

ORIGIN = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")


async def test_a_zone_that_had_to_be_assumed_is_noted_and_a_named_one_is_not(api: Api) -> None:
    await api.merchant("acc_1")
    content = sample("lazada-get-payout-status.xml")
    for options, notes in ((MarketplaceOptions("lazada"), 1), (MarketplaceOptions("lazada", zone="Asia/Manila"), 0)):
        result = await import_file(
            api.ledger, ImportRequest("acc_1", "statements.xml", options), io.BytesIO(content), ORIGIN
        )
        assert len(result.receipt.document()["notes"]) == notes


async def test_an_account_with_one_currency_needs_none_for_a_file_that_names_none(api: Api) -> None:
    await api.merchant("acc_1")
    content = sample("shopee-escrow-detail.json")
    result = await import_file(
        api.ledger, ImportRequest("acc_1", "escrow.json", MarketplaceOptions("shopee")), io.BytesIO(content), ORIGIN
    )
    assert result.receipt.document()["unreadable"] == 0
    assert await api.ledger.pool.fetchval("SELECT DISTINCT currency FROM settlements") == "IDR"
