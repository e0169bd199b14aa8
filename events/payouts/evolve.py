"""What happens to a payout: its row, and where its money is."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState, replace
from events.accounts.state import MANUAL, PLUGIPAY, BankAccount
from events.envelope import Envelope
from events.instants import Instant
from events.payouts.events import (
    PayoutAdopted,
    PayoutAmountCorrected,
    PayoutCancelAsked,
    PayoutCancelled,
    PayoutCancelRefused,
    PayoutEvent,
    PayoutFailed,
    PayoutInTransit,
    PayoutNoteChanged,
    PayoutPaid,
    PayoutProviderLinked,
    PayoutReopened,
    PayoutRequested,
    PayoutReturned,
    PayoutSubmissionStarted,
    PayoutSubmissionUnknown,
)
from events.payouts.state import ACCEPTED, STARTED, UNKNOWN, Payout
from events.provider.apply_reports import adopted_payout
from events.provider.reports import (
    CANCELLED,
    FAILED,
    IN_TRANSIT,
    PAID,
    PENDING,
    REFUSED,
    Report,
    Reports,
    add_reports,
    read_reports,
    reported_state,
)


def evolve(
    state: AccountState, event: PayoutEvent, at: Instant, position: int, envelope: Envelope | None = None
) -> None:
    """Folds one event of a payout into the account's state."""
    match event:
        case PayoutRequested():
            state.payouts[event.payout_id] = Payout(
                amount=event.amount,
                currency=event.currency,
                status=PENDING,
                backend=event.backend,
                bank_code=event.bank_code,
                bank_name=event.bank_name,
                bank_account_number=event.bank_account_number,
                bank_account_holder=event.bank_account_holder,
                requested_at=at,
                position=position,
                note=event.note,
                bank_account_by=_named_by(event, state.bank_account, envelope) if envelope else None,
            )
            state.add_amounts(event.currency, available=-event.amount, reserved=event.amount)
            return
        case PayoutAdopted():
            state.payouts[event.payout_id] = adopted_payout(
                event.amount, event.currency, event.provider_payout_id, at, position
            )
            state.add_amounts(event.currency, available=-event.amount, reserved=event.amount)
            return
        case PayoutReopened():
            # Its status follows with what was said of it.
            state.add_amounts(event.currency, available=-event.amount, reserved=event.amount)
            return
        case _:
            pass
    payout = state.payouts[event.payout_id]
    match event:
        case PayoutSubmissionStarted():
            if payout.provider_payout_id is not None:
                # The provider has lost it: what was said of it under that id is not said of this attempt.
                payout = replace(payout, provider_payout_id=None, told=())
            payout = replace(payout, submission=STARTED, attempt=event.attempt, submission_started_at=at)
        case PayoutSubmissionUnknown():
            payout = replace(payout, submission=UNKNOWN)
        case PayoutProviderLinked():
            payout = replace(payout, provider_payout_id=event.provider_payout_id, submission=ACCEPTED)
            payout = with_reports(payout, read_reports(event.statements))
        case PayoutAmountCorrected():
            payout = replace(payout, amount=event.amount)
            less = event.from_reserved + event.from_paid_out
            state.add_amounts(
                event.currency, available=less, reserved=-event.from_reserved, paid_out=-event.from_paid_out
            )
        case PayoutCancelAsked():
            payout = replace(payout, cancel_asked_at=at)
        case PayoutCancelRefused():
            payout = replace(payout, cancel_asked_at=None)
        case PayoutInTransit():
            payout = _with_status(payout, IN_TRANSIT, Report(IN_TRANSIT, at, event.reference))
        case PayoutPaid():
            payout = _with_status(payout, PAID, Report(PAID, at, event.reference))
            state.add_amounts(event.currency, reserved=-event.amount, paid_out=event.amount)
        case PayoutFailed():
            # What the provider did not say by itself it said when it was asked to take the payout.
            says = FAILED if payout.backend == MANUAL else REFUSED
            payout = _with_status(payout, FAILED, Report(says, at, None, event.failure_reason))
            state.add_amounts(event.currency, reserved=-event.amount, available=event.amount)
        case PayoutCancelled():
            payout = _with_status(payout, CANCELLED, Report(CANCELLED, at))
            state.add_amounts(event.currency, reserved=-event.amount, available=event.amount)
        case PayoutReturned():
            payout = _with_status(payout, FAILED, Report(FAILED, at, event.reference, event.reason))
            state.add_amounts(event.currency, paid_out=-event.amount, available=event.amount)
        case PayoutNoteChanged():
            payout = replace(payout, note=event.note)
        case _:
            assert_never(event)
    state.payouts[event.payout_id] = payout


def _named_by(event: PayoutRequested, configured: BankAccount | None, envelope: Envelope) -> tuple[str, ...] | None:
    """Who named the bank account: who set the configured one, who requested the payout, or each a part of it.

    A number that is the configured one's is the same ciphertext: one that was named in the request never is.
    """
    if configured is None or configured.bank_account_number != event.bank_account_number:
        return (envelope.actor.name,)
    if configured.set_by is None:
        return None
    of_configured = (configured.bank_code, configured.bank_name, configured.bank_account_holder)
    if of_configured == (event.bank_code, event.bank_name, event.bank_account_holder):
        return (configured.set_by,)
    return (configured.set_by, envelope.actor.name)


def _with_status(payout: Payout, status: str, statement: Report) -> Payout:
    """The payout with the status that an event gave it. A status that the provider has reported already is not reported twice."""
    if payout.backend == PLUGIPAY and payout.status == status:
        return payout
    return with_reports(payout, (statement,))


def with_reports(payout: Payout, statements: Reports) -> Payout:
    """The payout after something more was said of it: status and times are a function of all that was said."""
    told = add_reports(payout.told, statements)
    if told is payout.told:
        return payout
    now = reported_state(told)
    return replace(
        payout,
        told=told,
        status=now.status,
        reference=now.reference,
        failure_reason=now.failure_reason,
        in_transit_at=now.in_transit_at,
        paid_at=now.paid_at,
        failed_at=now.failed_at,
        cancelled_at=now.cancelled_at,
        returned_at=now.returned_at,
    )
