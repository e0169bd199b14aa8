"""Events are sent where their account said, and not where somebody put it into an endpoint's row."""

from __future__ import annotations

import pytest

from tests.service.outgoing.stage import PATH, Stage, revenue, sending
from tests.support.waiting import until


async def until_tried(stage: Stage, attempts: int = 1) -> str | None:
    """What kept the first attempt from being made."""

    async def tried() -> bool:
        return bool(await stage.api.ledger.pool.fetchval("SELECT count(*) FROM webhook_attempts") >= attempts)

    await until(tried, "an attempt is noted")
    problem = await stage.api.ledger.pool.fetchval("SELECT problem FROM webhook_attempts ORDER BY began_at LIMIT 1")
    assert problem is None or isinstance(problem, str)
    return problem


@pytest.mark.parametrize(
    "change",
    ["url = $1", "url = $1, mac = NULL", "url = $1, mac = enabled_mac", "patterns = '{*,*}'", "mac = NULL"],
)
async def test_nothing_is_sent_to_an_endpoint_that_somebody_changed(stage: Stage, change: str) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    given = (stage.receiver.url("/his"),) if "$1" in change else ()
    await stage.api.ledger.pool.execute(f"UPDATE webhook_endpoints SET {change}", *given)
    await revenue(merchant, "r")
    async with sending(stage):
        assert "not as this service wrote it" in (await until_tried(stage) or "")
    assert stage.receiver.received == []
    # It is not there: it cannot be switched on or changed into one that holds, but it can be removed.
    path = f"{PATH}/{endpoint['id']}"
    assert (await merchant.get(path)).status == 404
    assert (await merchant.get(PATH)).data == []
    assert (await merchant.patch(path, {"url": stage.receiver.url("/his"), "enabled": True})).status == 404
    assert (await merchant.post(f"{path}/rotate-secret", {})).status == 404
    assert (await merchant.call("DELETE", path)).status == 200


async def test_an_endpoint_that_was_put_into_another_account_hears_nothing_of_it(stage: Stage) -> None:
    his, victim = await stage.merchant("acc_his"), await stage.merchant("acc_1")
    await stage.endpoint(his)
    for table in ("webhook_endpoints", "webhook_endpoint_secrets"):
        await stage.api.ledger.pool.execute(f"UPDATE {table} SET account_id = 'acc_1'")
    await revenue(victim, "r")
    async with sending(stage):
        assert "not as this service wrote it" in (await until_tried(stage) or "")
    assert stage.receiver.received == []


SWITCHES = pytest.mark.parametrize("switch", ["enabled = true", "enabled = true, switched_on = switched_on + 1"])


@SWITCHES
async def test_an_endpoint_that_was_switched_off_stays_off(stage: Stage, switch: str) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    path = f"{PATH}/{endpoint['id']}"
    assert (await merchant.patch(path, {"enabled": False})).data["enabled"] is False
    await stage.api.ledger.pool.execute(f"UPDATE webhook_endpoints SET {switch}")
    assert (await merchant.get(path)).data["enabled"] is False
    await revenue(merchant, "r")
    async with sending(stage):
        assert "not as this service wrote it" in (await until_tried(stage) or "")
        assert stage.receiver.received == []
        # Its account may switch it on at any time.
        assert (await merchant.patch(path, {"enabled": True})).data["enabled"] is True
        await revenue(merchant, "r-2")
        await stage.receiver.until_received(1)


@SWITCHES
async def test_an_endpoint_that_the_sender_switched_off_stays_off(stage: Stage, switch: str) -> None:
    merchant = await stage.merchant()
    await stage.endpoint(merchant)
    stage.receiver.answers((410, {}))
    await revenue(merchant, "r")
    async with sending(stage):
        await until_tried(stage)
        await stage.api.ledger.pool.execute(f"UPDATE webhook_endpoints SET {switch}")
        await revenue(merchant, "r-2")
        await until_tried(stage, 2)
    assert len(stage.receiver.received) == 1


async def test_what_the_account_itself_changes_is_sent_there(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    path = f"{PATH}/{endpoint['id']}"
    assert (await merchant.patch(path, {"url": stage.receiver.url("/new"), "events": ["revenue.*"]})).status == 200
    assert (await merchant.patch(path, {"description": "books"})).data["url"] == stage.receiver.url("/new")
    assert (await merchant.post(f"{path}/rotate-secret", {})).status == 200
    assert (await merchant.patch(path, {"enabled": False})).status == 200
    assert (await merchant.patch(path, {"enabled": True})).status == 200
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.receiver.until_received(1, "/new")
    assert [received.path for received in stage.receiver.received] == ["/new"]
