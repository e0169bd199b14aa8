"""What a person decides about a case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events.account_state import AccountState
from events.accounts.state import Account
from events.catalog import AnyEvent
from events.decision_context import DecisionContext
from events.payouts.checks import check_four_eyes
from events.provider.apply_reports import apply_case
from events.provider.commands import CaseCommand, CloseCase
from events.provider.events import CaseClosed
from events.refusals import CaseNotFound, InvalidTransition


def decide(command: CaseCommand, state: AccountState, account: Account, context: DecisionContext) -> Sequence[AnyEvent]:
    match command:
        case CloseCase():
            return close_case(command, state, context)
        case _:
            assert_never(command)


def close_case(command: CloseCase, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    case = state.cases.get(command.case_id)
    if case is None:
        raise CaseNotFound(command.case_id)
    if case.closed_at is not None:
        raise InvalidTransition(f"case {command.case_id} was closed at {case.closed_at}: {case.reason}")
    applied: list[AnyEvent] = []
    if command.apply:
        payout = state.payouts.get(case.payout_id) if case.payout_id is not None else None
        if payout is not None:
            check_four_eyes(payout, context.actor, context.payout_checks)
        applied = apply_case(state, case, context.new_id)
        if not applied:
            raise InvalidTransition(
                f"a case of the kind {case.kind} has nothing in it that could be applied: close it without",
                details={"kind": case.kind},
            )
    return [*applied, CaseClosed(case_id=command.case_id, reason=command.reason, closed_by=context.actor)]
