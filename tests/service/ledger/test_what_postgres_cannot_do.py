"""What Postgres cannot do is never our 500: it is a 503 that says what to do, and an unknown outcome is looked for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import pytest

from service.ledger import event_store, writer
from service.platform.database import explain_outage
from service.platform.settings import Settings
from tests.support.api import Api, serving
from tests.support.databases import Databases
from tests.support.tables import as_admin

CANNOT = (
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConfigurationLimitExceededError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.PostgresIOError,
    asyncpg.InternalServerError,
    asyncpg.DataCorruptedError,
    asyncpg.IndexCorruptedError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionFailureError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.StatementCompletionUnknownError,
)

Append = Callable[..., Coroutine[Any, Any, bool]]


def failing(error: type[asyncpg.PostgresError], times: int, *, after: bool) -> Append:
    """An append that the server answers with an error, so many times: before it took effect, or after."""
    left = times

    async def append(*given: Any) -> bool:
        nonlocal left
        if left == 0:
            return await event_store.append(*given)
        left -= 1
        if after:
            await event_store.append(*given)
        raise error("simulated")

    return append


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after"])
@pytest.mark.parametrize("error", CANNOT, ids=lambda each: each.__name__)
async def test_an_append_that_fails_once_has_one_effect_and_its_true_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: type[asyncpg.PostgresError], after: bool
) -> None:
    merchant = await api.merchant(available=100)
    monkeypatch.setattr(writer, "append", failing(error, 1, after=after))
    body = {"amount": 10, "currency": "IDR"}
    answer = await merchant.post("/v1/payouts", body, **{"Idempotency-Key": "k1"})
    assert answer.status in (201, 503), answer.raw
    again = await merchant.post("/v1/payouts", body, **{"Idempotency-Key": "k1"})
    assert again.status == 201, again.raw
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM payouts") == 1
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 90


@pytest.mark.parametrize("error", CANNOT, ids=lambda each: each.__name__)
async def test_while_it_cannot_the_answer_is_503_and_says_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, error: type[asyncpg.PostgresError]
) -> None:
    short = settings.model_copy(update={"database_timeout_seconds": 0.5})
    async with serving(short) as api:
        merchant = await api.merchant(available=100)
        with monkeypatch.context() as patched:
            patched.setattr(writer, "append", failing(error, 10**6, after=False))
            answer = await merchant.post("/v1/payouts", {"amount": 10, "currency": "IDR"})
        assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE"), answer.raw
        assert "again" in answer.error["message"]
        assert answer.headers["Retry-After"]
        assert (await merchant.post("/v1/payouts", {"amount": 10, "currency": "IDR"})).status == 201


async def test_a_server_that_only_reads_is_read_and_the_service_writes_again_when_it_may(
    api: Api, settings: Settings, databases: Databases
) -> None:
    """As after a failover, when the old primary is a standby for a while."""
    merchant = await api.merchant(available=100)
    name = settings.database_url.partition("?")[0].rpartition("/")[2]
    admin = await as_admin(databases, settings.model_copy(update={"database_url": "postgresql://x/postgres"}))

    async def others_connect_anew() -> None:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
            name,
        )
        await api.ledger.watch.look()
        await api.ledger.watch.look()

    try:
        await admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        await others_connect_anew()
        answer = await merchant.post("/v1/payouts", {"amount": 10, "currency": "IDR"})
        assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
        assert "takes no writes" in answer.error["message"]
        assert (await merchant.get("/v1/payouts/balance")).data["available"] == 100
        async with api.session.get(f"{api.base}/readyz") as response:
            assert (response.status, (await response.json())["parts"]["writes"]["ok"]) == (503, False)
    finally:
        await admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        await others_connect_anew()
        await admin.close()
    assert api.ledger.watch.problem is None
    assert (await merchant.post("/v1/payouts", {"amount": 10, "currency": "IDR"})).status == 201


def test_what_is_wrong_with_our_statement_or_value_is_no_outage() -> None:
    for error in (
        asyncpg.UndefinedTableError,
        asyncpg.PostgresSyntaxError,
        asyncpg.InsufficientPrivilegeError,
        asyncpg.NumericValueOutOfRangeError,
        asyncpg.CheckViolationError,
        ValueError,
    ):
        assert explain_outage(error("x")) is None
