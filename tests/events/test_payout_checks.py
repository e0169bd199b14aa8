"""Another pair of eyes on payouts that people decide about, and a cool-down of changed bank accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from events.account_state import AccountState
from events.accounts.events import BankAccountSet
from events.accounts.state import LIVE
from events.catalog import AnyCommand, AnyEvent
from events.decide import decide
from events.decision_context import DecisionContext
from events.envelope import Actor, Envelope, Source, encode
from events.evolve import evolve
from events.instants import Instant, shifted
from events.payouts.checks import NO_CHECKS, PayoutChecks
from events.payouts.commands import MarkPaid, RequestPayout
from events.payouts.events import PayoutAdopted, PayoutRequested
from events.policies.decide import due
from events.policies.events import PayoutCycleEnded
from events.refusals import BankAccountChanged, FourEyes, Refusal
from tests.events.every import ACCEPTABLE, HISTORY
from tests.events.payout_policies import CALENDARS, WEEKLY, policy_set
from tests.events.test_payout_cycles import CUT, PAY
from tests.spec import ACCOUNT, BEFORE, EARLIEST, NEW_ID, NOW, earned, opened

SETTER, OTHER = "key_setter", "key_other"
FOUR_EYES = PayoutChecks(four_eyes=True)
A_DAY = PayoutChecks(bank_account_cool_down_hours=24)
FIRST = BankAccountSet("bca", "BCA", "sealed:1", "sealed:2")
SECOND = BankAccountSet("bni", "BNI", "sealed:3", "sealed:4")


def happened(
    events: Iterable[AnyEvent],
    by: str = SETTER,
    state: AccountState | None = None,
    *,
    recorded_at: Instant = BEFORE,
    effective_at: Instant | None = None,
) -> AccountState:
    """The state after events that this key had recorded."""
    after = AccountState(ACCOUNT) if state is None else state.copy()
    for event in events:
        name, version, data = encode(event)
        envelope = Envelope(
            ledger_id="l",
            lane=1,
            position=after.version + 1,
            account_id=ACCOUNT,
            version=after.version + 1,
            event_id="e",
            type=name,
            schema_version=version,
            effective_at=effective_at or recorded_at,
            recorded_at=recorded_at,
            actor=Actor("key", by),
            source=Source("command"),
            command_key=None,
            command_digest=None,
            correlation_id=None,
            causation_id=None,
            traceparent=None,
            key_generation=1,
            data=data,
        )
        evolve(after, event, envelope.effective_at, envelope.position, envelope)
    return after


def code_of(
    command: AnyCommand, state: AccountState, by: str, checks: PayoutChecks = NO_CHECKS, now: Instant = NOW
) -> str | None:
    context = DecisionContext(now, EARLIEST, NEW_ID, LIVE, f"key:{by}", payout_checks=checks)
    try:
        decide(command, state, context)
    except Refusal as refusal:
        return refusal.code
    return None


BY_HAND = [
    (command, history)
    for command, history in ACCEPTABLE
    if command.effect == "money" and command.scope == "operator" and "payout_id" in type(command).model_fields
]
"""Every decision that a person takes about a payout."""


def test_they_are_all_there() -> None:
    assert {command.type for command, _ in BY_HAND} == {
        *("markInTransit", "markPaid", "markFailed", "recordBankReturn", "linkProviderPayout", "resubmitPayout")
    }


@pytest.mark.parametrize(("command", "history"), BY_HAND, ids=lambda value: getattr(value, "type", ""))
def test_who_set_the_bank_account_does_not_decide_about_its_payout_by_hand(
    command: AnyCommand, history: list[AnyEvent]
) -> None:
    state = happened(history)
    assert code_of(command, state, SETTER) is None, "where nobody wants another pair of eyes"
    assert code_of(command, state, SETTER, FOUR_EYES) == FourEyes.code
    assert code_of(command, state, OTHER, FOUR_EYES) is None


def test_a_case_is_applied_to_a_payout_by_somebody_else_too() -> None:
    [(command, history)] = [each for each in ACCEPTABLE if each[0].type == "closeCase"]
    state = happened(history)
    state.cases["case_1"] = replace(state.cases["case_1"], payout_id="pout_pending")
    assert code_of(command, state, SETTER, FOUR_EYES) == FourEyes.code
    without = command.model_copy(update={"apply": False})
    assert code_of(without, state, SETTER, FOUR_EYES) is None, "nothing becomes of the payout by that"


def sent(state: AccountState, requested: PayoutRequested, by: str) -> AccountState:
    after = happened([requested], by, state)
    after.payouts["pout_1"] = replace(after.payouts["pout_1"], status="in_transit")
    return after


def requested(*bank: Any) -> PayoutRequested:
    code, name, number, holder = bank
    return PayoutRequested("pout_1", 100, "IDR", "manual", code, name, number, holder)


@pytest.mark.parametrize(
    ("bank", "named_by"),
    [
        (("bca", "BCA", "sealed:1", "sealed:2"), (f"key:{SETTER}",)),
        (("bca", "BCA", "sealed:8", "sealed:9"), (f"key:{OTHER}",)),
        (("bni", "BCA", "sealed:1", "sealed:2"), (f"key:{SETTER}", f"key:{OTHER}")),
        (("bca", "BCA", "sealed:1", "sealed:9"), (f"key:{SETTER}", f"key:{OTHER}")),
    ],
)
def test_who_names_a_bank_account_in_a_request_has_named_it_too(bank: Any, named_by: tuple[str, ...]) -> None:
    state = sent(happened([opened(), FIRST, *earned(1000)]), requested(*bank), OTHER)
    assert state.payouts["pout_1"].bank_account_by == named_by
    mark = MarkPaid(account_id=ACCOUNT, payout_id="pout_1")
    for key in (SETTER, OTHER, "key_third"):
        refused = f"key:{key}" in named_by
        assert code_of(mark, state, key, FOUR_EYES) == (FourEyes.code if refused else None)


def test_a_later_bank_account_does_not_change_who_named_that_of_a_payout() -> None:
    state = sent(happened([opened(), FIRST, *earned(1000)]), requested("bca", "BCA", "sealed:1", "sealed:2"), OTHER)
    state = happened([SECOND], OTHER, state)
    mark = MarkPaid(account_id=ACCOUNT, payout_id="pout_1")
    assert code_of(mark, state, SETTER, FOUR_EYES) == FourEyes.code
    assert code_of(mark, state, OTHER, FOUR_EYES) is None


def test_where_nobody_knows_who_named_it_nobody_decides() -> None:
    state = happened(HISTORY)
    state.payouts["pout_sent"] = replace(state.payouts["pout_sent"], bank_account_by=None)
    mark = MarkPaid(account_id=ACCOUNT, payout_id="pout_sent")
    assert code_of(mark, state, OTHER, FOUR_EYES) == FourEyes.code
    assert code_of(mark, state, OTHER) is None
    unknown = happened([opened(), *earned(1000)])
    unknown.bank_account = replace(happened([opened(), FIRST]).bank_account, set_by=None)  # type: ignore[type-var]
    unknown = happened([requested("bca", "BCA", "sealed:1", "sealed:2")], OTHER, unknown)
    assert unknown.payouts["pout_1"].bank_account_by is None


def test_nobody_here_named_the_bank_account_of_a_payout_that_the_provider_made() -> None:
    state = happened([opened("plugipay"), PayoutAdopted("pout_1", "po_1", 100, "IDR")])
    assert state.payouts["pout_1"].bank_account_by == ()


REQUEST = RequestPayout(account_id=ACCOUNT, amount=100, currency="IDR")


def test_a_changed_bank_account_gets_no_payout_before_its_time_is_over() -> None:
    state = happened([opened(), *earned(1000), FIRST])
    assert code_of(REQUEST, state, OTHER, A_DAY, now=BEFORE) is None, "the first one is no change"
    state = happened([SECOND], SETTER, state, recorded_at=NOW)
    until = shifted(NOW, timedelta(hours=24))
    just_before = shifted(until, timedelta(microseconds=-1))
    assert code_of(REQUEST, state, OTHER, A_DAY, now=just_before) == BankAccountChanged.code
    assert code_of(REQUEST, state, OTHER, A_DAY, now=until) is None
    assert code_of(REQUEST, state, OTHER, now=NOW) is None, "where there is no cool-down"
    with pytest.raises(BankAccountChanged) as caught:
        decide(REQUEST, state, DecisionContext(NOW, EARLIEST, NEW_ID, LIVE, payout_checks=A_DAY))
    assert caught.value.details == {"until": until}
    assert until in caught.value.message


def test_a_change_is_as_old_as_its_record_whatever_it_says_of_itself() -> None:
    state = happened([opened(), *earned(1000), FIRST])
    state = happened([SECOND], SETTER, state, recorded_at=NOW, effective_at=EARLIEST)
    assert code_of(REQUEST, state, OTHER, A_DAY, now=NOW) == BankAccountChanged.code


def test_a_bank_account_of_an_older_release_is_as_old_as_it_says() -> None:
    state = happened([opened(), *earned(1000), FIRST])
    assert state.bank_account is not None
    state.bank_account = replace(state.bank_account, set_by=None, updated_at=NOW)
    assert code_of(REQUEST, state, OTHER, A_DAY, now=NOW) == BankAccountChanged.code
    assert code_of(REQUEST, state, OTHER, A_DAY, now=shifted(NOW, timedelta(hours=24))) is None


@pytest.mark.parametrize(
    ("fields", "names_another"),
    [
        ({"bank_account_number": "sealed:7"}, True),
        ({"bank_account_holder": "sealed:7"}, True),
        ({"bank_code": "bni"}, True),
        ({"bank_name": "BNI"}, True),
        ({"bank_code": "bca", "bank_name": "BCA"}, False),
    ],
)
def test_with_a_cool_down_a_request_names_no_bank_account_of_its_own(
    fields: dict[str, str], names_another: bool
) -> None:
    state = happened([opened(), *earned(1000), FIRST])
    command = REQUEST.model_copy(update=fields)
    assert code_of(command, state, OTHER, A_DAY) == (BankAccountChanged.code if names_another else None)
    assert code_of(command, state, OTHER) is None


def test_a_payout_that_falls_due_waits_for_the_bank_account_too() -> None:
    state = happened([opened(), FIRST, policy_set(WEEKLY, CUT), *earned(1000)])
    state = happened([SECOND], SETTER, state, recorded_at=shifted(PAY, timedelta(hours=-1)))
    ids = count()
    made = due(state, PAY, lambda: str(next(ids)), CALENDARS, checks=A_DAY)
    assert not any(isinstance(event, PayoutRequested) for event in made)
    [ended] = [event for event in made if isinstance(event, PayoutCycleEnded)]
    assert ended.outcome == BankAccountChanged.code
    assert any(isinstance(event, PayoutRequested) for event in due(state, PAY, lambda: str(next(ids)), CALENDARS))
