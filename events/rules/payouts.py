"""A payout's life, as commands may drive it. What the provider says of it is in `events/provider.py`.

requested(pending) -> in_transit -> paid -> (bank return) failed with returnedAt
    |       `------------`-> failed
    `-> cancelled (only while pending)
"""

from __future__ import annotations

from collections.abc import Sequence

from events import commands, facts
from events.books import Books
from events.books.accounts import FROZEN, MANUAL, PLUGIPAY, Account
from events.books.payouts import Payout
from events.facts import Fact
from events.policies import policy_of
from events.refusals import (
    AccountIsFrozen,
    BankAccountNotSet,
    BelowMinimum,
    InsufficientBalance,
    InvalidCommand,
    InvalidTransition,
    PayoutNotFound,
)
from events.rules.balances import require_currency
from events.rules.context import Context
from events.statements import IN_TRANSIT, PAID, PENDING


def request(command: commands.RequestPayout, books: Books, account: Account, context: Context) -> Sequence[Fact]:
    if account.status == FROZEN:
        raise AccountIsFrozen(books.account_id)
    require_currency(account, command.currency)
    configured = books.bank_account
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
    minimum = policy_of(account, command.currency).minimum
    if command.amount < minimum:
        raise BelowMinimum(asked=command.amount, minimum=minimum, currency=command.currency)
    available = books.balance(command.currency).available
    if command.amount > available:
        raise InsufficientBalance(asked=command.amount, available=available, currency=command.currency)
    return [
        facts.PayoutRequested(
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


def _named(books: Books, payout_id: str) -> Payout:
    payout = books.payouts.get(payout_id)
    if payout is None:
        raise PayoutNotFound(payout_id)
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


def cancel(command: commands.CancelPayout, books: Books) -> Sequence[Fact]:
    """Calls a payout off at once as long as nobody but us knows of it; else the provider is to be asked."""
    payout = _named(books, command.payout_id)
    if payout.status != PENDING:
        raise _refuse(payout, "cancelled", PENDING)
    if payout.submission is not None:
        # From then on it may be on its way: the money is free only once the provider says so.
        return [] if payout.cancel_asked_at is not None else [facts.PayoutCancelAsked(payout_id=command.payout_id)]
    return [facts.PayoutCancelled(payout_id=command.payout_id, amount=payout.amount, currency=payout.currency)]


def mark_in_transit(command: commands.MarkInTransit, books: Books, account: Account) -> Sequence[Fact]:
    payout = _named(books, command.payout_id)
    _require_manual(payout, "in transit")
    if account.status == FROZEN:
        raise AccountIsFrozen(books.account_id)
    if payout.status != PENDING:
        raise _refuse(payout, "marked in transit", PENDING)
    return [facts.PayoutInTransit(payout_id=command.payout_id, reference=command.reference)]


def mark_paid(command: commands.MarkPaid, books: Books) -> Sequence[Fact]:
    payout = _named(books, command.payout_id)
    _require_manual(payout, "paid")
    if payout.status != IN_TRANSIT:
        raise _refuse(payout, "marked paid", IN_TRANSIT)
    return [
        facts.PayoutPaid(
            payout_id=command.payout_id, amount=payout.amount, currency=payout.currency, reference=command.reference
        )
    ]


def mark_failed(command: commands.MarkFailed, books: Books) -> Sequence[Fact]:
    payout = _named(books, command.payout_id)
    _require_manual(payout, "failed")
    if payout.status not in (PENDING, IN_TRANSIT):
        raise _refuse(payout, "marked failed", f"{PENDING} or {IN_TRANSIT}")
    return [
        facts.PayoutFailed(
            payout_id=command.payout_id,
            amount=payout.amount,
            currency=payout.currency,
            failure_reason=command.failure_reason,
        )
    ]


def record_return(command: commands.RecordBankReturn, books: Books, context: Context) -> Sequence[Fact]:
    payout = _named(books, command.payout_id)
    if payout.status != PAID or payout.paid_at is None:
        raise _refuse(payout, "returned by the bank", PAID)
    paid_at = max(one.at for one in payout.told if one.says == PAID)
    if (command.effective_at or context.now) <= paid_at:
        raise InvalidCommand(f"a payout that was paid at {paid_at} cannot have come back before", field="effectiveAt")
    return [
        facts.PayoutReturned(
            payout_id=command.payout_id,
            amount=payout.amount,
            currency=payout.currency,
            reason=command.reason,
            reference=command.reference,
        )
    ]
