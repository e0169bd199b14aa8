"""The walks that `docs/architecture.md` shows, and how many files each may pass."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from events.accounts.state import LIVE
from events.chain import Actor, Source
from service.imports.import_request import ImportRequest
from service.imports.ingestion import import_file
from service.ledger.commands import RequestOrigin
from service.marketplaces.import_source import MarketplaceOptions
from tests.architecture.walks import Walk
from tests.service.marketplaces.samples import sample
from tests.support.api import Api, Caller


@dataclass(frozen=True)
class Example:
    """One request, and what has to be there before it is followed."""

    name: str
    title: str
    files_max: int
    run: Callable[[Api, Caller], Awaitable[None]]


async def request_payout(_: Api, merchant: Caller) -> None:
    answer = await merchant.post("/v1/payouts", {"amount": 5, "currency": "IDR"})
    assert answer.status == 201


async def import_order(api: Api, merchant: Caller) -> None:
    origin = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
    request = ImportRequest("acc_1", "escrow.json", MarketplaceOptions("shopee", currency="SGD"))
    await import_file(api.ledger, request, io.BytesIO(sample("shopee-escrow-detail.json")), origin)
    assert (await merchant.get("/v1/payouts/balance?currency=SGD")).status == 200


WALKS = (
    Example("request_payout", "POST /v1/payouts", 26, request_payout),
    Example("import_order", "An order line, from a file to the balance", 34, import_order),
)


async def walked(api: Api, example: Example) -> Walk:
    """The walk of an example on a service that is warm."""
    merchant = await api.merchant(available=10_000)
    assert (await merchant.post("/v1/payouts", {"amount": 5, "currency": "IDR"})).status == 201
    # Threads that begin while it is followed are followed too.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    walk = Walk()
    with walk.follow():
        await example.run(api, merchant)
    return walk
