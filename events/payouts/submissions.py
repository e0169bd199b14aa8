"""A payout's way to the provider and back: submitted, answered, asked to be cancelled; and cases that people close."""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState
from events.accounts.state import FROZEN, PLUGIPAY, Account
from events.catalog import AnyEvent
from events.decision_context import DecisionContext
from events.payouts.commands import LinkProviderPayout, ResubmitPayout
from events.payouts.events import PayoutCancelRefused, PayoutFailed, PayoutSubmissionStarted, PayoutSubmissionUnknown
from events.payouts.state import ACCEPTED, STARTED, UNKNOWN, Payout
from events.provider.apply_reports import link_and_settle
from events.provider.cases import open_case
from events.provider.events import CaseClosed
from events.provider.reports import PENDING, CaseKind, case_id
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
    if account.status == FROZEN:
        raise AccountIsFrozen(state.account_id)
    unanswered = payout.status == PENDING and payout.submission in (STARTED, UNKNOWN)
    if not unanswered or CaseKind.SUBMISSION_UNKNOWN not in payout.contradictions:
        raise InvalidTransition(
            "only a payout whose submission was given up can be submitted again: its case is what tells that",
            details={"status": payout.status, "submission": payout.submission},
        )
    name = case_id(state.account_id, CaseKind.SUBMISSION_UNKNOWN, command.payout_id)
    return [
        CaseClosed(case_id=name, reason=command.reason, closed_by=context.actor),
        PayoutSubmissionStarted(payout_id=command.payout_id, attempt=payout.attempt + 1),
    ]


def link_provider(command: LinkProviderPayout, state: AccountState) -> Sequence[AnyEvent]:
    payout = state.payouts.get(command.payout_id)
    if payout is None:
        raise PayoutNotFound(command.payout_id)
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
