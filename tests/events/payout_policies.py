"""Payout policies as tests set them, and the calendar that they are paid by."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from events.instants import Instant
from events.policies.commands import SetPayoutPolicy
from events.policies.events import PayoutPolicySet
from events.policies.schedule import Policy, Weekends
from tests.spec import ACCOUNT


class Holidays(Weekends):
    """Weekends and these days."""

    def __init__(self, *days: str) -> None:
        self.days = {date.fromisoformat(day) for day in days}

    def is_known(self, country: str) -> bool:
        return country in ("ID", "SG")

    def country_of(self, currency: str) -> str | None:
        return {"IDR": "ID"}.get(currency)

    def business_day_on_or_after(self, day: date, country: str | None) -> date:
        while super().business_day_on_or_after(day, country) != day or (country and day in self.days):
            day += timedelta(days=1)
        return day


CALENDARS = Holidays("2026-05-14", "2026-05-15", "2026-05-27", "2026-05-28", "2026-06-01")

WEEKLY = Policy("weekly", "thursday", "monday", "17:00", automatic=True, country="ID")
DAILY = Policy("daily", time="17:00", automatic=True, country="ID")
MONTHLY = Policy("monthly", 31, 5, "00:00", automatic=True, country="ID")


def wish(**fields: Any) -> SetPayoutPolicy:
    return SetPayoutPolicy.model_validate({"account_id": ACCOUNT, "currency": "IDR", **fields})


def weekly(**fields: Any) -> SetPayoutPolicy:
    week = {"schedule": "weekly", "cutoff": {"day": "thursday", "time": "17:00"}, "payDay": "monday"}
    return wish(**{**week, **fields})


def policy_set(policy: Policy, ahead: Instant | None = None, currency: str = "IDR") -> PayoutPolicySet:
    return PayoutPolicySet(
        currency=currency,
        schedule=policy.schedule,
        time=policy.time,
        automatic=policy.automatic,
        minimum=policy.minimum,
        reserve=policy.reserve,
        zone=policy.zone,
        cutoff_day=policy.cutoff_day,
        pay_day=policy.pay_day,
        country=policy.country,
        next_cutoff=ahead,
    )
