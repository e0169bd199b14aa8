"""Alive, ready, degraded, unavailable: what a supervisor and a load balancer are told."""

from __future__ import annotations

from typing import Any

import pytest

from service.platform import health as health_module
from service.platform.health import Health
from service.platform.settings import Settings
from tests.support.api import Api
from tests.support.command_line import environment, serve_process
from tests.support.databases import Databases
from tests.support.described import checked_session
from tests.support.tables import as_admin, as_owner
from tests.support.waiting import until


async def ready(api: Api) -> tuple[int, dict[str, Any]]:
    async with api.session.get(f"{api.base}/readyz") as response:
        return response.status, await response.json()


async def alive(api: Api) -> int:
    async with api.session.get(f"{api.base}/healthz") as response:
        return response.status


async def test_a_ledger_with_its_database_is_ready(api: Api) -> None:
    assert await alive(api) == 200
    status, report = await ready(api)
    assert (status, report["status"]) == (200, "ready")
    assert report["parts"]["database"]["ok"] is True
    assert report["parts"]["partitions"]["ok"] is True


async def test_a_part_beside_the_database_only_degrades_it(api: Api, settings: Settings) -> None:
    health = Health(api.ledger.pool, settings)
    health.report("broker", ok=False, message="cannot be reached")
    is_ready, report = await health.check()
    assert (is_ready, report["status"]) == (True, "degraded")
    assert report["parts"]["broker"] == {"ok": False, "message": "cannot be reached"}
    health.report("broker", ok=True, message="assigned")
    assert (await health.check())[1]["status"] == "ready"


async def test_few_partitions_ahead_degrade_it_and_say_what_to_run(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "PARTITION_ROOM_LOW", 10**12)
    status, report = await ready(api)
    assert (status, report["status"]) == (200, "degraded")
    assert "payout-ledger migrate" in report["parts"]["partitions"]["message"]


async def test_a_service_without_a_broker_is_degraded_and_serves(settings: Settings) -> None:

    async with serve_process(environment(settings)) as served, checked_session() as session:
        async with session.get(f"{served.base}/readyz") as response:
            report = await response.json()
        assert (response.status, report["status"]) == (200, "degraded")
        assert report["parts"]["broker"]["ok"] is False
        assert report["parts"]["database"]["ok"] is True


async def test_without_its_database_it_is_unavailable_and_alive_and_ready_again_once_it_is_back(
    api: Api, settings: Settings, databases: Databases
) -> None:
    merchant = await api.merchant(available=10)
    owner = await as_owner(settings)
    name = await owner.fetchval("SELECT current_database()")
    await owner.close()
    admin = await as_admin(databases, settings.model_copy(update={"database_url": "postgresql://x/postgres"}))
    try:
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)

        async def unavailable() -> bool:
            status, report = await ready(api)
            return (status, report["status"], report["parts"]["database"]["ok"]) == (503, "unavailable", False)

        await until(unavailable, "the service says that its database is gone")
        assert await alive(api) == 200
        away = await merchant.get("/v1/payouts/balance")
        assert (away.status, away.error["code"]) == (503, "UNAVAILABLE")
        assert away.headers["Retry-After"]
        assert settings.database_url.encode() not in away.raw
    finally:
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
        await admin.close()

    async def back() -> bool:
        return (await ready(api))[0] == 200

    await until(back, "the service is ready again")
    assert (await merchant.post("/v1/payouts", {"amount": 10, "currency": "IDR"})).status == 201
