"""Payout policies: setting one, and what is due by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

import events.payouts.decide as payouts
from events.account_state import AccountState, replace
from events.accounts.state import CLOSED, Account
from events.catalog import AnyEvent
from events.decision_context import DecisionContext
from events.evolve import evolve
from events.instants import Instant
from events.payouts.checks import NO_CHECKS, PayoutChecks
from events.payouts.commands import RequestPayout
from events.payouts.events import PayoutRequested
from events.policies.commands import PolicyCommand, SetPayoutPolicy
from events.policies.cycles import PayoutCutoff, cutoffs_of, due_at, next_cutoff_of
from events.policies.events import PayoutCycleCut, PayoutCycleEnded, PayoutPolicySet
from events.policies.schedule import (
    DAILY,
    MONTHLY,
    OFF,
    WEEKLY,
    Calendars,
    Policy,
    cutoffs_until,
    next_cutoff,
    pay_date,
    pay_instant,
    policy_of,
    zone_named,
)
from events.refusals import InsufficientBalance, InvalidCommand, Refusal

REQUESTED = "requested"
"""How a cycle ends that pays; any other ends with the code of a refusal."""
ERASED = "ERASED"


def decide(
    command: PolicyCommand, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    match command:
        case SetPayoutPolicy():
            return set_policy(command, state, account, context)
        case _:
            assert_never(command)


def set_policy(
    command: SetPayoutPolicy, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    state.require_currency(command.currency)
    _check_days(command)
    try:
        zone_named(command.zone)
    except ValueError as problem:
        raise InvalidCommand(str(problem), field="zone") from None
    if command.country is not None and not context.calendars.is_known(command.country):
        raise InvalidCommand(
            f"there is no holiday calendar for {command.country}: give an ISO 3166 code, such as ID", field="country"
        )
    policy = Policy(
        schedule=command.schedule,
        cutoff_day=command.cutoff.day if command.cutoff else None,
        pay_day=command.pay_day,
        time=command.cutoff.time if command.cutoff else "00:00",
        automatic=command.automatic,
        minimum=command.minimum or 0,
        reserve=command.reserve or 0,
        zone=command.zone,
        country=command.country or context.calendars.country_of(command.currency),
    )
    if policy == policy_of(account, command.currency):
        return []
    return [
        PayoutPolicySet(
            currency=command.currency,
            schedule=policy.schedule,
            time=policy.time,
            automatic=policy.automatic,
            minimum=policy.minimum,
            reserve=policy.reserve,
            zone=policy.zone,
            cutoff_day=policy.cutoff_day,
            pay_day=policy.pay_day,
            country=policy.country,
            next_cutoff=next_cutoff(policy, context.now) if policy.automatic else None,
        )
    ]


def _check_days(command: SetPayoutPolicy) -> None:
    day = command.cutoff.day if command.cutoff else None
    given = {"cutoff.day": day, "payDay": command.pay_day}
    if command.schedule == OFF:
        if command.automatic:
            raise InvalidCommand("payouts can only be made by themselves on a schedule", field="automatic")
        if command.cutoff is not None:
            raise InvalidCommand("a schedule that is off has no cutoff", field="cutoff")
    for field, value in given.items():
        if command.schedule in (OFF, DAILY) and value is not None:
            raise InvalidCommand(f"a schedule that is {command.schedule} has no days", field=field)
        if command.schedule == WEEKLY and not isinstance(value, str):
            raise InvalidCommand("a weekly schedule wants a weekday here, such as monday", field=field)
        if command.schedule == MONTHLY and not isinstance(value, int):
            raise InvalidCommand("a monthly schedule wants a day of the month here, from 1 to 31", field=field)


def due(
    state: AccountState,
    now: Instant,
    new_id: Callable[[], str],
    calendars: Calendars,
    *,
    payable: bool = True,
    checks: PayoutChecks = NO_CHECKS,
) -> list[AnyEvent]:
    """What the account's policies have let fall due by now, in the order in which it fell due. The state handed in stays as it is.

    Nothing has happened in the account since the moment that the first of it fell due, for whoever lets anything happen
    asks here before: what was available at each of those moments is what is available now. `payable` says whether
    anybody can still read where payouts go.
    """
    account = state.account
    if account is None or account.status == CLOSED or (first := due_at(account)) is None or first > now:
        return []
    after = state.copy()
    made: list[AnyEvent] = []
    for currency in account.currencies:
        for event in _due(after, currency, now, new_id, calendars, payable, checks):
            evolve(after, event, now, after.version + 1)
            made.append(event)
    return made


def _due(
    state: AccountState,
    currency: str,
    now: Instant,
    new_id: Callable[[], str],
    calendars: Calendars,
    payable: bool,
    checks: PayoutChecks,
) -> Iterator[AnyEvent]:
    """Each event follows from the state after the one before, which the caller has folded by then."""
    account = _account(state)
    ahead = next_cutoff_of(account, currency)
    new = [] if ahead is None or ahead > now else _new_cuts(policy_of(account, currency), ahead, now, calendars)
    while True:
        account = _account(state)
        cut = new[0] if new else None
        to_pay = next((each for each in cutoffs_of(account, currency) if each.pay_at <= now), None)
        # At the same instant the cutoff comes first: its pay date may be the one that has come.
        if cut is not None and (to_pay is None or cut.cutoff <= to_pay.pay_at):
            new.pop(0)
            yield PayoutCycleCut(
                currency=currency,
                cutoff=cut.cutoff,
                pay_date=cut.pay_date,
                pay_at=cut.pay_at,
                amount=state.balance(currency).available,
                next_cutoff=next_cutoff(policy_of(account, currency), cut.cutoff),
            )
        elif to_pay is not None:
            context = DecisionContext(now, now, new_id(), account.mode, payout_checks=checks)
            yield from _pay(to_pay, currency, state, context, payable)
        else:
            return


def _new_cuts(policy: Policy, ahead: Instant, now: Instant, calendars: Calendars) -> list[PayoutCutoff]:
    """The cutoffs from `ahead` until now that still count, the earliest first.

    Of all those whose pay date has passed too, only the last one does: the money is the same, and is paid once.
    """
    found: list[PayoutCutoff] = []
    for cutoff in cutoffs_until(policy, now):
        if cutoff < ahead:
            break
        pays_on = pay_date(policy, cutoff, calendars)
        cut = PayoutCutoff(cutoff, pays_on.isoformat(), pay_instant(policy, cutoff, pays_on), 0)
        found.append(cut)
        if cut.pay_at <= now:
            break
    return found[::-1]


def _pay(
    cut: PayoutCutoff, currency: str, state: AccountState, context: DecisionContext, payable: bool
) -> Iterator[AnyEvent]:
    """The payout of a cycle through the rules of any other, and how the cycle ended; or only why there is none."""
    account = _account(state)
    amount = min(cut.amount, state.balance(currency).available - policy_of(account, currency).reserve)
    ended = PayoutCycleEnded(currency, cut.pay_date, cut.cutoff, REQUESTED, amount)
    if amount <= 0:
        nothing = "nothing is left to pay of what was available at the cutoff"
        yield replace(ended, outcome=InsufficientBalance.code, reason=nothing)
        return
    if not payable:
        yield replace(ended, outcome=ERASED, reason="the bank account was erased with the account's personal data")
        return
    try:
        command = RequestPayout(account_id=state.account_id, amount=amount, currency=currency)
        [requested] = payouts.request(command, state, account, context)
    except Refusal as refusal:
        yield replace(ended, outcome=refusal.code, reason=refusal.message)
        return
    assert isinstance(requested, PayoutRequested)
    yield requested
    yield replace(ended, payout_id=requested.payout_id)


def _account(state: AccountState) -> Account:
    assert state.account is not None, "an account that has a policy was opened"
    return state.account
