"""The walks that `docs/architecture.md` shows, and how many files each may pass."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from service.imports.import_source import ImportRequest
from service.imports.ingestion import import_file
from service.ledger.commands import RequestOrigin
from service.marketplaces.import_source import MarketplaceOptions
from tests.architecture.walks import Walk
from tests.service.http.webhooks.sending import a_payout, an_account, paid, post
from tests.support.api import Api, Caller

ORIGIN = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")


@dataclass(frozen=True)
class Example:
    """One request. It is made twice, and the second one is followed: a service that runs has been asked before."""

    name: str
    title: str
    files_max: int
    prepare: Callable[[Api], Awaitable[Caller]]
    run: Callable[[Api, Caller, int], Awaitable[None]]
    """Makes the request; the number tells the first from the second."""


async def merchant_with_money(api: Api) -> Caller:
    return await api.merchant(available=10_000)


async def merchants_with_payouts_at_the_provider(api: Api) -> Caller:
    for account in ("acc_1", "acc_2"):
        merchant, _ = await an_account(api, account)
        await a_payout(merchant)
    return merchant


async def request_payout(_: Api, merchant: Caller, number: int) -> None:
    answer = await merchant.post("/v1/payouts", {"amount": 5 + number, "currency": "IDR"})
    assert answer.status == 201


async def import_order(api: Api, merchant: Caller, number: int) -> None:
    income = {"escrow_amount": 95_000, "cost_of_goods_sold": 100_000, "commission_fee": 5_000}
    file = io.BytesIO(json.dumps({"order_sn": f"A{number}", "order_income": income}).encode())
    request = ImportRequest("acc_1", "escrow.json", MarketplaceOptions("shopee", currency="IDR"))
    result = await import_file(api.ledger, request, file, ORIGIN)
    assert result.counts["new"] == 1
    pending = await api.ledger.pool.fetchval("SELECT pending FROM balances WHERE account_id = 'acc_1'")
    assert pending == 95_000_00 * (number + 1), "in the minor unit"


async def receive_webhook(api: Api, _: Caller, number: int) -> None:
    answer = await post(api, paid(account=f"acc_{number + 1}"))
    assert answer.status == 200


async def import_bank_statement(_: Api, merchant: Caller, number: int) -> None:
    table = f"date,amount,description,reference\n2026-02-0{number + 3},148000,SHOPEE WD,R-{number}\n"
    path = "/v1/bank-statements?bankAccount=111&currency=IDR"
    answer = await merchant.call("POST", path, raw=table.encode())
    assert answer.data["new"] == 1


EXAMPLES = (
    Example("request_payout", "POST /v1/payouts", 26, merchant_with_money, request_payout),
    Example("import_order", "An order line, from a file to the balance", 34, merchant_with_money, import_order),
    Example("receive_webhook", "POST /webhooks/plugipay", 31, merchants_with_payouts_at_the_provider, receive_webhook),
    Example("import_bank_statement", "POST /v1/bank-statements", 46, merchant_with_money, import_bank_statement),
)


async def walked(api: Api, example: Example) -> Walk:
    """The walk of the second request."""
    caller = await example.prepare(api)
    await example.run(api, caller, 0)
    # Threads that begin while it is followed are followed too.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    walk = Walk()
    with walk.follow():
        await example.run(api, caller, 1)
    return walk
