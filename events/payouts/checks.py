"""What a ledger may ask of a payout beside its amount: another pair of eyes, and a bank account that has stood for a while.

Both are off unless the settings say otherwise. Both follow from who set a bank account and when, as the log recorded it.
"""

from __future__ import annotations

from datetime import timedelta

from events.accounts.state import BankAccount
from events.instants import Instant, shifted
from events.payouts.state import Payout
from events.refusals import BankAccountChanged, FourEyes
from events.values import value


@value
class PayoutChecks:
    four_eyes: bool = False
    """Whether who named a payout's bank account may not decide by hand what becomes of the payout."""
    bank_account_cool_down_hours: float = 0
    """How long no payout goes to a bank account after it was changed."""


NO_CHECKS = PayoutChecks()


def check_four_eyes(payout: Payout, actor: str, checks: PayoutChecks) -> None:
    """FourEyes where whoever asks has named the bank account of the payout, or where nobody knows who has."""
    if not checks.four_eyes:
        return
    if payout.bank_account_by is None:
        raise FourEyes("it was requested before the ledger kept who named its bank account: run rebuild inline first")
    if actor in payout.bank_account_by:
        raise FourEyes("another key than the one that named its bank account has to decide about it")


def check_cool_down(
    bank_account: BankAccount | None, *, names_another: bool, now: Instant, checks: PayoutChecks
) -> None:
    """BankAccountChanged where the configured bank account is too new, or where the request names one of its own.

    One that is named in a request was never seen before: with a cool-down, nothing goes to it.
    """
    hours = checks.bank_account_cool_down_hours
    if hours <= 0:
        return
    if names_another:
        raise BankAccountChanged(hours=hours, until=None)
    changed_at = None if bank_account is None else bank_account.changed_at
    if bank_account is not None and bank_account.set_by is None:
        # A row of an older release: it may have been the first, and it may have been a change.
        changed_at = bank_account.updated_at
    if changed_at is None:
        return
    until = shifted(changed_at, timedelta(hours=hours))
    if now < until:
        raise BankAccountChanged(hours=hours, until=until)
