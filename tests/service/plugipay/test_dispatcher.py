"""Payouts are submitted to a simulated Plugipay once, whatever fails in between."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from events.accounts.commands import FreezeAccount, SetProvider
from events.payouts.commands import CancelPayout, MarkPaid, ResubmitPayout
from events.payouts.state import UNKNOWN
from events.refusals import InvalidTransition
from service.plugipay.outbound.access_reports import AccessReports
from service.plugipay.outbound.client import PlugipayClient
from service.plugipay.outbound.dispatcher import Dispatcher
from service.plugipay.outbound.outcomes import ProviderRefused
from service.plugipay.outbound.submission_attempt import UNKNOWN_LOOKS_MAX
from sql import query
from tests.support.own import execute
from tests.support.plugipay import ACCOUNT, FUNDS, Loop
from tests.support.waiting import until_blocked


async def test_a_payout_is_submitted_once_with_its_id_in_the_note_and_linked(loop: Loop) -> None:
    payout_id = await loop.request(1000, "April revenue")
    assert await loop.attempt(payout_id) is None
    [theirs] = loop.control.payouts()
    assert theirs.note == f"{payout_id} April revenue"
    assert (theirs.amount, theirs.currency) == (1000, "IDR")
    payout = await loop.payout(payout_id)
    assert (payout.status, payout.submission, payout.provider_payout_id) == ("pending", "accepted", theirs.id)
    assert await loop.events(payout_id) == [
        "payout.requested",
        "payout.submission_started",
        "provider.observed",
        "payout.provider_linked",
    ]


@pytest.mark.parametrize("fault", ["silent", "silent_undone"])
async def test_silence_holds_the_money_and_is_asked_again_under_the_same_key(loop: Loop, fault: str) -> None:
    payout_id = await loop.request()
    loop.control.fault(fault, times=1, on=["create"])
    assert await loop.attempt(payout_id) is not None
    payout = await loop.payout(payout_id)
    assert (payout.status, payout.submission, payout.provider_payout_id) == ("pending", UNKNOWN, None)
    assert (await loop.balance())["reserved"] == 1000
    assert await loop.attempt(payout_id, 1) is None
    [theirs] = loop.control.payouts()
    assert (await loop.payout(payout_id)).provider_payout_id == theirs.id
    assert (await loop.payout(payout_id)).attempt == 1


async def test_a_refusal_fails_the_payout_with_the_providers_code_and_returns_the_money(loop: Loop) -> None:
    payout_id = await loop.request(FUNDS)
    loop.control.schedule_payout("ws_1", amount=1)
    assert await loop.attempt(payout_id) is None
    payout = await loop.payout(payout_id)
    assert payout.status == "failed"
    assert payout.failure_reason is not None
    assert payout.failure_reason.startswith("INSUFFICIENT_BALANCE")
    assert await loop.balance() == {"pending": 0, "available": FUNDS, "reserved": 0, "held": 0, "paid_out": 0}
    assert loop.control.payouts(note=payout_id) == []


async def test_a_refusal_after_silence_counts_only_when_the_list_does_not_have_the_payout(loop: Loop) -> None:
    payout_id = await loop.request(FUNDS)
    loop.control.fault("silent", times=1, on=["create"])
    await loop.attempt(payout_id)
    [theirs] = loop.control.payouts()
    # It forgets the key, and would refuse the same request now: the money is locked already.
    loop.control.forget_idempotency_keys()
    assert await loop.attempt(payout_id, 1) is None
    payout = await loop.payout(payout_id)
    assert (payout.status, payout.provider_payout_id) == ("pending", theirs.id)
    assert len(loop.control.payouts()) == 1


async def test_after_twenty_hours_it_is_only_searched_for_and_then_becomes_a_case(loop: Loop) -> None:
    payout_id = await loop.request()
    loop.control.fault("silent_undone", times=1, on=["create"])
    await loop.attempt(payout_id)
    loop.clock.ahead = timedelta(hours=20)
    await loop.attempt(payout_id, 1)
    await loop.attempt(payout_id, 2)
    assert loop.control.payouts() == []
    [(_, case)] = await loop.cases()
    assert (case.kind, case.payout_id) == ("submission_unknown", payout_id)
    payout = await loop.payout(payout_id)
    assert (payout.status, payout.submission) == ("pending", UNKNOWN)
    assert (await loop.balance())["reserved"] == 1000
    outcome = await execute(
        loop.ledger, ResubmitPayout(account_id=ACCOUNT, payout_id=payout_id, reason="asked them: they have none")
    )
    assert not isinstance(outcome, Exception)
    [(_, case)] = await loop.cases()
    assert (case.reason, case.closed_by) == ("asked them: they have none", "key:key_test")
    await loop.attempt(payout_id)
    [theirs] = loop.control.payouts()
    payout = await loop.payout(payout_id)
    assert (payout.attempt, payout.provider_payout_id) == (2, theirs.id)


async def test_a_payout_that_the_provider_does_not_know_any_more_becomes_a_case_and_can_be_submitted_again(
    loop: Loop,
) -> None:
    payout_id = await loop.request(1000)
    await loop.ledger.pool.execute(query("provider/claim"), 1, (now := loop.clock.runtime.now()), now, 1)
    await loop.attempt(payout_id)
    [theirs] = loop.control.payouts()
    lost = loop.control.forget_payout(theirs.id)
    for _ in range(UNKNOWN_LOOKS_MAX - 1):
        await loop.attempt(payout_id)
    # It was a slip: what it knows again is counted anew.
    loop.control.remember_payout(lost)
    await loop.attempt(payout_id)
    loop.control.forget_payout(lost.id)
    for looks in range(1, UNKNOWN_LOOKS_MAX + 3):
        await loop.attempt(payout_id)
        assert len(await loop.cases()) == (looks >= UNKNOWN_LOOKS_MAX)
    [(_, case)] = await loop.cases()
    assert (case.kind, case.payout_id, case.closed_at) == ("unknown_to_provider", payout_id, None)
    assert theirs.id in case.known
    assert (await loop.balance())["reserved"] == 1000
    again = ResubmitPayout(account_id=ACCOUNT, payout_id=payout_id, reason="they have no trace of it")
    assert not isinstance(await execute(loop.ledger, again), Exception)
    await loop.attempt(payout_id)
    [theirs] = loop.control.payouts()
    payout = await loop.payout(payout_id)
    assert (payout.attempt, payout.provider_payout_id, payout.contradictions) == (2, theirs.id, ())
    assert isinstance(await execute(loop.ledger, again), InvalidTransition)


async def test_who_is_turned_away_is_told_apart_until_all_are_let_in_again(loop: Loop) -> None:
    reports = AccessReports(loop.health, loop.clock.runtime)
    reports.turned_away("acc_1", "401")
    first = loop.health.turned_away["acc_1"]
    loop.clock.ahead = timedelta(hours=1)
    reports.turned_away("acc_1", "401")
    reports.turned_away("acc_2", "403")
    reports.reached("acc_3")
    assert loop.health.turned_away.keys() == {"acc_1", "acc_2"}
    part = loop.health.parts["plugipay"]
    assert (part.ok, first in part.message, "2 accounts" in part.message, "acc_1" in part.message) == (
        *(False, True, True),
        False,
    )
    reports.reached("acc_1")
    assert not loop.health.parts["plugipay"].ok
    reports.reached("acc_2")
    assert (loop.health.parts["plugipay"].ok, loop.health.turned_away) == (True, {})


async def test_rejected_credentials_fail_no_payout(loop: Loop) -> None:
    payout_id = await loop.request()
    await execute(
        loop.ledger,
        SetProvider(
            account_id=ACCOUNT, workspace_id="ws_1", key_id="ak_1", secret="not the one", base_url=loop.simulated.url
        ),
    )
    assert await loop.attempt(payout_id) is not None
    payout = await loop.payout(payout_id)
    assert (payout.status, payout.submission) == ("pending", "started")
    assert not loop.health.parts["plugipay"].ok


async def test_a_workspace_is_not_changed_while_a_payout_is_under_way_in_it(loop: Loop) -> None:
    """Its key is known in the old one only: repeated in another, the payout would be made twice."""
    payout_id = await loop.request()
    loop.control.fault("silent", times=1, on=["create"])
    await loop.attempt(payout_id)
    elsewhere = SetProvider(
        account_id=ACCOUNT, workspace_id="ws_2", key_id="ak_1", secret="sk_provider_1", base_url=loop.simulated.url
    )
    assert isinstance(await execute(loop.ledger, elsewhere), InvalidTransition)
    await loop.attempt(payout_id, 1)
    assert len(loop.control.payouts()) == 1


async def test_a_payout_that_another_ones_note_names_is_not_taken_for_it(loop: Loop) -> None:
    lost = await loop.request(10)
    loop.control.fault("silent_undone", times=1, on=["create"])
    await loop.attempt(lost)
    other = await loop.request(10, f"replaces {lost}")
    await loop.attempt(other)
    loop.clock.ahead = timedelta(hours=20)
    await loop.attempt(lost, 1)
    assert (await loop.payout(lost)).provider_payout_id is None
    assert [(case.kind, case.payout_id) for _, case in await loop.cases()] == [("submission_unknown", lost)]


async def test_a_frozen_account_submits_nothing_and_goes_on_once_it_is_not(loop: Loop) -> None:
    payout_id = await loop.request()
    await execute(loop.ledger, FreezeAccount(account_id=ACCOUNT, reason="looked into"))
    assert await loop.attempt(payout_id) is not None
    assert loop.control.payouts() == []
    assert (await loop.payout(payout_id)).submission is None


async def test_cancel_before_submission_is_ours_and_after_it_the_providers(loop: Loop) -> None:
    early = await loop.request()
    assert not isinstance(await execute(loop.ledger, CancelPayout(account_id=ACCOUNT, payout_id=early)), Exception)
    assert (await loop.payout(early)).status == "cancelled"
    late = await loop.request()
    await loop.attempt(late)
    await execute(loop.ledger, CancelPayout(account_id=ACCOUNT, payout_id=late))
    assert (await loop.payout(late)).status == "pending"
    assert (await loop.balance())["reserved"] == 1000
    await loop.attempt(late)
    assert (await loop.payout(late)).status == "cancelled"
    assert loop.control.payouts(note=late)[0].status == "cancelled"
    assert (await loop.balance())["available"] == FUNDS


async def test_a_cancellation_that_the_provider_refuses_leaves_the_payout_on_its_way(loop: Loop) -> None:
    payout_id = await loop.request()
    await loop.attempt(payout_id)
    await execute(loop.ledger, CancelPayout(account_id=ACCOUNT, payout_id=payout_id))
    [theirs] = loop.control.payouts()
    loop.control.move(theirs.id, "in_transit")
    assert await loop.attempt(payout_id) == 0.0
    payout = await loop.payout(payout_id)
    assert payout.cancel_asked_at is None
    await loop.attempt(payout_id)
    assert (await loop.payout(payout_id)).status == "in_transit"
    assert "payout.cancel_refused" in await loop.events(payout_id)


OWN_NUMBER, OTHER_NUMBER = "0000000099", "9876543210"


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422])
@pytest.mark.parametrize("call", ["create", "get", "cancel", "page", "bank_account", "balance"])
async def test_a_refusal_that_quotes_bank_accounts_brings_none_into_the_logs_of_the_process_or_the_ledger(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, call: str, status: int
) -> None:
    refused: list[int] = []

    async def refuse(*_: object, **__: object) -> ProviderRefused:
        refused.append(status)
        return ProviderRefused(status, "NO", f"not to {OWN_NUMBER}, and not to {OTHER_NUMBER}")

    payout_id = await loop.request()
    if call != "create":
        await loop.attempt(payout_id)
    if call == "cancel":
        await execute(loop.ledger, CancelPayout(account_id=ACCOUNT, payout_id=payout_id))
    monkeypatch.setattr(PlugipayClient, call, refuse)
    with capture_logs() as logged:
        await loop.attempt(payout_id)
        await loop.sweeper.work_on(1)
    assert refused, "the call was made"
    assert OWN_NUMBER not in repr(logged)
    assert OTHER_NUMBER not in repr(logged)
    envelopes = await loop.ledger.pool.fetch("SELECT envelope FROM events")
    assert not any(OWN_NUMBER in row["envelope"] for row in envelopes)
    assert not any(OWN_NUMBER in str(part) for part in loop.health.parts.values())


async def test_polling_finds_what_no_webhook_reported(loop: Loop) -> None:
    payout_id = await loop.request()
    await loop.attempt(payout_id)
    [theirs] = loop.control.payouts()
    loop.control.move(theirs.id, "paid", reference="bank-7")
    await loop.attempt(payout_id)
    payout = await loop.payout(payout_id)
    assert (payout.status, payout.reference) == ("paid", "bank-7")
    assert (await loop.balance())["paid_out"] == 1000


async def test_marks_by_hand_are_refused_for_a_payout_of_the_providers(loop: Loop) -> None:
    payout_id = await loop.request()
    outcome = await execute(loop.ledger, MarkPaid(account_id=ACCOUNT, payout_id=payout_id))
    assert isinstance(outcome, InvalidTransition)


async def test_a_claim_that_another_one_is_making_is_waited_for_and_not_shared(loop: Loop) -> None:
    await loop.request()
    now = loop.ledger.runtime.now()
    claim = (query("provider/claim"), 1, now, now + timedelta(minutes=2), 10)
    async with loop.ledger.pool.acquire() as one, loop.ledger.pool.acquire() as other:
        first = one.transaction()
        await first.start()
        assert len(await one.fetch(*claim)) == 1
        second = asyncio.create_task(other.fetch(*claim))
        await until_blocked(loop.settings)
        await first.commit()
        assert await second == []


async def test_two_dispatchers_share_the_work_and_none_is_done_twice(loop: Loop) -> None:
    wanted = [await loop.request(10) for _ in range(60)]
    calls: list[str] = []
    create = loop.client.create

    async def counted(access, payout, key):  # type: ignore[no-untyped-def]
        calls.append(key)
        return await create(access, payout, key)

    loop.client.create = counted  # type: ignore[method-assign]
    reports = AccessReports(loop.health, loop.clock.runtime)
    both = [Dispatcher(loop.ledger, loop.settings, reports, loop.client) for _ in range(2)]
    running = [asyncio.create_task(one.run()) for one in both]
    while len(loop.control.payouts()) < len(wanted):
        await asyncio.sleep(0.05)
    for one in both:
        one.stop()
    await asyncio.gather(*running)
    assert sorted(calls) == sorted(f"{payout_id}-1" for payout_id in wanted)
    assert {payout.note for payout in loop.control.payouts()} == set(wanted)


async def test_the_sweep_adopts_what_nobody_asked_for_and_finds_what_was_missed(loop: Loop) -> None:
    payout_id = await loop.request()
    await loop.attempt(payout_id)
    [ours] = loop.control.payouts()
    theirs = loop.control.schedule_payout("ws_1", amount=300)
    loop.control.move(theirs.id, "paid")
    loop.control.move(ours.id, "paid")
    running = asyncio.create_task(loop.sweeper.run())
    while (await loop.balance())["paid_out"] < 1300:
        await asyncio.sleep(0.05)
    loop.sweeper.stop()
    await running
    assert (await loop.payout(payout_id)).status == "paid"
    assert await loop.balance() == {"pending": 0, "available": FUNDS - 1300, "reserved": 0, "held": 0, "paid_out": 1300}
    assert "payout.adopted" in await loop.events()
