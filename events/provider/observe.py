"""What the provider says of payouts, and what the ledger makes of it. Facts are never refused.

Each delivery becomes one `ProviderObserved`, with whatever it changes beside it:

    about a payout of ours            its statement joins what was told; where that leaves the payout
                                      (`events.provider.reports`) decides the status and where its money is
    ... but with another amount,      not applied: a case
    another id, or paid by hand
    about one nobody asked for        adopted: the money it took is taken from available, below zero if need be
    ... while a submission of the     a case: it may be that one
    same amount has no answer yet
    one whose body contradicts its    not applied: a case
    type, that is dated ahead, or has
    an earlier one's id
    anything else                     kept; a case where it states how a payout ended

Since statements are a set, the order of arrival changes neither the status nor any balance nor which cases are opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from events.account_state import AccountState
from events.accounts.state import MANUAL, PLUGIPAY
from events.catalog import AnyEvent
from events.currency import is_known
from events.payouts.state import STARTED, UNKNOWN, Payout
from events.provider.apply_reports import (
    UNKNOWN_TEXT,
    adopt,
    adopted_payout,
    apply_reports,
    correct_amount,
    describe,
    link_and_settle,
    link_to,
    linked_reports,
)
from events.provider.cases import open_case, unrequested_case
from events.provider.events import CaseClosed, ProviderObserved
from events.provider.observation import Observation
from events.provider.reports import PENDING, CaseKind, ReportedStatus, Reports, add_reports, case_id, reported_state


class Verdict(StrEnum):
    """What became of an observation."""

    APPLIED = "applied"
    """It changed the payout's status."""
    CONFIRMED = "confirmed"
    """It says what was known already."""
    STALE = "stale"
    """Something that outweighs it was known already; it joins what was told."""
    CONTRADICTION = "contradiction"
    """It cannot be about this payout as it stands: nothing moved, a case was opened."""
    ADOPTED = "adopted"
    """Nobody had asked for this payout; now it is one of the account's."""
    UNMATCHED = "unmatched"
    """It cannot be told which payout is meant: nothing moved, a case was opened."""
    IGNORED = "ignored"
    """It is not about a payout, or its type is not known to this release."""


def observe(observation: Observation, state: AccountState, payout_id: str | None, new_id: str) -> Sequence[AnyEvent]:
    """The events that follow from a delivery about `payout_id` (None: not one of ours). Empty where it is known already.

    `new_id` is a fresh ULID for the payout that may have to be adopted.
    """
    known = state.observed.get(observation.event_id)
    if known is not None and observation.asked:
        return []
    if known is not None:
        return _said_again(observation, known, state, payout_id)
    before: list[AnyEvent] = []
    after: list[AnyEvent] = []
    payout = state.payouts.get(payout_id) if payout_id else None
    doubts = _doubts(observation)
    if doubts:
        verdict = Verdict.IGNORED if observation.says is ReportedStatus.OTHER else Verdict.CONTRADICTION
        after = [_doubtful(kind, observation, state, payout_id) for kind in doubts]
    elif observation.says is ReportedStatus.OTHER:
        verdict = Verdict.IGNORED
    elif payout is not None and payout_id is not None:
        verdict, after = _about_ours(observation, state, payout_id, payout)
    elif _may_be_adopted(observation, state):
        payout_id = f"pout_{new_id}"
        verdict = Verdict.ADOPTED
        before, after = _adopt(observation, state, payout_id)
    else:
        verdict, after = Verdict.UNMATCHED, [_unrequested(observation, state)]
    observed = ProviderObserved(
        provider=observation.provider,
        event_id=observation.event_id,
        event_type=observation.event_type,
        says=observation.says.value,
        occurred_at=observation.occurred_at,
        verdict=verdict.value,
        payout_id=payout_id,
        provider_payout_id=observation.provider_payout_id,
        amount=observation.amount,
        currency=observation.currency,
        reference=observation.reference,
        failure_reason=observation.failure_reason,
        status=observation.status,
    )
    return [*before, observed, *after]


def _doubts(observation: Observation) -> list[CaseKind]:
    """Why nobody can act on it, whatever payout it is about."""
    return [
        kind
        for kind, holds in (
            (CaseKind.STATUS_DIFFERS, observation.status_differs()),
            (CaseKind.UNKNOWN_EVENT_TYPE, observation.states_an_end()),
            (CaseKind.DATED_AHEAD, observation.dated_ahead),
        )
        if holds and (kind is not CaseKind.DATED_AHEAD or observation.says is not ReportedStatus.OTHER)
    ]


def _doubtful(kind: CaseKind, observation: Observation, state: AccountState, payout_id: str | None) -> AnyEvent:
    """A case of its own for each webhook: none of them hides another."""
    payout = state.payouts.get(payout_id) if payout_id else None
    return open_case(
        state.account_id,
        kind,
        observation.event_id,
        known=describe(payout) if payout is not None else NOT_OURS,
        observation=observation,
        told=observation.told(),
        payout_id=payout_id if payout is not None else None,
    )


_SAID_MAX = 2000
"""How long the text of a case may become by more and more contents under one id."""


def _said_again(
    observation: Observation, known: ProviderObserved, state: AccountState, payout_id: str | None
) -> Sequence[AnyEvent]:
    """Nothing where it says the same; else the case that its id stands for something else."""
    if _same(observation, known):
        return []
    opened = open_case(
        state.account_id,
        CaseKind.EVENT_ID_REUSED,
        observation.event_id,
        known=f"{known.event_type} at {known.occurred_at}, {known.amount} {known.currency}, by {known.event_id}",
        observation=observation,
        told=observation.told(),
        payout_id=payout_id if payout_id in state.payouts else None,
    )
    case = state.cases.get(opened.case_id)
    if case is not None and (opened.said in case.said or len(case.said) > _SAID_MAX):
        return []
    return [opened]


def _same(observation: Observation, known: ProviderObserved) -> bool:
    """Whether it says what was known. Both generations of the provider's names may tell of one event."""
    if observation.says is ReportedStatus.OTHER and observation.event_type != known.event_type:
        return False
    # An earlier release kept no status, and 0 for an amount that cannot be read.
    return (
        observation.says.value,
        observation.occurred_at,
        observation.provider_payout_id,
        observation.amount or None,
        observation.currency,
        observation.reference,
        observation.failure_reason,
    ) == (
        known.says,
        known.occurred_at,
        known.provider_payout_id,
        known.amount or None,
        known.currency,
        known.reference,
        known.failure_reason,
    ) and (known.status is None or observation.status == known.status)


def _about_ours(
    observation: Observation, state: AccountState, payout_id: str, payout: Payout
) -> tuple[Verdict, list[AnyEvent]]:
    kind = _mismatch(observation, state, payout_id, payout)
    if kind is CaseKind.AMOUNT_DIFFERS and (changes := _corrected(observation, state, payout_id, payout)):
        return Verdict.APPLIED, changes
    if kind is not None:
        case = open_case(
            state.account_id,
            kind,
            payout_id,
            known=describe(payout),
            observation=observation,
            told=observation.told(),
        )
        # Whatever the amount, it is this payout that the provider knows under its id.
        by_id = kind is CaseKind.AMOUNT_DIFFERS and payout.provider_payout_id is None and observation.provider_payout_id
        link = link_and_settle(state, payout_id, payout, observation.provider_payout_id or "") if by_id else []
        return Verdict.CONTRADICTION, [*link, case]
    link = []
    if payout.provider_payout_id is None and observation.provider_payout_id is not None:
        link = list(link_to(state, payout_id, payout, observation.provider_payout_id))
    told = add_reports(payout.told, [*linked_reports(link), *observation.told()])
    changes = apply_reports(state.account_id, payout_id, payout, told, observation)
    if reported_state(told).status != payout.status:
        verdict = Verdict.APPLIED
    elif observation.says in (ReportedStatus.CREATED, payout.status):
        verdict = Verdict.CONFIRMED
    else:
        verdict = Verdict.STALE
    return verdict, [*link, *changes]


def _corrected(observation: Observation, state: AccountState, payout_id: str, payout: Payout) -> list[AnyEvent]:
    """What an answer about an adopted payout puts right: the ledger never asked for an amount, it was only told one.

    Empty where a person has to look: the ledger asked for this amount, or nobody asked the provider.
    """
    amount, provider_payout_id = observation.amount, observation.provider_payout_id
    if not observation.asked or payout.bank_account_number != UNKNOWN_TEXT or amount is None or amount <= 0:
        return []
    if provider_payout_id is None or observation.currency not in (None, payout.currency):
        return []
    name = case_id(state.account_id, CaseKind.AMOUNT_DIFFERS, payout_id)
    case = state.cases.get(name)
    doubted: Reports = ()
    closed: list[AnyEvent] = []
    if case is not None and case.closed_at is None:
        doubted = case.told if case.amount == amount else ()
        reason = f"the provider was asked, and has {amount} {payout.currency}"
        closed = [CaseClosed(case_id=name, reason=reason, closed_by="ledger")]
    told = (*doubted, *observation.told())
    return [*correct_amount(state, payout_id, payout, amount, provider_payout_id, told), *closed]


def _mismatch(observation: Observation, state: AccountState, payout_id: str, payout: Payout) -> CaseKind | None:
    """Why it cannot be about this payout as we know it."""
    if payout.backend == MANUAL:
        return CaseKind.PAID_BY_HAND
    if observation.provider_payout_id and payout.provider_payout_id != observation.provider_payout_id:
        of_another = any(
            other.provider_payout_id == observation.provider_payout_id
            for other_id, other in state.payouts.items()
            if other_id != payout_id
        )
        if payout.provider_payout_id is not None or of_another:
            return CaseKind.OTHER_ID
    if observation.amount_unreadable:
        return CaseKind.AMOUNT_DIFFERS
    if observation.amount not in (None, payout.amount) or observation.currency not in (None, payout.currency):
        return CaseKind.AMOUNT_DIFFERS
    return None


NOT_OURS = "no payout of this account is known to be this one"

_OURS = re.compile(r"\bpout_[0-9A-HJKMNP-TV-Z]{26}\b")


def _may_be_adopted(observation: Observation, state: AccountState) -> bool:
    if observation.amount is None or observation.amount <= 0 or observation.provider_payout_id is None:
        return False
    if state.account is None or not is_known(observation.currency or ""):
        return False
    if _OURS.search(observation.note or ""):
        # It names a payout of this ledger, only not of this account: two accounts share a workspace.
        return False
    if state.provider is None and state.account.backend != PLUGIPAY:
        return False
    found = unrequested_case(state, observation.provider_payout_id)
    if found is not None and (found[1].amount is not None or found[1].closed_at is not None):
        # A person was asked about it, or has answered.
        return False
    return not any(
        payout.provider_payout_id is None
        and payout.submission in (STARTED, UNKNOWN)
        and payout.status == PENDING
        and (payout.amount, payout.currency) == (observation.amount, observation.currency)
        for payout in state.payouts.values()
    )


def _adopt(observation: Observation, state: AccountState, payout_id: str) -> tuple[list[AnyEvent], list[AnyEvent]]:
    """Adopts it with what was said of it before an amount was named."""
    assert observation.amount is not None
    assert observation.currency is not None
    assert observation.provider_payout_id is not None
    link: list[AnyEvent] = []
    if unrequested_case(state, observation.provider_payout_id) is not None:
        fresh = adopted_payout(observation.amount, observation.currency, observation.provider_payout_id, "", 0)
        link = list(link_to(state, payout_id, fresh, observation.provider_payout_id))
    before, after = adopt(state, payout_id, observation, add_reports(linked_reports(link), observation.told()))
    return [*before, *link], after


def _unrequested(observation: Observation, state: AccountState) -> AnyEvent:
    subject = observation.provider_payout_id or observation.event_id
    return open_case(
        state.account_id,
        CaseKind.UNREQUESTED,
        subject,
        known=NOT_OURS,
        observation=observation,
        told=observation.told(),
    )
