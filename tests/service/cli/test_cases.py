"""`payout-ledger cases` and `payout-ledger deliveries`, as an operator runs them."""

from __future__ import annotations

from typing import Any

from service.platform.settings import Settings
from tests.support.api import serving
from tests.support.arrivals import arrive, newest, paid, park, provider_payout
from tests.support.command_line import Ended, environment, payout_ledger
from tests.support.tables import read_tables


async def run(settings: Settings, *arguments: str) -> Ended:
    ended = await payout_ledger(*arguments, env=environment(settings))
    assert ended.code == 0, ended.err
    return ended


async def document(settings: Settings, *arguments: str) -> Any:
    return (await run(settings, *arguments, "--json")).json


def refused(ended: Ended, *named: str) -> None:
    assert ended.code == 2, ended
    assert "Traceback" not in ended.err + ended.out
    assert len(ended.err.strip().splitlines()) == 1, ended.err
    for one in named:
        assert one in ended.err


async def test_a_case_is_listed_shown_and_closed_by_somebody_for_a_reason(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant, payout_id = await provider_payout(api)
        await arrive(api.ledger, settings, paid(amount=399))
        [case] = await document(settings, "cases", "list")
        assert case == (await merchant.get("/v1/cases")).data[0], "the same as over HTTP"
        table = (await run(settings, "cases", "list")).out
        assert case["id"] in table
        assert "amount_differs" in table
        shown = await run(settings, "cases", "show", case["id"])
        assert case["known"] in shown.out
        assert case["said"] in shown.out
        assert await document(settings, "cases", "list", "--kind", "unrequested") == []
        env = environment(settings)
        for wrong, named in (
            (("list", "--kind", "strange"), "--kind"),
            (("list", "--account", "acc_9"), "acc_9"),
            (("list", "--limit", "0"), "--limit"),
            (("show", "case_0"), "case_0"),
            (("close", case["id"], "--reason", "", "--by", "finance"), "--reason"),
            (("close", case["id"], "--reason", "x", "--by", ""), "--by"),
        ):
            refused(await payout_ledger("cases", *wrong, env=env), named)
        closed = await document(
            settings, "cases", "close", case["id"], "--reason", "the bank agrees", "--by", "finance", "--apply"
        )
        assert (closed["status"], closed["reason"], closed["closedBy"]) == (
            "closed",
            "the bank agrees",
            "operator:finance",
        )
        payout = (await merchant.get(f"/v1/payouts/{payout_id}")).data
        assert (payout["status"], payout["amount"]) == ("paid", 399)
        again = await payout_ledger("cases", "close", case["id"], "--reason", "x", "--by", "finance", env=env)
        refused(again, case["id"], "closed")
        assert await document(settings, "cases", "list") == []
        assert [one["id"] for one in await document(settings, "cases", "list", "--status", "any")] == [case["id"]]


async def test_parked_deliveries_are_listed_shown_replayed_and_dismissed(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant, payout_id = await provider_payout(api)
        good, _ = await arrive(api.ledger, settings, paid(), received_at="")
        bad = await park(api.ledger, "acc_1")
        nobodys = await park(api.ledger, "system")
        taken, _ = await arrive(api.ledger, settings, paid("evt_2", provider_id="po_2"))
        waiting = await document(settings, "deliveries", "list", "--waiting")
        assert [one["id"] for one in waiting] == [nobodys, bad, good]
        assert [one["id"] for one in await document(settings, "deliveries", "list", "--account", "acc_1")] == [
            taken,
            bad,
            good,
        ]
        assert "no received-at" in (await run(settings, "deliveries", "list")).out
        assert "TRX-9" not in (await run(settings, "deliveries", "show", good)).out
        assert "TRX-9" in (await run(settings, "deliveries", "show", good, "--body")).out

        replayed = await document(settings, "deliveries", "replay", good, "--by", "finance")
        assert (replayed["replay"], replayed["parking"]["by"]) == ({"verdict": "accepted"}, "operator:finance")
        assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"
        env = environment(settings)
        refused(await payout_ledger("deliveries", "replay", bad, "--by", "finance", env=env), bad, "stays parked")
        refused(await payout_ledger("deliveries", "replay", good, "--by", "finance", env=env), "replayed")
        refused(await payout_ledger("deliveries", "show", "nothing", env=env), "nothing")
        for delivery_id in (bad, nobodys):
            reason = ("--reason", "noise", "--by", "finance")
            ended = await document(settings, "deliveries", "dismiss", delivery_id, *reason)
            assert (ended["parking"]["how"], ended["parking"]["by"]) == ("dismissed", "operator:finance")
        assert await document(settings, "deliveries", "list", "--waiting") == []
        rows = await api.ledger.pool.fetch(
            "SELECT account_id, envelope FROM events WHERE type = 'delivery.dismissed' ORDER BY position"
        )
        assert [row["account_id"] for row in rows] == ["acc_1", "system"]
        assert all('"actor":{"id":"finance","kind":"operator"}' in row["envelope"] for row in rows)
        assert await newest(api.ledger) != good


async def test_looking_changes_nothing(settings: Settings) -> None:
    async with serving(settings) as api:
        await provider_payout(api)
        await arrive(api.ledger, settings, paid(amount=399))
        delivery_id = await park(api.ledger, "acc_1")
    before = await read_tables(settings)
    await run(settings, "cases", "list")
    await run(settings, "deliveries", "list")
    await run(settings, "deliveries", "show", delivery_id, "--body")
    assert await read_tables(settings) == before
