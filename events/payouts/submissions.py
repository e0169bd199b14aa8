"""A payout's way to the provider and back: submitted, answered, asked to be cancelled; and cases that people close."""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState
from events.accounts.state import FROZEN, PLUGIPAY, Account
from events.catalog import AnyEvent
from events.decision_context import DecisionContext
from events.payouts.checks import check_four_eyes
from events.payouts.commands import LinkProviderPayout, ResubmitPayout
from events.payouts.events import PayoutCancelRefused, PayoutFailed, PayoutSubmissionStarted, PayoutSubmissionUnknown
from events.payouts.state import ACCEPTED, STARTED, UNKNOWN, Payout
from events.provider.apply_reports import link_and_settle
from events.provider.cases import open_case
from events.provider.events import CaseClosed
from events.provider.reports import IN_TRANSIT, PENDING, CaseKind, case_id
from events.refusals import AccountIsFrozen, InvalidTransition, PayoutNotFound


def may_be_submitted(payout: Payout, account: Account) -> bool:
    """Whether the provider may be given this payout now, for the first time or again under the same key."""
    return (
        payout.backend == PLUGIPAY
        and payout.status == PENDING
        and payout.provider_payout_id is None
        and payout.submission != ACCEPTED
        and (payout.submission is not None or account.status != FROZEN)
    )


def start(payout_id: str, payout: Payout) -> Sequence[AnyEvent]:
    """Says that the payout is about to be given to the provider; nothing where that was said before."""
    if payout.submission is not None:
        return []
    return [PayoutSubmissionStarted(payout_id=payout_id, attempt=payout.attempt + 1)]


def silent(payout_id: str, payout: Payout, reason: str) -> Sequence[AnyEvent]:
    """The provider did not answer: the money stays where it is."""
    if payout.status != PENDING or payout.submission != STARTED:
        return []
    return [PayoutSubmissionUnknown(payout_id=payout_id, reason=reason)]


def refused(payout_id: str, payout: Payout, reason: str) -> Sequence[AnyEvent]:
    """The provider will not take it: it failed, and the money is available again.

    Nothing where the provider has been heard of it meanwhile: its word about a payout outweighs a refusal to take it.
    """
    if payout.status != PENDING or payout.submission not in (STARTED, UNKNOWN):
        return []
    return [PayoutFailed(payout_id=payout_id, amount=payout.amount, currency=payout.currency, failure_reason=reason)]


def given_up(account_id: str, payout_id: str, payout: Payout, said: str) -> Sequence[AnyEvent]:
    """It may not be asked under the same key any more, and the provider does not know of it: a person has to look."""
    if payout.status != PENDING or payout.submission not in (STARTED, UNKNOWN):
        return []
    if CaseKind.SUBMISSION_UNKNOWN in payout.contradictions:
        return []
    known = f"submitted at {payout.submission_started_at}, never answered"
    return [open_case(account_id, CaseKind.SUBMISSION_UNKNOWN, payout_id, known=known, said=said)]


def unknown_to_provider(state: AccountState, payout_id: str) -> Sequence[AnyEvent]:
    """The provider says again that it does not know what it took in: a person has to look, once for each of its ids."""
    payout = state.payouts[payout_id]
    case = state.cases.get(case_id(state.account_id, CaseKind.UNKNOWN_TO_PROVIDER, payout_id))
    said = f"it does not know {payout.provider_payout_id}"
    if payout.status not in (PENDING, IN_TRANSIT) or payout.provider_payout_id is None:
        return []
    if case is not None and (case.closed_at is None or case.said == said):
        return []
    known = f"taken in by the provider as {payout.provider_payout_id}"
    return [open_case(state.account_id, CaseKind.UNKNOWN_TO_PROVIDER, payout_id, known=known, said=said)]


def cancel_refused(payout_id: str, payout: Payout, reason: str) -> Sequence[AnyEvent]:
    if payout.cancel_asked_at is None:
        return []
    return [PayoutCancelRefused(payout_id=payout_id, reason=reason)]


def resubmit(
    command: ResubmitPayout, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    payout = state.payouts.get(command.payout_id)
    if payout is None:
        raise PayoutNotFound(command.payout_id)
    check_four_eyes(payout, context.actor, context.payout_checks)
    if account.status == FROZEN:
        raise AccountIsFrozen(state.account_id)
    kind = _given_up_as(payout)
    if kind is None:
        raise InvalidTransition(
            "only a payout whose submission was given up, or that the provider does not know any more, can be submitted"
            " again: its case is what tells that",
            details={"status": payout.status, "submission": payout.submission},
        )
    name = case_id(state.account_id, kind, command.payout_id)
    return [
        CaseClosed(case_id=name, reason=command.reason, closed_by=context.actor),
        PayoutSubmissionStarted(payout_id=command.payout_id, attempt=payout.attempt + 1),
    ]


def _given_up_as(payout: Payout) -> CaseKind | None:
    """The kind of the open case that lets the payout be submitted once more."""
    if payout.status != PENDING:
        return None
    unanswered = payout.submission in (STARTED, UNKNOWN)
    kind = CaseKind.SUBMISSION_UNKNOWN if unanswered else CaseKind.UNKNOWN_TO_PROVIDER
    return kind if kind in payout.contradictions else None


def link_provider(command: LinkProviderPayout, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    payout = state.payouts.get(command.payout_id)
    if payout is None:
        raise PayoutNotFound(command.payout_id)
    check_four_eyes(payout, context.actor, context.payout_checks)
    if payout.backend != PLUGIPAY:
        raise InvalidTransition("a manual payout has no provider", details={"backend": payout.backend})
    if payout.provider_payout_id == command.provider_payout_id:
        return []
    if payout.provider_payout_id is not None:
        raise InvalidTransition(
            f"this payout is already known to the provider as {payout.provider_payout_id}",
            details={"providerPayoutId": payout.provider_payout_id},
        )
    for other_id, other in state.payouts.items():
        if other.provider_payout_id == command.provider_payout_id:
            raise InvalidTransition(
                f"the provider's {command.provider_payout_id} is {other_id} already", details={"payoutId": other_id}
            )
    return link_and_settle(state, command.payout_id, payout, command.provider_payout_id)
