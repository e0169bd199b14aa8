"""A process that appends multi-event batches as fast as it can: `python -m tests.support.appender`.

It reads its plan, a line of JSON; says `ready` when its account is open; and begins at the next line.
"""

from __future__ import annotations

import asyncio
import json
import sys

from events.accounts.commands import OpenAccount
from events.balances.commands import RecordRevenue
from service.ledger.commands import Executed
from service.ledger.lifespan import running_ledger
from service.platform import logs
from service.platform.settings import Settings
from tests.support.own import origin, work


async def run(plan: dict[str, str]) -> None:
    logs.configure("error")
    settings = Settings.model_validate(plan["settings"])
    account = plan["account"]
    async with running_ledger(settings) as ledger:
        await ledger.execute([work(OpenAccount(account_id=account, currency="IDR"))], origin())
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)

        async def append(number: int) -> None:
            works = [
                work(RecordRevenue(account_id=account, amount=1, currency="IDR", reference=f"{number}-{n}"))
                for n in range(3)
            ]
            outcomes = await ledger.execute(works, origin(), atomic=True)
            assert all(isinstance(outcome, Executed) for outcome in outcomes), outcomes

        for burst in range(int(plan["bursts"])):
            await asyncio.gather(*(append(burst * 10 + n) for n in range(4)))


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.stdin.readline())))
