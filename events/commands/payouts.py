"""A payout's life, and the policies by which payouts leave."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.commands.command import Command
from events.commands.fields import (
    NO_NUL,
    Amount,
    BankAccountHolder,
    BankAccountNumber,
    BankCode,
    BankName,
    Currency,
    Day,
    Identifier,
    ProviderId,
    Reason,
    Reference,
    ZoneName,
)


class RequestPayout(Command):
    """Ask for available money to be paid out. Bank fields override the configured account one by one."""

    type: Literal["requestPayout"] = "requestPayout"
    amount: Amount
    currency: Currency
    note: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] | None = None
    bank_code: BankCode | None = None
    bank_name: BankName | None = None
    bank_account_number: BankAccountNumber | None = None
    bank_account_holder: BankAccountHolder | None = None


class CancelPayout(Command):
    """Call a pending payout off: the money is available at once."""

    type: Literal["cancelPayout"] = "cancelPayout"
    payout_id: Identifier


class MarkInTransit(Command):
    """An operator sent the money (manual payouts only)."""

    type: Literal["markInTransit"] = "markInTransit"
    payout_id: Identifier
    reference: Reference | None = None


class MarkPaid(Command):
    """An operator saw the money arrive (manual payouts only)."""

    type: Literal["markPaid"] = "markPaid"
    payout_id: Identifier
    reference: Reference | None = None


class MarkFailed(Command):
    """An operator saw the payout fail (manual payouts only): the money is available again."""

    type: Literal["markFailed"] = "markFailed"
    payout_id: Identifier
    failure_reason: Reason


class RecordBankReturn(Command):
    """The bank sent a paid payout back: the money is available again, the payout shows as failed."""

    type: Literal["recordBankReturn"] = "recordBankReturn"
    payout_id: Identifier
    reason: Reason
    reference: Reference | None = None


class LinkProviderPayout(Command):
    """Record the id under which the provider knows a payout."""

    type: Literal["linkProviderPayout"] = "linkProviderPayout"
    payout_id: Identifier
    provider_payout_id: ProviderId


class ResubmitPayout(Command):
    """Give a payout to the provider once more, under a new key. Only after somebody made sure that it has none of it."""

    type: Literal["resubmitPayout"] = "resubmitPayout"
    payout_id: Identifier
    reason: Reason


class Cutoff(BaseModel):
    """Until when money counts for a payout: a weekday, or a day of the month (31 is the last); and the time of day."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    day: Day | None = None
    time: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "00:00"


class SetPayoutPolicy(Command):
    """Say how payouts in a currency are made: the least amount, the schedule, and whether they are made by themselves.

    It replaces the policy that stands. Money that is available at the cutoff is paid on the pay day, or on the next
    business day of the country (default: the currency's), at the cutoff's time of day in the zone.
    """

    type: Literal["setPayoutPolicy"] = "setPayoutPolicy"
    currency: Currency
    schedule: Literal["off", "daily", "weekly", "monthly"]
    cutoff: Cutoff | None = None
    pay_day: Day | None = None
    automatic: Annotated[bool, Field(strict=True)] = False
    minimum: Amount | None = None
    reserve: Amount | None = None
    zone: ZoneName = "Asia/Jakarta"
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
