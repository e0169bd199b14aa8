"""Payouts through a Plugipay with every fault there is, while the service and the broker are killed at random.

STORM_PAYOUTS says how many (300; `make storm` takes ten thousand).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import aiohttp
import orjson
import pytest

from events.accounts.commands import OpenAccount, SetBankAccount
from events.accounts.state import LIVE
from events.balances.commands import RecordRevenue, SettleRevenue
from service.ledger.api_keys import SCOPES, create_key
from service.ledger.event_store import read_head
from service.ledger.lifespan import running_ledger
from service.ledger.replay import verify_lane
from service.ledger.system_commands import execute_system_commands
from service.platform.runtime import REAL
from service.platform.settings import Settings
from simulator.provider.control import Control
from simulator.provider.lifespan import simulated_plugipay
from simulator.provider.settings import EndpointSettings, SimulatorSettings, WorkspaceSettings
from tests.kafka.broker import RealBroker, start_real_broker
from tests.support.described import checked_session
from tests.support.ports import lasting_ports
from tests.support.served import served

PAYOUTS = int(os.environ.get("STORM_PAYOUTS", "300"))
ACCOUNTS = [f"acc_{number}" for number in range(10)]
FUNDS = 10**12
SECONDS_MAX = 1200 + PAYOUTS / 5
"""Several times what it takes. A storm that does not end is a fault, and the test says where it stood."""
RATES = {
    "slow": 0.01,
    "silent": 0.03,
    "silent_undone": 0.03,
    "error": 0.05,
    "error_done": 0.03,
    "rate_limited": 0.03,
    "fail": 0.08,
    "return": 0.05,
    "flip": 0.05,
    "unrequested": 0.03,
    "drop": 0.05,
    "duplicate": 0.1,
    "reorder": 0.1,
    "wrong_amount": 0.02,
    "bad_signature": 0.05,
}
SECRET = "whsec_storm_0123456789"


@pytest.fixture
def own_broker() -> Iterator[RealBroker]:
    """A broker that may be killed: not the one that other tests share."""
    broker = start_real_broker()
    yield broker
    broker.stop()


@dataclass
class Storm:
    """What it takes to run the service, and to kill it."""

    settings: Settings
    broker: RealBroker
    environment: dict[str, str]
    port: int
    made: Callable[[], int]
    """How many payouts the provider has been asked for so far."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    kills: Counter[str] = field(default_factory=Counter)

    async def keep_serving(self) -> None:
        """The service, started again whenever it was killed, until it is over."""
        chance = random.Random(1)
        while not self.over.is_set():
            async with served(self.settings, **self.environment) as service:
                if await self._strikes(chance.uniform(8, 25), chance.uniform(0.2, 0.4)):
                    await service.kill()
                    self.kills["service"] += 1

    async def _strikes(self, seconds: float, share: float) -> bool:
        """True after so long, or when such a share of the payouts was made meanwhile; False where it is over before.

        A fast machine makes three hundred payouts before any clock would have struck.
        """
        strikes_at = self.made() + share * PAYOUTS
        try:
            async with asyncio.timeout(seconds):
                while self.made() < strikes_at:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.1):
                            await self.over.wait()
                    if self.over.is_set():
                        return False
        except TimeoutError:
            return not self.over.is_set()
        return True

    async def keep_breaking_the_broker(self) -> None:
        chance = random.Random(2)
        while not self.over.is_set():
            if await self._strikes(chance.uniform(15, 40), chance.uniform(0.3, 0.6)):
                await asyncio.to_thread(self.broker.kill)
                self.kills["broker"] += 1
                await asyncio.sleep(chance.uniform(0.5, 4))
                await asyncio.to_thread(self.broker.start_again)
                await asyncio.to_thread(self.broker.wait_until_it_listens)


async def _request(storm: Storm, key: str, number: int, session: aiohttp.ClientSession) -> None:
    """One payout, asked for under its key until somebody answers."""
    headers = {
        "Authorization": f"Bearer {key}",
        "X-Storlaunch-On-Behalf-Of": ACCOUNTS[number % len(ACCOUNTS)],
        "Idempotency-Key": f"storm-{number}",
    }
    body = {"amount": 100 + number, "currency": "IDR"}
    while True:
        try:
            async with session.post(
                f"http://127.0.0.1:{storm.port}/v1/payouts", json=body, headers=headers
            ) as response:
                if response.status == 201:
                    return
                assert response.status == 503, await response.text()
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(0.2)


@pytest.mark.real_kafka
async def test_every_payout_ends_as_the_provider_has_it_and_none_is_paid_twice(
    settings: Settings, own_broker: RealBroker
) -> None:
    async with running_ledger(settings) as ledger:
        for account in ACCOUNTS:
            outcomes = await execute_system_commands(
                ledger,
                [
                    OpenAccount(account_id=account, currency="IDR", backend="plugipay"),
                    SetBankAccount(
                        account_id=account,
                        bank_code="bca",
                        bank_name="BCA",
                        bank_account_number="0000000099",
                        bank_account_holder="A",
                    ),
                    RecordRevenue(account_id=account, amount=FUNDS, currency="IDR", reference="order-1"),
                    SettleRevenue(account_id=account, amount=FUNDS, currency="IDR", reference="order-1"),
                ],
                LIVE,
                "storm",
            )
            assert not any(isinstance(outcome, Exception) for outcome in outcomes)
        key = await create_key(
            ledger.pool, ledger.vault, REAL, mode=LIVE, scopes=SCOPES, account_id=None, on_behalf_of=True
        )
    with lasting_ports(1) as (port,):
        pass
    hook = EndpointSettings(f"http://127.0.0.1:{port}/webhooks/plugipay", SECRET)
    platform = WorkspaceSettings("acc_platform", "ak_storm", "sk_storm", platform=True)
    at = SimulatorSettings(
        workspaces=(
            platform,
            *(WorkspaceSettings(a, f"ak_{a}", f"sk_{a}", balances={"IDR": FUNDS}, endpoint=hook) for a in ACCOUNTS),
        ),
        time_scale=300,
        seed=7,
        slow_seconds=2,
        hang_seconds=2,
        return_seconds=3000,
        faults=RATES,
    )
    async with simulated_plugipay(at) as simulated:
        control = simulated.control
        environment = {
            "PORT": str(port),
            "KAFKA_BOOTSTRAP_SERVERS": own_broker.bootstrap_servers,
            "PLUGIPAY_BASE_URL": simulated.url,
            "PLUGIPAY_KEY_ID": "ak_storm",
            "PLUGIPAY_SECRET": "sk_storm",
            "PLUGIPAY_WEBHOOK_SECRET": SECRET,
            "PLUGIPAY_TIMEOUT_SECONDS": "3",
            "PLUGIPAY_POLL_SECONDS": "3",
            "PLUGIPAY_SWEEP_SECONDS": "5",
            "LOG_REQUESTS": "false",
        }
        storm = Storm(settings, own_broker, environment, port, lambda: _made(control))
        try:
            async with asyncio.timeout(SECONDS_MAX):
                await _rage(storm, key.secret)
                control.clear_faults()
                # The calm after it: whatever was lost is asked for, and whatever was acknowledged is applied.
                async with served(settings, **environment):
                    await _until_the_same(settings, control)
        except TimeoutError:
            pytest.fail(
                f"{storm.made()} of {PAYOUTS} made, {storm.kills}; unlike: {await _unlike(settings, control)}; "
                f"acknowledged and not here: {_told(control) - await _here(settings)}"
            )
        assert storm.kills["service"] > 0
        assert storm.kills["broker"] > 0
        await _check(settings, control)


async def _rage(storm: Storm, key: str) -> None:
    """Every payout asked for and made, whatever is killed meanwhile. Where the killers themselves fail, so does this."""
    async with (
        checked_session(timeout=aiohttp.ClientTimeout(total=10)) as session,
        asyncio.TaskGroup() as storming,
    ):
        storming.create_task(storm.keep_serving())
        storming.create_task(storm.keep_breaking_the_broker())
        numbers = iter(range(PAYOUTS))

        async def ask() -> None:
            for number in numbers:
                await _request(storm, key, number, session)

        await asyncio.gather(*(ask() for _ in range(32)))
        while storm.made() < PAYOUTS:
            await asyncio.sleep(0.5)
        storm.over.set()


def _made(control: Control) -> int:
    return sum(payout.requested for payout in control.payouts())


async def _ours(settings: Settings) -> dict[str, tuple[str, str]]:
    """By the provider's id: our payout and its status."""
    async with running_ledger(settings) as ledger:
        rows = await ledger.pool.fetch("SELECT payout_id, status, provider_payout_id FROM payouts")
    return {row["provider_payout_id"]: (row["payout_id"], row["status"]) for row in rows}


async def _unlike(settings: Settings, control: Control) -> dict[str, object]:
    """What the provider has ended otherwise than we believe, or not ended: ours and theirs."""
    ours, left = await _ours(settings), await _left_to_people(settings)
    return {
        payout.id: (ours.get(payout.id), payout.status)
        for payout in control.payouts()
        if payout.status not in ("paid", "failed", "cancelled")
        or (ours.get(payout.id, ("", ""))[1] != payout.status and payout.id not in left)
    }


async def _left_to_people(settings: Settings) -> set[str]:
    """Payouts that nobody asked for and that have an open case instead of a place in the books.

    So it is where one of ours with the same amount was on its way when it was told: it could have been that one.
    """
    async with running_ledger(settings) as ledger:
        rows = await ledger.pool.fetch(
            "SELECT provider_payout_id FROM cases WHERE kind = 'unrequested' AND closed_at IS NULL"
        )
    return {row["provider_payout_id"] for row in rows}


async def _until_the_same(settings: Settings, control: Control) -> None:
    while True:
        await asyncio.sleep(2)
        # Polls may end a payout before its webhook, which is durable in the topic, has been read from there.
        if not await _unlike(settings, control) and _told(control) <= await _here(settings):
            return


def _told(control: Control) -> set[str]:
    """The provider's events of which it believes that we have them."""
    return {orjson.loads(one.body)["id"] for one in control.deliveries(status="succeeded")}


async def _here(settings: Settings) -> set[str]:
    """The provider's events that are applied, or known already."""
    async with running_ledger(settings) as ledger:
        rows = await ledger.pool.fetch("SELECT event_id FROM deliveries WHERE verdict IN ('accepted', 'duplicate')")
    return {row["event_id"] for row in rows}


async def _check(settings: Settings, control: Control) -> None:
    assert control.paid_twice() == {}
    assert sum(payout.requested for payout in control.payouts()) == PAYOUTS
    async with running_ledger(settings) as ledger:
        payouts = await ledger.pool.fetch("SELECT * FROM payouts")
        ours, left = {row["provider_payout_id"] for row in payouts}, await _left_to_people(settings)
        assert len(payouts) + len(left - ours) == len(control.payouts())
        strays = {payout.id: (payout.account_id, payout.amount) for payout in control.payouts() if not payout.requested}
        asked_for = {(row["account_id"], row["amount"]) for row in payouts}
        assert {strays.get(stray) for stray in left - ours} <= asked_for
        balances = await ledger.pool.fetch("SELECT * FROM balances")
        for balance in balances:
            assert sum(balance[b] for b in ("pending", "available", "reserved", "held", "paid_out")) == FUNDS
            paid = sum(
                row["amount"]
                for row in payouts
                if row["account_id"] == balance["account_id"] and row["status"] == "paid"
            )
            assert (balance["paid_out"], balance["reserved"]) == (paid, 0)
        # What the provider believes to have told is here: applied, or known already, or before a person.
        told = _told(control)
        assert told <= await _here(settings)
        verdicts = {row["verdict"] for row in await ledger.pool.fetch("SELECT DISTINCT verdict FROM deliveries")}
        assert verdicts <= {"accepted", "duplicate"}
        events = await ledger.pool.fetch(
            "SELECT envelope::json->'data' AS data FROM events WHERE type = 'provider.observed'"
        )
        observed = [orjson.loads(row["data"]) for row in events]
        seen = Counter(data["eventId"] for data in observed)
        assert told <= seen.keys()
        assert max(seen.values()) == 1
        cases = await ledger.pool.fetch("SELECT payout_id, provider_payout_id, kind FROM cases")
        about = {row["payout_id"] for row in cases} | {row["provider_payout_id"] for row in cases}
        for data in observed:
            if data["verdict"] in ("contradiction", "unmatched"):
                assert data.get("payoutId") in about or data.get("providerPayoutId") in about
        async with ledger.pool.acquire() as connection:
            head = await read_head(connection, 1)
            assert await verify_lane(connection, 1, lambda _: None) == (head.position, None)
