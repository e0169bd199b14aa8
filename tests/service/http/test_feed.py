"""The log as a feed, and the accounts: in order, without holes, and to each key what is its own."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.support.api import Api, Caller
from tests.support.refusals import complaints


async def all_events(caller: Caller, limit: int, query: str = "") -> list[dict[str, Any]]:
    """The feed, page by page, as a reader follows it."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        answer = await caller.get(f"/v1/events?after={after}&limit={limit}{query}")
        assert answer.status == 200, answer.raw
        assert len(answer.data) <= limit
        found += answer.data
        if answer.data:
            assert answer.meta["after"] == answer.data[-1]["position"]
        after = answer.meta["after"]
        if not answer.meta["hasMore"]:
            return found


async def test_the_feed_is_the_log_in_order_without_holes_and_its_chain_can_be_recomputed(api: Api) -> None:
    merchant = await api.merchant(available=1000, pending=5)
    await merchant.post("/v1/payouts", {"amount": 10, "currency": "IDR", "note": 'Für April: ✓ \u2028 \\ "'})
    platform = await api.caller(scopes=["audit"])
    events = await all_events(platform, 1000)
    assert [event["position"] for event in events] == list(range(1, await api.position() + 1))
    digest = bytes(32)
    for event in events:
        canonical = json.dumps(event["event"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        digest = hashlib.sha256(digest + canonical).digest()
        assert event["digest"] == digest.hex()
        assert (event["lane"], event["position"]) == (event["event"]["lane"], event["event"]["position"])
    head = await api.ledger.pool.fetchval("SELECT digest FROM lanes WHERE lane = 1")
    assert digest == head
    assert len({event["event"]["eventId"] for event in events}) == len(events)
    recorded = [event["event"]["recordedAt"] for event in events]
    assert recorded == sorted(recorded)
    for limit in (1, 2, 3):
        assert await all_events(platform, limit) == events
    beyond = await platform.get(f"/v1/events?after={10**15}")
    assert (beyond.data, beyond.meta["hasMore"], beyond.meta["after"]) == ([], False, 10**15)


async def test_an_accounts_key_follows_only_its_own_stream(api: Api) -> None:
    for number in range(3):
        await api.merchant(f"acc_{number}", available=10)
    own = await api.caller("acc_1", scopes=["audit"])
    platform = await api.caller(scopes=["audit"])
    events = await all_events(own, 2)
    assert {event["event"]["accountId"] for event in events} == {"acc_1"}
    assert [event["event"]["version"] for event in events] == list(range(1, len(events) + 1))
    everything = await all_events(platform, 1000)
    assert events == [event for event in everything if event["event"]["accountId"] == "acc_1"]
    on_behalf = await platform.get("/v1/events?limit=1000", **{"X-Storlaunch-On-Behalf-Of": "acc_1"})
    assert on_behalf.data == events
    assert await all_events(own, 1000, "&lane=7") == events, "an account's lane is known: nobody has to name it"


async def test_a_lane_holds_live_accounts_so_a_test_key_does_not_read_it(api: Api) -> None:
    refused = await (await api.caller(mode="test")).get("/v1/events")
    assert complaints(refused, status=403) == []


async def test_the_bank_account_in_an_event_is_ciphertext(api: Api) -> None:
    merchant = await api.merchant()
    for event in await all_events(merchant, 1000):
        assert "0000000099" not in json.dumps(event)
        assert "Michael Chen" not in json.dumps(event)


async def test_accounts_are_listed_by_id_page_by_page(api: Api) -> None:
    ids = [f"acc_{number}" for number in range(7)]
    for account in reversed(ids):
        await (await api.caller(account)).accepted(type="openAccount", currency="IDR")
    platform = await api.caller(scopes=["payout:read"])
    found, cursor = [], ""
    while True:
        page = await platform.get(f"/v1/accounts?limit=3{cursor}")
        found += [account["id"] for account in page.data]
        assert page.meta["page"] == {"limit": 3, "hasMore": page.meta["hasMore"], "nextCursor": page.meta["cursor"]}
        if not page.meta["hasMore"]:
            break
        cursor = f"&cursor={page.meta['cursor']}"
    assert found == ids
    assert page.meta["cursor"] is None


async def test_an_account_tells_its_mode_status_currencies_and_version(api: Api) -> None:
    merchant = await api.merchant("acc_1")
    await merchant.accepted(type="recordRevenue", amount=1, currency="USD", reference="o")
    await merchant.accepted(type="freezeAccount", reason="fraud check")
    account = (await merchant.get("/v1/accounts/acc_1")).data
    opened_at = account.pop("openedAt")
    assert account == {
        "id": "acc_1", "mode": "live", "backend": "manual", "status": "frozen", "currencies": ["IDR", "USD"],
        "version": await api.position() - 1, "lane": 1,
    }  # fmt: skip
    assert (await merchant.get("/v1/accounts")).data == [{**account, "openedAt": opened_at}]
    first = (await merchant.get("/v1/events?limit=1")).data[0]["event"]
    assert (first["type"], first["effectiveAt"]) == ("account.opened", opened_at)
