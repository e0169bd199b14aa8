"""What the provider says of payouts, and what the ledger makes of it. Facts are never refused.

Each delivery becomes one `ProviderObserved`, with whatever it changes beside it:

    about a payout of ours            its statement joins what was told; where that leaves the payout
                                      (`events.provider.reports`) decides the status and where its money is
    ... but with another amount,      not applied: a case
    another id, or paid by hand
    about one nobody asked for        adopted: the money it took is taken from available, below zero if need be
    ... while a submission of the     a case: it may be that one
    same amount has no answer yet
    anything else                     kept

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
    """The events that follow from a delivery about `payout_id` (None: not one of ours). Empty for a known event id.

    `new_id` is a fresh ULID for the payout that may have to be adopted.
    """
    if observation.event_id in state.observed:
        return []
    before: list[AnyEvent] = []
    after: list[AnyEvent] = []
    payout = state.payouts.get(payout_id) if payout_id else None
    if observation.says is ReportedStatus.OTHER:
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
    )
    return [*before, observed, *after]


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
    if observation.amount not in (None, payout.amount) or observation.currency not in (None, payout.currency):
        return CaseKind.AMOUNT_DIFFERS
    return None


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
        known="no payout of this account is known to be this one",
        observation=observation,
        told=observation.told(),
    )
