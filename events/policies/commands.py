"""Payout policies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.command import (
    Amount,
    Command,
    Currency,
    Day,
    ZoneName,
)


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
    scope = "operator"
    effect = "money"
    example = {
        "currency": "IDR",
        "schedule": "weekly",
        "cutoff": {"day": "thursday", "time": "17:00"},
        "payDay": "monday",
        "automatic": True,
        "minimum": 5000000,
        "reserve": 1000,
        "zone": "Asia/Jakarta",
        "country": "ID",
    }
    currency: Currency
    schedule: Literal["off", "daily", "weekly", "monthly"]
    cutoff: Cutoff | None = None
    pay_day: Day | None = None
    automatic: Annotated[bool, Field(strict=True)] = False
    minimum: Amount | None = None
    reserve: Amount | None = None
    zone: ZoneName = "Asia/Jakarta"
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None


PolicyCommand = SetPayoutPolicy
