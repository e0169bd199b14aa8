"""A ledger whose payouts go to a simulated Plugipay, with its dispatcher and its sweeper."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

from events.accounts.commands import OpenAccount, SetBankAccount, SetProvider
from events.balances.commands import RecordRevenue, SettleRevenue
from events.payouts.commands import RequestPayout
from events.payouts.state import Payout
from events.provider.state import Case
from projections.inline import CASES, PAYOUTS
from service.ledger.ledger import Ledger
from service.platform.health import Health
from service.platform.runtime import REAL
from service.platform.settings import Settings
from service.plugipay.outbound.access_reports import AccessReports
from service.plugipay.outbound.client import PlugipayClient
from service.plugipay.outbound.dispatcher import Dispatcher
from service.plugipay.outbound.sweeper import Sweeper
from simulator.provider.control import Control
from simulator.provider.lifespan import Simulated, simulated_plugipay
from simulator.provider.settings import SimulatorSettings, WorkspaceSettings
from sql import query
from tests.support.own import execute

ACCOUNT = "acc_1"
WORKSPACE = WorkspaceSettings(id="ws_1", key_id="ak_1", secret="sk_provider_1", balances={"IDR": 10_000_000})
FUNDS = 10_000_000


class Clock:
    """The ledger's clock, which a test may set ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.runtime = replace(REAL, now=lambda: REAL.now() + self.ahead)


@dataclass(frozen=True)
class Loop:
    """The ledger and its simulated provider."""

    ledger: Ledger
    settings: Settings
    simulated: Simulated
    client: PlugipayClient
    dispatcher: Dispatcher
    sweeper: Sweeper
    health: Health
    clock: Clock

    @property
    def control(self) -> Control:
        return self.simulated.control

    async def request(self, amount: int = 1000, note: str | None = None) -> str:
        """A payout's id."""
        outcome = await execute(
            self.ledger, RequestPayout(account_id=ACCOUNT, amount=amount, currency="IDR", note=note)
        )
        return outcome.body.decode()  # type: ignore[union-attr]

    async def attempt(self, payout_id: str, tries: int = 0) -> float | None:
        """The dispatcher's next attempt for a payout."""
        return await self.dispatcher.attempt(1, ACCOUNT, payout_id, tries)

    async def payout(self, payout_id: str) -> Payout:
        row = await self.ledger.pool.fetchrow(query("provider/read"), 1, ACCOUNT, payout_id)
        assert row is not None
        return PAYOUTS.value_of_json(row["payout"])

    async def balance(self) -> dict[str, int]:
        [row] = await self.ledger.pool.fetch(query("balances/of_account"), 1, ACCOUNT, "IDR")
        return dict(row)

    async def events(self, payout_id: str | None = None) -> list[str]:
        """Types of the account's events, in order; of those that mention a payout."""
        rows = await self.ledger.pool.fetch(
            "SELECT type FROM events WHERE account_id = $1 AND ($2::text IS NULL OR envelope LIKE '%' || $2 || '%')"
            " ORDER BY position",
            ACCOUNT,
            payout_id,
        )
        return [row["type"] for row in rows]

    async def cases(self) -> list[tuple[str, Case]]:
        rows = await self.ledger.pool.fetch('SELECT case_id, to_json(c) AS "case" FROM cases c ORDER BY position')
        return [(row["case_id"], CASES.value_of_json(row["case"])) for row in rows]


@contextlib.asynccontextmanager
async def provider_loop(
    ledger: Ledger,
    settings: Settings,
    simulator: SimulatorSettings | None = None,
    *,
    clock: Clock,
    timeout_seconds: float = 0.5,
) -> AsyncIterator[Loop]:
    """An account in Plugipay mode with money, and its provider. Nothing runs by itself."""
    chosen = simulator or SimulatorSettings(workspaces=(WORKSPACE,), moves=False, slow_seconds=1, hang_seconds=1)
    async with simulated_plugipay(chosen) as simulated:
        settings = settings.model_copy(update={"plugipay_base_url": simulated.url})
        for command in (
            OpenAccount(account_id=ACCOUNT, currency="IDR", backend="plugipay"),
            SetBankAccount(
                account_id=ACCOUNT,
                bank_code="bca",
                bank_name="BCA",
                bank_account_number="0000000099",
                bank_account_holder="A",
            ),
            RecordRevenue(account_id=ACCOUNT, amount=FUNDS, currency="IDR", reference="order-1"),
            SettleRevenue(account_id=ACCOUNT, amount=FUNDS, currency="IDR", reference="order-1"),
            SetProvider(
                account_id=ACCOUNT,
                workspace_id=WORKSPACE.id,
                key_id=WORKSPACE.key_id,
                secret=WORKSPACE.secret,
                base_url=simulated.url,
            ),
        ):
            await execute(ledger, command)
        health = Health(ledger.pool, settings)
        client = PlugipayClient(REAL, timeout_seconds=timeout_seconds)
        try:
            reports = AccessReports(health, clock.runtime)
            dispatcher = Dispatcher(ledger, settings, reports, client)
            yield Loop(
                ledger,
                settings,
                simulated,
                client,
                dispatcher,
                Sweeper(ledger, settings, client, reports),
                health,
                clock,
            )
        finally:
            await client.close()
