"""The store alone: events a second with order, chain, idempotency, sealed answers and inline views, beside pgbench."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from itertools import count
from pathlib import Path

import uvloop

from bench.http import ACCOUNTS, Services
from events.accounts.state import LIVE
from events.envelope import Actor, Source
from events.payouts.commands import RequestPayout
from service.ledger.commands import CommandRequest, Executed, RequestOrigin
from service.ledger.lifespan import running_ledger
from service.platform import logs
from service.platform.settings import Settings
from simulator.servers.cluster import installed_programs

CLIENTS = 64
COMMANDS_IN_A_UNIT = 10

_NUMBERS = count()
_ASKED = RequestOrigin(Actor("key", "bench"), Source("command", "bench"), LIVE, "req_bench")


async def _append(services: Services, seconds: float) -> dict[str, float]:
    logs.configure("error")
    settings = Settings(
        database_url=services.postgres.service_url,
        master_key=services.master_key,
        batch_commands_max=500,
        log_requests=False,
    )
    stop = time.perf_counter() + seconds
    appended = 0
    latencies: list[float] = []

    async with running_ledger(settings) as ledger:

        async def client() -> None:
            nonlocal appended
            while (began := time.perf_counter()) < stop:
                works = []
                for _ in range(COMMANDS_IN_A_UNIT):
                    number = next(_NUMBERS)
                    account = ACCOUNTS[number % len(ACCOUNTS)]
                    command = RequestPayout(account_id=account, amount=1, currency="IDR")
                    body = b'["requestPayout",{"amount":1,"currency":"IDR"}]'
                    works.append(
                        CommandRequest(
                            command, body, 201, lambda accepted: b"%d" % accepted.position, f"append_{number}"
                        )
                    )
                outcomes = await ledger.execute(works, _ASKED)
                assert all(isinstance(outcome, Executed) for outcome in outcomes)
                appended += len(outcomes)
                latencies.append((time.perf_counter() - began) * 1000)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        taken = time.perf_counter() - began
    latencies.sort()
    return {
        "rate": appended / taken,
        "p50_ms": latencies[len(latencies) // 2],
        "p99_ms": latencies[int(len(latencies) * 0.99)],
    }


def append_ours(services: Services, seconds: float) -> dict[str, float]:
    """64 clients, ten commands a request, one event a command; durable before each answer."""
    return uvloop.run(_append(services, seconds))


def append_pgbench(services: Services, seconds: float) -> dict[str, float]:
    """64 clients, each inserting one row of the same size a transaction; nothing else."""
    pgbench = installed_programs() / "pgbench"
    common = [str(pgbench), "-n", "-d", services.postgres.migrate_url]
    here = Path(__file__).parent
    script = here / "one_row.sql"
    setup = here / "one_row_table.sql"
    subprocess.run([*common, "-t", "1", "-c", "1", "-f", str(setup)], check=True, capture_output=True)
    ended = subprocess.run(
        [*common, "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(int(seconds)), "-f", str(script)],
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    found = re.search(r"tps = ([\d.]+)", ended.stdout)
    assert found is not None, ended.stdout
    return {"rate": float(found[1])}
