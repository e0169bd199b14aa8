"""A payout's life, as commands may drive it. What the provider says of it is in `events/provider/observe.py`.

requested(pending) -> in_transit -> paid -> (bank return) failed with returnedAt
    |       `------------`-> failed
    `-> cancelled (only while pending)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events.account_state import AccountState
from events.accounts.state import FROZEN, MANUAL, PLUGIPAY, Account, BankAccount
from events.catalog import AnyEvent
from events.decision_context import DecisionContext
from events.payouts.checks import check_cool_down, check_four_eyes
from events.payouts.commands import (
    CancelPayout,
    ChangeNote,
    LinkProviderPayout,
    MarkFailed,
    MarkInTransit,
    MarkPaid,
    PayoutCommand,
    RecordBankReturn,
    RequestPayout,
    ResubmitPayout,
)
from events.payouts.events import (
    PayoutCancelAsked,
    PayoutCancelled,
    PayoutFailed,
    PayoutInTransit,
    PayoutNoteChanged,
    PayoutPaid,
    PayoutRequested,
    PayoutReturned,
)
from events.payouts.state import Payout
from events.payouts.submissions import link_provider, resubmit
from events.policies.schedule import policy_of
from events.provider.reports import IN_TRANSIT, PAID, PENDING
from events.refusals import (
    AccountIsFrozen,
    BankAccountNotSet,
    BelowMinimum,
    InsufficientBalance,
    InvalidCommand,
    InvalidTransition,
    PayoutNotFound,
)


def decide(
    command: PayoutCommand, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    match command:
        case RequestPayout():
            return request(command, state, account, context)
        case CancelPayout():
            return cancel(command, state)
        case MarkInTransit():
            return mark_in_transit(command, state, account, context)
        case MarkPaid():
            return mark_paid(command, state, context)
        case MarkFailed():
            return mark_failed(command, state, context)
        case RecordBankReturn():
            return record_return(command, state, context)
        case LinkProviderPayout():
            return link_provider(command, state, context)
        case ResubmitPayout():
            return resubmit(command, state, account, context)
        case ChangeNote():
            return change_note(command, state)
        case _:
            assert_never(command)


def request(
    command: RequestPayout, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    if account.status == FROZEN:
        raise AccountIsFrozen(state.account_id)
    state.require_currency(command.currency)
    configured = state.bank_account
    bank_code = command.bank_code or (configured.bank_code if configured else None)
    bank_name = command.bank_name or (configured.bank_name if configured else None)
    number = command.bank_account_number or (configured.bank_account_number if configured else None)
    holder = command.bank_account_holder or (configured.bank_account_holder if configured else None)
    if bank_name is None:
        raise BankAccountNotSet("bankName")
    if number is None:
        raise BankAccountNotSet("bankAccountNumber")
    if holder is None:
        raise BankAccountNotSet("bankAccountHolder")
    if account.backend == PLUGIPAY and bank_code is None:
        raise InvalidCommand("bankCode is required for payouts through Plugipay", field="bankCode")
    check_cool_down(
        configured,
        names_another=_names_another(command, configured),
        now=context.now,
        checks=context.payout_checks,
    )
    minimum = policy_of(account, command.currency).minimum
    if command.amount < minimum:
        raise BelowMinimum(asked=command.amount, minimum=minimum, currency=command.currency)
    available = state.balance(command.currency).available
    if command.amount > available:
        raise InsufficientBalance(asked=command.amount, available=available, currency=command.currency)
    return [
        PayoutRequested(
            payout_id=f"pout_{context.new_id}",
            amount=command.amount,
            currency=command.currency,
            backend=account.backend,
            bank_code=bank_code,
            bank_name=bank_name,
            bank_account_number=number,
            bank_account_holder=holder,
            note=command.note,
        )
    ]


def _names_another(command: RequestPayout, configured: BankAccount | None) -> bool:
    """Whether the request itself says where to pay. Numbers and holders are sealed: whether they are the same is not seen."""
    code, name = (configured.bank_code, configured.bank_name) if configured else (None, None)
    return (
        command.bank_account_number is not None
        or command.bank_account_holder is not None
        or command.bank_code not in (None, code)
        or command.bank_name not in (None, name)
    )


def _named(state: AccountState, payout_id: str) -> Payout:
    payout = state.payouts.get(payout_id)
    if payout is None:
        raise PayoutNotFound(payout_id)
    return payout


def _decided_by_hand(state: AccountState, payout_id: str, context: DecisionContext) -> Payout:
    """The payout, where whoever asks may decide what becomes of it."""
    payout = _named(state, payout_id)
    check_four_eyes(payout, context.actor, context.payout_checks)
    return payout


def _refuse(payout: Payout, verb: str, allowed: str) -> InvalidTransition:
    return InvalidTransition(
        f"a payout that is {payout.status} cannot be {verb}: it would have to be {allowed}",
        details={"status": payout.status, "backend": payout.backend},
    )


def _require_manual(payout: Payout, verb: str) -> None:
    if payout.backend != MANUAL:
        raise InvalidTransition(
            f"this payout goes through Plugipay: it is {verb} when the provider says so, not by hand",
            details={"status": payout.status, "backend": payout.backend},
        )


def cancel(command: CancelPayout, state: AccountState) -> Sequence[AnyEvent]:
    """Calls a payout off at once as long as nobody but us knows of it; else the provider is to be asked."""
    payout = _named(state, command.payout_id)
    if payout.status != PENDING:
        raise _refuse(payout, "cancelled", PENDING)
    if payout.submission is not None:
        # From then on it may be on its way: the money is free only once the provider says so.
        return [] if payout.cancel_asked_at is not None else [PayoutCancelAsked(payout_id=command.payout_id)]
    return [PayoutCancelled(payout_id=command.payout_id, amount=payout.amount, currency=payout.currency)]


def mark_in_transit(
    command: MarkInTransit, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    payout = _decided_by_hand(state, command.payout_id, context)
    _require_manual(payout, "in transit")
    if account.status == FROZEN:
        raise AccountIsFrozen(state.account_id)
    if payout.status != PENDING:
        raise _refuse(payout, "marked in transit", PENDING)
    return [PayoutInTransit(payout_id=command.payout_id, reference=command.reference)]


def mark_paid(command: MarkPaid, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    payout = _decided_by_hand(state, command.payout_id, context)
    _require_manual(payout, "paid")
    if payout.status != IN_TRANSIT:
        raise _refuse(payout, "marked paid", IN_TRANSIT)
    return [
        PayoutPaid(
            payout_id=command.payout_id, amount=payout.amount, currency=payout.currency, reference=command.reference
        )
    ]


def mark_failed(command: MarkFailed, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    payout = _decided_by_hand(state, command.payout_id, context)
    _require_manual(payout, "failed")
    if payout.status not in (PENDING, IN_TRANSIT):
        raise _refuse(payout, "marked failed", f"{PENDING} or {IN_TRANSIT}")
    return [
        PayoutFailed(
            payout_id=command.payout_id,
            amount=payout.amount,
            currency=payout.currency,
            failure_reason=command.failure_reason,
        )
    ]


def record_return(command: RecordBankReturn, state: AccountState, context: DecisionContext) -> Sequence[AnyEvent]:
    payout = _decided_by_hand(state, command.payout_id, context)
    if payout.status != PAID or payout.paid_at is None:
        raise _refuse(payout, "returned by the bank", PAID)
    paid_at = max(one.at for one in payout.told if one.says == PAID)
    if (command.effective_at or context.now) <= paid_at:
        raise InvalidCommand(f"a payout that was paid at {paid_at} cannot have come back before", field="effectiveAt")
    return [
        PayoutReturned(
            payout_id=command.payout_id,
            amount=payout.amount,
            currency=payout.currency,
            reason=command.reason,
            reference=command.reference,
        )
    ]


def change_note(command: ChangeNote, state: AccountState) -> Sequence[AnyEvent]:
    """Changes the note as long as nobody but us has it: the provider takes it with the payout, and keeps it."""
    payout = _named(state, command.payout_id)
    if payout.status != PENDING:
        raise _refuse(payout, "given another note", PENDING)
    if payout.submission is not None:
        raise InvalidTransition(
            "this payout was submitted to Plugipay with its note: the note cannot be changed any more",
            details={"status": payout.status, "backend": payout.backend},
        )
    if command.note == payout.note:
        return []
    return [PayoutNoteChanged(payout_id=command.payout_id, note=command.note)]
