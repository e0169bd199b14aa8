"""Cases: what cannot be settled without a person, with both sides beside each other."""

from __future__ import annotations

from events.account_state import AccountState
from events.provider.events import CaseOpened
from events.provider.observation import Observation
from events.provider.reports import CaseKind, ReportedStatus, Reports, case_id, stored_reports
from events.provider.state import Case


def open_case(
    account_id: str,
    kind: CaseKind,
    subject: str,
    *,
    known: str,
    observation: Observation | Case | None = None,
    said: str | None = None,
    told: Reports = (),
    payout_id: str | None = None,
) -> CaseOpened:
    """A case about a payout, or about what the provider knows under `subject`. The same subject and kind: the same id.

    `payout_id` is the payout's, for the kinds whose subject is none.
    """
    if said is None and isinstance(observation, Observation):
        said = describe_observation(observation)
    return CaseOpened(
        case_id=case_id(account_id, kind, subject),
        kind=kind.value,
        known=known,
        said=said or "",
        payout_id=payout_id if kind in _OTHER_SUBJECTS else subject,
        provider_payout_id=observation.provider_payout_id if observation else None,
        amount=observation.amount if observation else None,
        currency=observation.currency if observation else None,
        statements=stored_reports(told),
    )


_OTHER_SUBJECTS = frozenset(
    {
        *(CaseKind.UNREQUESTED, CaseKind.PROVIDER_DIFFERS, CaseKind.STATUS_DIFFERS),
        *(CaseKind.EVENT_ID_REUSED, CaseKind.UNKNOWN_EVENT_TYPE, CaseKind.DATED_AHEAD),
    }
)
"""Kinds whose subject is no payout of the ledger: the provider's id of a payout or an event, or the account."""


def describe_observation(observation: Observation) -> str:
    """What was said, for people."""
    says = observation.says.value if observation.says is not ReportedStatus.OTHER else observation.event_type
    tells = observation.status is not None and (observation.status_differs() or observation.states_an_end())
    status = f" with the status {observation.status}" if tells else ""
    amount = f", {observation.amount} {observation.currency}" if observation.amount is not None else ""
    if observation.amount_unreadable:
        amount = ", an amount that cannot be read"
    return f"{says}{status} at {observation.occurred_at}{amount}, by {observation.event_id}"


def unrequested_case(state: AccountState, provider_payout_id: str) -> tuple[str, Case] | None:
    """The case, open or closed, about a payout that nobody asked for, by the provider's id."""
    name = case_id(state.account_id, CaseKind.UNREQUESTED, provider_payout_id)
    case = state.cases.get(name)
    return None if case is None else (name, case)
