"""kill -9 in the middle of a load: what was acknowledged is there once, what was not is there once or not at all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import aiohttp

from service.ledger.api_keys import SCOPES, NewKey, create_key
from service.ledger.lifespan import running_ledger
from service.platform.settings import Settings
from tests.support.described import checked_session
from tests.support.own import fund
from tests.support.served import Served, served

CONNECTIONS = 16
ROUNDS = 3
AVAILABLE = 10**9


@dataclass
class Load:
    """Requests under way, each with a key of its own, and the answers that arrived."""

    key: NewKey
    answered: dict[str, bytes] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    sent: int = 0

    async def run(self, service: Served, enough: asyncio.Event) -> None:
        async with checked_session() as session:
            while True:
                self.sent += 1
                name = f"idem_{self.sent}"
                self.unanswered.add(name)
                try:
                    status, body = await self.post(session, service, name)
                except aiohttp.ClientError:
                    return
                assert status == 201, body
                self.unanswered.discard(name)
                self.answered[name] = body
                if len(self.answered) % 150 == 0:
                    enough.set()

    async def post(self, session: aiohttp.ClientSession, service: Served, name: str) -> tuple[int, bytes]:
        async with session.post(
            f"{service.base}/v1/payouts",
            json={"amount": 1, "currency": "IDR", "note": name},
            headers={"Authorization": f"Bearer {self.key.secret}", "Idempotency-Key": name},
        ) as response:
            return response.status, await response.read()


async def test_kill_minus_nine_under_load_loses_nothing_and_doubles_nothing(settings: Settings) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", AVAILABLE)
        key = await create_key(
            ledger.pool, ledger.vault, ledger.runtime, mode="live", scopes=SCOPES, account_id="acc_1"
        )
    load = Load(key)
    for _ in range(ROUNDS):
        async with served(settings) as service:
            enough = asyncio.Event()
            clients = [asyncio.create_task(load.run(service, enough)) for _ in range(CONNECTIONS)]
            async with asyncio.timeout(60):
                await enough.wait()
            await service.kill()
            await asyncio.gather(*clients)
    assert load.unanswered, "nothing was under way when the service was killed"

    async with running_ledger(settings) as ledger:
        notes = [row["note"] for row in await ledger.pool.fetch("SELECT note FROM payouts")]
        assert len(notes) == len(set(notes)), "a request was carried out twice"
        assert set(load.answered) <= set(notes), "an acknowledged request is not there"
        assert set(notes) <= set(load.answered) | load.unanswered
        balance = await ledger.pool.fetchrow("SELECT available, reserved FROM balances")
        assert balance is not None
        assert (balance["available"], balance["reserved"]) == (AVAILABLE - len(notes), len(notes))

    async with served(settings) as service, checked_session() as session:
        some = [*list(load.answered)[:: max(1, len(load.answered) // 40)]]
        for name in some:
            assert await load.post(session, service, name) == (201, load.answered[name]), "not the first answer"
        for name in load.unanswered:
            status, _ = await load.post(session, service, name)
            assert status == 201
    async with running_ledger(settings) as ledger:
        assert await ledger.pool.fetchval("SELECT count(*) FROM payouts") == len(load.answered) + len(load.unanswered)
