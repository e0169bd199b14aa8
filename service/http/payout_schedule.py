"""An account's payout policies: the next cutoff and pay date of each currency, and how its last cycle ended."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.accounts.state import Account
from events.instants import Instant
from events.policies.cycles import PayoutCutoff, cutoffs_of, last_cycle, next_cutoff_of
from events.policies.schedule import OFF, Policy, next_cutoff, pay_date, pay_instant, policy_of
from service.http.envelope import PositionMeta
from service.http.operations import Answer, ApiOperation
from service.http.parameters import MIN_POSITION, any_text, invalid
from service.http.read_your_writes import lane_at_position
from service.http.request_context import RequestContext
from service.http.visibility import no_such_account
from service.ledger.api_keys import PAYOUT_READ
from service.platform import calendars
from service.platform.documents import Day, MinorUnits, Time, one_of
from sql import query

CURRENCY = any_text("currency", "Default: all of the account's.")

PolicyDay = Annotated[str | int | None, Field(description="A weekday, or a day of the month, of which 31 is the last.")]


class PolicyCutoffDocument(TypedDict):
    """When money is set apart: on which day, and at which local time."""

    day: PolicyDay
    time: str


class PayoutPolicyDocument(TypedDict):
    schedule: Annotated[str, one_of("off", "daily", "weekly", "monthly")]
    cutoff: PolicyCutoffDocument | None
    payDay: PolicyDay
    automatic: Annotated[bool, Field(description="Whether payouts are requested by themselves.")]
    minimum: MinorUnits
    reserve: MinorUnits
    zone: str
    country: str | None


class PayoutCutoffDocument(TypedDict):
    cutoffAt: Time
    payDate: Day
    payAt: Time
    amount: MinorUnits


class PayoutCycleDocument(TypedDict):
    """How the last cycle ended."""

    amount: MinorUnits
    cutoffAt: Time
    reason: str | None
    endedAt: Time
    outcome: Annotated[str, Field(description="requested, or the code of why it was not.")]
    payDate: Day
    payoutId: str | None


class PayoutScheduleDocument(TypedDict):
    """A currency's payout policy, and what is due by it."""

    accountId: str
    currency: str
    policy: PayoutPolicyDocument
    available: MinorUnits
    nextCutoffAt: Time | None
    nextPayDate: Day | None
    nextPayAt: Time | None
    setApart: Annotated[
        list[PayoutCutoffDocument],
        Field(description="What was available at cutoffs whose pay date is to come, less what left since."),
    ]
    last: PayoutCycleDocument | None


async def get_schedule(context: RequestContext) -> web.Response:
    """Every currency of the account, whatever is in it; `?currency=` for one."""
    lane = await lane_at_position(context)
    row = await context.ledger.pool.fetchrow(query("payout_policy/of_account"), lane, context.account)
    if row is None or row["mode"] != context.key.mode:
        raise no_such_account(context)
    settings = orjson.loads(row["settings"])
    account = Account(row["mode"], row["backend"], tuple(row["currencies"]), row["status"], "", settings)
    available = orjson.loads(row["available"] or "{}")
    wanted = context.read(CURRENCY)
    if wanted is not None and wanted not in account.currencies:
        held = ", ".join(account.currencies)
        raise invalid(CURRENCY.name, f"the account does not hold {wanted[:10]}: it holds {held}")
    meta = context.meta_at(lane, row["position"])
    documents = [
        _document(context.account, account, currency, available.get(currency, 0), meta["timestamp"])
        for currency in ([wanted] if wanted else account.currencies)
    ]
    return context.respond(documents, meta)


def _document(account_id: str, account: Account, currency: str, available: int, now: Instant) -> PayoutScheduleDocument:
    policy = policy_of(account, currency)
    cuts = cutoffs_of(account, currency)
    cutoff, coming = None, None
    if policy.schedule != OFF:
        cutoff = next_cutoff_of(account, currency) or next_cutoff(policy, now)
        pays_on = pay_date(policy, cutoff, calendars)
        coming = PayoutCutoff(cutoff, pays_on.isoformat(), pay_instant(policy, cutoff, pays_on), 0)
    paid_next = cuts[0] if cuts else coming
    return {
        "accountId": account_id,
        "currency": currency,
        "policy": _policy(policy),
        "available": available,
        "nextCutoffAt": cutoff,
        "nextPayDate": paid_next.pay_date if paid_next else None,
        "nextPayAt": paid_next.pay_at if paid_next else None,
        "setApart": [
            {"cutoffAt": cut.cutoff, "payDate": cut.pay_date, "payAt": cut.pay_at, "amount": cut.amount} for cut in cuts
        ],
        "last": _cycle(last_cycle(account, currency)),
    }


def _cycle(last: dict[str, Any] | None) -> PayoutCycleDocument | None:
    if last is None:
        return None
    return {
        "amount": last["amount"],
        "cutoffAt": last["cutoff"],
        "reason": last["reason"],
        "endedAt": last["endedAt"],
        "outcome": last["outcome"],
        "payDate": last["payDate"],
        "payoutId": last["payoutId"],
    }


def _policy(policy: Policy) -> PayoutPolicyDocument:
    is_off = policy.schedule == OFF
    return {
        "schedule": policy.schedule,
        "cutoff": None if is_off else {"day": policy.cutoff_day, "time": policy.time},
        "payDay": policy.pay_day,
        "automatic": policy.automatic,
        "minimum": policy.minimum,
        "reserve": policy.reserve,
        "zone": policy.zone,
        "country": policy.country,
    }


OPERATIONS = (
    ApiOperation(
        "GET",
        "/payouts/schedule",
        get_schedule,
        id="getPayoutSchedule",
        summary="Payout policies, the next cutoff and pay date of each, and how its last cycle ended",
        scopes=(PAYOUT_READ,),
        parameters=(CURRENCY, MIN_POSITION),
        answers=(Answer(data=list[PayoutScheduleDocument], meta=PositionMeta),),
    ),
)
