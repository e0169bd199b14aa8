"""Where a payout's money goes when what was said of it changes: links, adoptions, and cases taken at their word."""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState, replace
from events.accounts.events import CurrencyAdded
from events.accounts.state import PLUGIPAY
from events.catalog import AnyEvent
from events.currency import is_known
from events.instants import Instant
from events.payouts.events import (
    PayoutAdopted,
    PayoutAmountCorrected,
    PayoutCancelled,
    PayoutFailed,
    PayoutInTransit,
    PayoutPaid,
    PayoutProviderLinked,
    PayoutReopened,
    PayoutReturned,
)
from events.payouts.state import ACCEPTED, Payout
from events.provider.cases import open_case, unrequested_case
from events.provider.events import CaseClosed
from events.provider.observation import Observation
from events.provider.reports import (
    CANCELLED,
    FAILED,
    IN_TRANSIT,
    NO_REASON,
    PAID,
    PENDING,
    CaseKind,
    Reports,
    add_reports,
    contradictions,
    read_reports,
    reported_state,
    stored_reports,
)
from events.provider.state import Case

UNKNOWN_TEXT = "unknown"
"""Stands where personal data never was known (docs/personal-data.md)."""


def apply_reports(
    account_id: str, payout_id: str, payout: Payout, told: Reports, observation: Observation | None = None
) -> list[AnyEvent]:
    """What moves when `told` is all that was said of a payout, and the cases that this opens."""
    changes: list[AnyEvent] = []
    before, after = payout.status, reported_state(told)
    amount, currency = payout.amount, payout.currency
    if after.status != before:
        if before in (FAILED, CANCELLED):
            changes.append(PayoutReopened(payout_id=payout_id, amount=amount, currency=currency))
        reason = after.failure_reason or NO_REASON
        match after.status:
            case "paid":
                changes.append(PayoutPaid(payout_id, amount, currency, after.reference))
            case "failed" if before == PAID:
                changes.append(PayoutReturned(payout_id, amount, currency, reason, after.reference))
            case "failed":
                changes.append(PayoutFailed(payout_id, amount, currency, reason))
            case "cancelled":
                changes.append(PayoutCancelled(payout_id, amount, currency))
            case "in_transit":
                changes.append(PayoutInTransit(payout_id, after.reference))
            case _:
                # Refused, and then known to the provider after all: that it was reopened says everything.
                pass
    if told is not payout.told:
        changes.extend(
            open_case(
                account_id,
                kind,
                payout_id,
                known=_describe_reports(payout.told, before),
                observation=observation,
                said=None if observation is not None else _describe_reports(told, after.status),
            )
            for kind in contradictions(told)
            if kind not in payout.contradictions
        )
    return changes


def _describe_reports(told: Reports, status: str) -> str:
    return ", ".join([f"{one.says} at {one.at}" for one in told] or [status])


def adopt(
    state: AccountState, payout_id: str, seen: Observation | Case, told: Reports
) -> tuple[list[AnyEvent], list[AnyEvent]]:
    """What comes before the statements count, and what after."""
    assert seen.amount is not None
    assert seen.currency is not None
    assert seen.provider_payout_id is not None
    before: list[AnyEvent] = []
    if state.account is not None and seen.currency not in state.account.currencies:
        before.append(CurrencyAdded(currency=seen.currency))
    before.append(
        PayoutAdopted(
            payout_id=payout_id,
            provider_payout_id=seen.provider_payout_id,
            amount=seen.amount,
            currency=seen.currency,
        )
    )
    fresh = adopted_payout(seen.amount, seen.currency, seen.provider_payout_id, "", 0)
    observation = None if isinstance(seen, Case) else seen
    return before, apply_reports(state.account_id, payout_id, fresh, told, observation)


def adopted_payout(amount: int, currency: str, provider_payout_id: str, at: Instant, position: int) -> Payout:
    """A payout that the provider made by itself, before anything is known of how it goes."""
    return Payout(
        amount=amount,
        currency=currency,
        status=PENDING,
        backend=PLUGIPAY,
        bank_code=None,
        bank_name=UNKNOWN_TEXT,
        bank_account_number=UNKNOWN_TEXT,
        bank_account_holder=UNKNOWN_TEXT,
        requested_at=at,
        position=position,
        provider_payout_id=provider_payout_id,
        submission=ACCEPTED,
        bank_account_by=(),
    )


def link_to(state: AccountState, payout_id: str, payout: Payout, provider_payout_id: str) -> Sequence[AnyEvent]:
    """The link itself, with what the provider had said under this id while nobody knew whose it was.

    Where it named another amount, that becomes a case about the payout.
    """
    found = unrequested_case(state, provider_payout_id)
    if found is None:
        return [PayoutProviderLinked(payout_id=payout_id, provider_payout_id=provider_payout_id)]
    case_id, case = found
    fits = case.amount in (None, payout.amount) and case.currency in (None, payout.currency)
    link: list[AnyEvent] = [
        PayoutProviderLinked(payout_id, provider_payout_id, stored_reports(case.told) if fits else None),
    ]
    if case.closed_at is None:
        link.append(CaseClosed(case_id=case_id, reason=f"it is {payout_id}", closed_by="ledger"))
    if not fits:
        known = describe(payout)
        link.append(
            open_case(
                state.account_id,
                CaseKind.AMOUNT_DIFFERS,
                payout_id,
                known=known,
                observation=case,
                said=case.said,
                told=case.told,
            )
        )
    return link


def describe(payout: Payout) -> str:
    """What the ledger has of a payout, for people."""
    return f"{payout.status}, {payout.amount} {payout.currency}, {payout.provider_payout_id or payout.backend}"


def linked_reports(link: list[AnyEvent]) -> Reports:
    return read_reports(link[0].statements) if link and isinstance(link[0], PayoutProviderLinked) else ()


def link_and_settle(state: AccountState, payout_id: str, payout: Payout, provider_payout_id: str) -> list[AnyEvent]:
    """The link, and what moves because of what had been said under that id."""
    link = list(link_to(state, payout_id, payout, provider_payout_id))
    return [*link, *apply_reports(state.account_id, payout_id, payout, add_reports(payout.told, linked_reports(link)))]


def apply_case(state: AccountState, case: Case, new_id: str) -> list[AnyEvent]:
    """Takes the provider at its word in a case that was not applied: empty where there is nothing to apply."""
    if case.kind == CaseKind.UNREQUESTED:
        if case.amount is None or case.currency is None or case.provider_payout_id is None or case.amount <= 0:
            return []
        if not is_known(case.currency):
            return []
        if any(payout.provider_payout_id == case.provider_payout_id for _, payout in state.payouts.items()):
            # Somebody linked it meanwhile: it is that payout, and not one more.
            return []
        payout_id = f"pout_{new_id}"
        before, after = adopt(state, payout_id, case, case.told)
        linked = PayoutProviderLinked(payout_id, case.provider_payout_id, stored_reports(case.told))
        return [*before, linked, *after]
    payout = state.payouts.get(case.payout_id or "")
    if case.kind != CaseKind.AMOUNT_DIFFERS or payout is None or case.payout_id is None:
        return []
    if case.amount is None or case.amount <= 0 or case.currency not in (None, payout.currency):
        return []
    provider_payout_id = payout.provider_payout_id or case.provider_payout_id
    if provider_payout_id is None:
        return []
    return correct_amount(state, case.payout_id, payout, case.amount, provider_payout_id, case.told)


def correct_amount(
    state: AccountState, payout_id: str, payout: Payout, amount: int, provider_payout_id: str, told: Reports
) -> list[AnyEvent]:
    """The payout is of another amount than the ledger has, and this was said of it: the difference moves too."""
    less = payout.amount - amount
    corrected = PayoutAmountCorrected(
        payout_id=payout_id,
        amount=amount,
        currency=payout.currency,
        from_reserved=less if payout.status in (PENDING, IN_TRANSIT) else 0,
        from_paid_out=less if payout.status == PAID else 0,
    )
    return [
        corrected,
        PayoutProviderLinked(payout_id, provider_payout_id, stored_reports(told)),
        *apply_reports(state.account_id, payout_id, replace(payout, amount=amount), add_reports(payout.told, told)),
    ]
