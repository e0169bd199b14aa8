"""Four eyes and the cool-down as callers meet them, live and from rows that were folded again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson

from events.instants import from_datetime
from service.ledger.replay import rebuild_inline
from service.platform.runtime import REAL
from service.platform.settings import Settings
from tests.support.api import Api, Caller, serving
from tests.support.refusals import complaints
from tests.support.tables import as_owner, read_tables

BANK = {"bankName": "BNI", "bankAccountNumber": "0000000042", "bankAccountHolder": "Siti"}


async def sent_payout(caller: Caller, operator: Caller) -> str:
    payout = await caller.post("/v1/payouts", {"amount": 100, "currency": "IDR"})
    assert payout.status == 201, payout.raw
    payout_id = str(payout.data["id"])
    assert (await operator.post(f"/v1/payouts/{payout_id}/mark-in-transit")).status == 200
    return payout_id


async def test_one_key_does_not_set_a_bank_account_and_mark_its_payout_paid(settings: Settings) -> None:
    with_four_eyes = settings.model_copy(update={"four_eyes": True})
    async with serving(with_four_eyes) as api:
        setter = await api.merchant(available=1000)
        other = await api.caller("acc_1", scopes=["operator"])
        payout_id = await sent_payout(setter, other)
        path = f"/v1/payouts/{payout_id}/mark-paid"
        refused = await setter.post(path)
        assert complaints(refused, status=403, field="payoutId") == []
        assert (refused.error["code"], "another key" in refused.error["message"]) == ("FOUR_EYES", True)
        mark = {"type": "markPaid", "payoutId": payout_id}
        assert (await setter.command(**mark))["error"]["code"] == "FOUR_EYES"
    # Another process, whose state comes from the rows; then from rows that were folded again.
    async with serving(with_four_eyes) as api:
        again = Caller(api.session, api.base, setter.key)
        assert (await again.post(path)).error["code"] == "FOUR_EYES"
        await rebuilt(api, settings)
    async with serving(with_four_eyes) as api:
        again = Caller(api.session, api.base, setter.key)
        assert (await again.post(path)).error["code"] == "FOUR_EYES"
        assert (await Caller(api.session, api.base, other.key).post(path)).data["status"] == "paid"


async def test_rows_of_an_older_release_wait_until_they_are_folded_again(settings: Settings) -> None:
    async with serving(settings) as api:
        setter = await api.merchant(available=1000)
        other = await api.caller("acc_1", scopes=["operator"])
        payout_id = await sent_payout(setter, other)
    path = f"/v1/payouts/{payout_id}/mark-paid"
    owner = await as_owner(settings)
    await owner.execute("UPDATE payouts SET bank_account_by = NULL")
    await owner.execute("UPDATE bank_accounts SET set_by = NULL")
    await owner.close()
    async with serving(settings.model_copy(update={"four_eyes": True})) as api:
        refused = await Caller(api.session, api.base, other.key).post(path)
        assert (refused.error["code"], "rebuild inline" in refused.error["message"]) == ("FOUR_EYES", True)
        async with api.ledger.pool.acquire() as connection:
            await rebuild_inline(connection, 1, api.ledger.vault, lambda _: None)
    async with serving(settings.model_copy(update={"four_eyes": True})) as api:
        assert (await Caller(api.session, api.base, setter.key).post(path)).error["code"] == "FOUR_EYES"
        assert (await Caller(api.session, api.base, other.key).post(path)).status == 200


async def test_a_changed_bank_account_gets_no_payout_before_its_time_is_over(settings: Settings) -> None:
    moment = REAL.now() - timedelta(hours=48)
    runtime = replace(REAL, now=lambda: moment)
    wants_a_day = settings.model_copy(update={"bank_account_cool_down_hours": 24})
    payout = {"amount": 100, "currency": "IDR"}
    async with serving(wants_a_day, runtime) as api:
        merchant = await api.merchant(available=1000)
        assert (await merchant.post("/v1/payouts", payout)).status == 201, "the first one is no change"
        moment += timedelta(hours=1)
        long_ago = from_datetime(moment - timedelta(days=30))
        await merchant.accepted(type="setBankAccount", effectiveAt=long_ago, **BANK)
        until = from_datetime(moment + timedelta(hours=24))
        refused = await merchant.post("/v1/payouts", payout)
        assert complaints(refused, status=409) == []
        assert (refused.error["code"], refused.error["details"]) == ("BANK_ACCOUNT_CHANGED", {"until": until})
        assert until in refused.error["message"]
        own = await merchant.post("/v1/payouts", {**payout, **BANK})
        assert own.error["code"] == "BANK_ACCOUNT_CHANGED"
        await rebuilt(api, settings)
        moment += timedelta(hours=23)
    async with serving(wants_a_day, runtime) as api:
        again = Caller(api.session, api.base, merchant.key)
        assert (await again.post("/v1/payouts", payout)).error["code"] == "BANK_ACCOUNT_CHANGED"
        moment += timedelta(hours=1)
        assert (await again.post("/v1/payouts", payout)).status == 201


async def test_a_payout_that_is_made_by_itself_waits_for_the_bank_account_too(settings: Settings) -> None:
    moment = REAL.now() - timedelta(days=20)
    runtime = replace(REAL, now=lambda: moment)
    async with serving(settings.model_copy(update={"bank_account_cool_down_hours": 720}), runtime) as api:
        merchant = await api.merchant(available=1000)
        await merchant.accepted(type="setPayoutPolicy", currency="IDR", schedule="daily", automatic=True)
        await merchant.accepted(type="setBankAccount", **BANK)
        moment += timedelta(days=14)
        await merchant.accepted(type="chargeFee", amount=1, currency="IDR", reference="f-1", kind="x")
        assert (await merchant.get("/v1/payouts")).data == []
        ends = await api.ledger.pool.fetch("SELECT envelope FROM events WHERE type = 'payout_cycle.ended'")
        outcomes = {orjson.loads(row["envelope"])["data"]["outcome"] for row in ends}
        assert outcomes == {"BANK_ACCOUNT_CHANGED"}


async def rebuilt(api: Api, settings: Settings) -> None:
    """Folds the rows again: they are as they were."""
    live = await read_tables(settings, "bank_accounts", "payouts")
    async with api.ledger.pool.acquire() as connection:
        await rebuild_inline(connection, 1, api.ledger.vault, lambda _: None)
    assert await read_tables(settings, "bank_accounts", "payouts") == live
