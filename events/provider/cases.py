"""Cases: what cannot be settled without a person, with both sides beside each other."""

from __future__ import annotations

from events.account_state import AccountState
from events.provider.events import CaseOpened
from events.provider.observation import Observation
from events.provider.reports import CaseKind, Reports, case_id, stored_reports
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
) -> CaseOpened:
    """A case about a payout, or about what the provider knows under `subject`. The same subject and kind: the same id."""
    if said is None and isinstance(observation, Observation):
        amount = f", {observation.amount} {observation.currency}" if observation.amount is not None else ""
        said = f"{observation.says.value} at {observation.occurred_at}{amount}, by {observation.event_id}"
    return CaseOpened(
        case_id=case_id(account_id, kind, subject),
        kind=kind.value,
        known=known,
        said=said or "",
        payout_id=subject if kind is not CaseKind.UNREQUESTED and kind is not CaseKind.PROVIDER_DIFFERS else None,
        provider_payout_id=observation.provider_payout_id if observation else None,
        amount=observation.amount if observation else None,
        currency=observation.currency if observation else None,
        statements=stored_reports(told),
    )


def unrequested_case(state: AccountState, provider_payout_id: str) -> tuple[str, Case] | None:
    """The case, open or closed, about a payout that nobody asked for, by the provider's id."""
    name = case_id(state.account_id, CaseKind.UNREQUESTED, provider_payout_id)
    case = state.cases.get(name)
    return None if case is None else (name, case)
