"""An account's payout policies: what is set, when money is set apart and paid next, and how it went last time."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from events.accounts.state import Account
from events.instants import Instant
from events.policies.cycles import PayoutCutoff, cutoffs_of, last_cycle, next_cutoff_of
from events.policies.schedule import OFF, Policy, next_cutoff, pay_date, pay_instant, policy_of
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.read_your_writes import wait_for_position
from service.http.request_context import RequestContext
from service.ledger.api_keys import PAYOUT_READ
from service.platform import calendars
from sql import query


def routes(prefix: str) -> list[web.RouteDef]:
    return [web.get(f"{prefix}/payouts/schedule", get_schedule)]


async def get_schedule(request: web.Request) -> web.Response:
    """Every currency of the account, whatever is in it; `?currency=` for one."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    lane = await context.lane()
    await wait_for_position(context, lane)
    row = await context.ledger.pool.fetchrow(query("payout_policy/of_account"), lane, context.account)
    if row is None or row["mode"] != context.key.mode:
        raise ApiError("NOT_FOUND", f"there is no account {context.account}")
    settings = orjson.loads(row["settings"])
    account = Account(row["mode"], row["backend"], tuple(row["currencies"]), row["status"], "", settings)
    available = orjson.loads(row["available"] or "{}")
    wanted = request.query.get("currency")
    if wanted is not None and wanted not in account.currencies:
        held = ", ".join(account.currencies)
        raise ApiError(
            "VALIDATION_ERROR", f"the account does not hold {wanted[:10]}: it holds {held}", field="currency"
        )
    now = context.ledger.runtime.instant()
    documents = [
        {"accountId": context.account, **_document(account, currency, available.get(currency, 0), now)}
        for currency in ([wanted] if wanted else account.currencies)
    ]
    return respond(success(orjson.dumps(documents), context.request_id, now, lane=lane, position=row["position"]))


def _document(account: Account, currency: str, available: int, now: Instant) -> dict[str, Any]:
    policy = policy_of(account, currency)
    cuts = cutoffs_of(account, currency)
    cutoff, coming = None, None
    if policy.schedule != OFF:
        cutoff = next_cutoff_of(account, currency) or next_cutoff(policy, now)
        pays_on = pay_date(policy, cutoff, calendars)
        coming = PayoutCutoff(cutoff, pays_on.isoformat(), pay_instant(policy, cutoff, pays_on), 0)
    paid_next = cuts[0] if cuts else coming
    last = last_cycle(account, currency)
    return {
        "currency": currency,
        "policy": _policy(policy),
        "available": available,
        "nextCutoffAt": cutoff,
        "nextPayDate": paid_next.pay_date if paid_next else None,
        "nextPayAt": paid_next.pay_at if paid_next else None,
        "setApart": [
            {"cutoffAt": cut.cutoff, "payDate": cut.pay_date, "payAt": cut.pay_at, "amount": cut.amount} for cut in cuts
        ],
        "last": None if last is None else {"cutoffAt" if key == "cutoff" else key: last[key] for key in last},
    }


def _policy(policy: Policy) -> dict[str, Any]:
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
