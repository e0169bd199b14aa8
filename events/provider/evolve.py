"""What the provider's reports and people's decisions do to payouts and cases."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState, replace
from events.instants import Instant
from events.payouts.evolve import with_reports
from events.payouts.state import ACCEPTED
from events.provider.events import CaseClosed, CaseOpened, DeliveryDismissed, ProviderEvent, ProviderObserved
from events.provider.reports import CaseKind, Report, ReportedStatus, add_reports, read_reports
from events.provider.state import Case

SEVERAL = 0
"""Stands for a case's amount where more than one was named."""


def evolve(state: AccountState, event: ProviderEvent, at: Instant, position: int) -> None:
    match event:
        case ProviderObserved():
            apply_report(state, event)
        case CaseOpened() | CaseClosed():
            evolve_case(state, event, at, position)
        case DeliveryDismissed():
            pass
        case _:
            assert_never(event)


NOT_APPLIED = frozenset({"contradiction", "unmatched", "ignored"})
"""Verdicts of observations that say nothing that counts for a payout."""


def apply_report(state: AccountState, event: ProviderObserved) -> None:
    """Folds what the provider said into the payout it is about."""
    state.observed.setdefault(event.event_id, event)
    payout = state.payouts.get(event.payout_id or "")
    if payout is None or event.payout_id is None or event.verdict in NOT_APPLIED:
        return
    payout = replace(payout, submission=ACCEPTED)
    if event.says != ReportedStatus.OTHER:
        payout = with_reports(payout, (Report(event.says, event.occurred_at, event.reference, event.failure_reason),))
    state.payouts[event.payout_id] = payout


def evolve_case(state: AccountState, event: CaseOpened | CaseClosed, at: Instant, position: int) -> None:
    """Opens or closes a case, and notes it on the payout that it is about."""
    case = state.cases.get(event.case_id)
    if isinstance(event, CaseOpened):
        # Of a payout whose owner is not known all that was said counts, for the day when it is: also what was said
        # before somebody closed the case.
        heard = case is not None and (case.closed_at is None or case.kind == CaseKind.UNREQUESTED)
        told = add_reports(case.told if case is not None and heard else (), read_reports(event.statements))
        if case is not None and case.closed_at is None:
            case = _more(case, event)
        else:
            case = Case(
                kind=event.kind,
                opened_at=at,
                position=position,
                known=event.known,
                said=event.said,
                payout_id=event.payout_id,
                provider_payout_id=event.provider_payout_id,
                amount=event.amount,
                currency=event.currency,
            )
        case = replace(case, told=told)
    else:
        assert case is not None, "what is closed was opened"
        case = replace(case, closed_at=at, reason=event.reason, closed_by=event.closed_by)
    state.cases[event.case_id] = case
    payout = state.payouts.get(case.payout_id or "")
    if payout is not None and case.payout_id is not None:
        kinds = set(payout.contradictions) - {case.kind}
        if case.closed_at is None:
            kinds.add(case.kind)
        state.payouts[case.payout_id] = replace(payout, contradictions=tuple(sorted(kinds)))


def _more(case: Case, event: CaseOpened) -> Case:
    """An open case after more was said. Once several amounts were named it has none that could be applied."""
    amount = event.amount if case.amount is None else case.amount
    if case.kind == CaseKind.EVENT_ID_REUSED and event.said not in case.said:
        case = replace(case, said=f"{case.said}; {event.said}")
    differs = event.amount not in (None, amount) or (event.currency or case.currency) != (
        case.currency or event.currency
    )
    if differs and case.amount != SEVERAL:
        said = case.said if event.said in case.said else f"{case.said}; {event.said}"
        return replace(case, amount=SEVERAL, said=said)
    return replace(case, amount=amount, currency=case.currency or event.currency)
