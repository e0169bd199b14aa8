"""The HTTP benchmarks: the service with everything on, beside aiohttp with nothing behind it, under the same load."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import asyncpg
import uvloop

from simulator.servers.postgres import EmbeddedPostgres

CONNECTIONS = 64
ACCOUNTS = [f"acc_{number}" for number in range(200)]
WARMUP_SECONDS = 1.0

_RUNS = count()


@dataclass
class Services:
    """Both sides, running: ours on a Postgres of its own, the reference on nothing."""

    postgres: EmbeddedPostgres
    postgres_version: str
    port: int
    bare_port: int
    key: str
    master_key: str

    @classmethod
    @contextlib.contextmanager
    def start(cls, postgres: EmbeddedPostgres) -> Iterator[Services]:
        master_key = base64.b64encode(secrets.token_bytes(32)).decode()
        environment = {
            **os.environ,
            "DATABASE_URL": postgres.service_url,
            "MIGRATE_DATABASE_URL": postgres.migrate_url,
            "MASTER_KEY": master_key,
        }
        with _process("service", "serve", "--port", "0", env=environment, stderr=subprocess.PIPE) as ours:
            port = _port(ours)
            with _process("bench.bare", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
                assert bare.stdout is not None
                bare_port = int(bare.stdout.readline())
                created = subprocess.run(
                    [
                        *(sys.executable, "-m", "service", "keys", "create", "--platform", "--json"),
                        *("--scopes", "payout:read,payout:write,command:write"),
                    ],
                    env=environment,
                    check=True,
                    capture_output=True,
                )
                services = cls(
                    postgres,
                    uvloop.run(_version(postgres.service_url)),
                    port,
                    bare_port,
                    json.loads(created.stdout)["secret"],
                    master_key,
                )
                services.fund()
                yield services
                assert bare.stdin is not None
                bare.stdin.close()
            ours.terminate()

    def fund(self) -> None:
        """Opens the accounts, with bank accounts and more money than any run can pay out."""
        money = {"amount": 10**12, "currency": "IDR", "reference": "bench"}
        bank = {"bankCode": "bca", "bankName": "BCA", "bankAccountNumber": "0000000099", "bankAccountHolder": "Bench"}
        for command in (
            {"type": "openAccount", "currency": "IDR"},
            {"type": "setBankAccount", **bank},
            {"type": "recordRevenue", **money},
            {"type": "settleRevenue", **money},
        ):
            body = json.dumps({"commands": [{**command, "accountId": account} for account in ACCOUNTS]}).encode()
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/v1/commands", body, {"Authorization": f"Bearer {self.key}"}
            )
            with urllib.request.urlopen(request, timeout=60) as response:
                results = json.load(response)["data"]["results"]
            assert all(result["status"] == "accepted" for result in results)

    def headers(self, account: str) -> str:
        return (
            "Host: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
            f"Authorization: Bearer {self.key}\r\nX-Storlaunch-On-Behalf-Of: {account}\r\n"
        )


@contextlib.contextmanager
def _process(*module: str, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", *module], **more)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _port(process: subprocess.Popen[bytes]) -> int:
    """Reads the log until the service says where it listens; a drain of the rest goes on beside."""
    assert process.stderr is not None
    for line in process.stderr:
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if entry.get("event") == "serving":
                # The log of each command is part of the work; reading it is somebody else's.
                subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
                return int(entry["port"])
    raise RuntimeError("the service ended before it served")


async def _version(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()


def _load(port: int, templates: list[dict[str, str]], seconds: float, expected: str) -> dict[str, float]:
    plan = {
        "port": port,
        "connections": CONNECTIONS,
        "seconds": seconds,
        "warmup_seconds": WARMUP_SECONDS,
        "templates": templates,
        "salt": f"{os.getpid()}_{next(_RUNS)}_{int(time.time())}_",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(plan).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds + 60,
    )
    result = json.loads(ended.stdout)
    assert set(result.pop("statuses")) == {expected}, result
    return {name: float(value) for name, value in result.items()}


BODY = '{"amount":1,"currency":"IDR","note":"bench"}'


def _posts(services: Services, path: str) -> list[dict[str, str]]:
    return [
        {
            "head": f"POST {path} HTTP/1.1\r\n{services.headers(account)}Idempotency-Key: bench_{{n}}\r\n",
            "body": BODY,
        }
        for account in ACCOUNTS
    ]


def _gets(services: Services, path: str) -> list[dict[str, str]]:
    return [{"head": f"GET {path} HTTP/1.1\r\n{services.headers(account)}"} for account in ACCOUNTS]


def command_ours(services: Services, seconds: float) -> dict[str, float]:
    """A durable `POST /v1/payouts` with an idempotency key, through all of it."""
    return _load(services.port, _posts(services, "/v1/payouts"), seconds, "201")


def command_bare(services: Services, seconds: float) -> dict[str, float]:
    return _load(services.bare_port, _posts(services, "/"), seconds, "201")


def balance_ours(services: Services, seconds: float) -> dict[str, float]:
    """`GET /v1/payouts/balance`, read from Postgres, true at a position."""
    return _load(services.port, _gets(services, "/v1/payouts/balance"), seconds, "200")


def balance_bare(services: Services, seconds: float) -> dict[str, float]:
    return _load(services.bare_port, _gets(services, "/"), seconds, "200")
