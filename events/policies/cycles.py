"""What becomes of money between a cutoff and its pay date: the part of an account's settings that follows its cycles.

A cutoff sets apart what is available at that instant. What leaves available from then on leaves from the oldest money,
so it makes every amount that was set apart smaller; what comes in, even as money that had left, belongs to the cycles
after. Amounts of several cutoffs therefore contain each other, and what is paid for one is no more there for the next.
"""

from __future__ import annotations

from dataclasses import replace

from events.accounts.state import CLOSED, Account
from events.instants import Instant
from events.policies.events import PayoutCycleCut, PayoutCycleEnded, PayoutPolicySet
from events.policies.schedule import POLICIES, data_of
from events.values import Data, value

CYCLES = "payoutCycles"
"""The account's setting that holds, by currency, the next cutoff, the cuts to be paid, and how the last cycle ended."""
DUE = "payoutDueAt"
"""The account's setting that says when the next cutoff or payment is; without it there is none."""


@value
class PayoutCutoff:
    """What was available at a cutoff, less what left since."""

    cutoff: Instant
    pay_date: str
    pay_at: Instant
    amount: int


def next_cutoff_of(account: Account, currency: str) -> Instant | None:
    """Where payouts are made by themselves: when money is set apart next."""
    found: Instant | None = _cycle(account, currency).get("nextCutoff")
    return found


def cutoffs_of(account: Account, currency: str) -> list[PayoutCutoff]:
    """What was set apart and is yet to be paid, the next first."""
    return [
        PayoutCutoff(cut["cutoff"], cut["payDate"], cut["payAt"], cut["amount"])
        for cut in _cycle(account, currency).get("cuts", ())
    ]


def last_cycle(account: Account, currency: str) -> Data | None:
    """How the last cycle ended."""
    found: Data | None = _cycle(account, currency).get("last")
    return found


def due_at(account: Account) -> Instant | None:
    found: Instant | None = account.settings.get(DUE)
    return found


def _cycle(account: Account, currency: str) -> Data:
    cycle: Data = account.settings.get(CYCLES, {}).get(currency, {})
    return cycle


def set_policy(account: Account, event: PayoutPolicySet) -> Account:
    """A policy that pays by itself keeps what an earlier one set apart; any other lets it go."""
    policies = {**account.settings.get(POLICIES, {}), event.currency: data_of(event)}
    account = replace(account, settings={**account.settings, POLICIES: policies})
    cycle = {key: kept for key, kept in _cycle(account, event.currency).items() if key == "last"}
    if event.next_cutoff is not None:
        cycle["nextCutoff"] = event.next_cutoff
        cycle["cuts"] = _cycle(account, event.currency).get("cuts", [])
    return _with(account, event.currency, cycle)


def add_cutoff(account: Account, event: PayoutCycleCut) -> Account:
    cycle = _cycle(account, event.currency)
    cut = {"cutoff": event.cutoff, "payDate": event.pay_date, "payAt": event.pay_at, "amount": event.amount}
    others = [other for other in cycle.get("cuts", ()) if other["payDate"] != event.pay_date]
    cuts = sorted([*others, cut], key=lambda each: str(each["payAt"]))
    return _with(account, event.currency, {**cycle, "nextCutoff": event.next_cutoff, "cuts": cuts})


def end_cycle(account: Account, event: PayoutCycleEnded, at: Instant) -> Account:
    cycle = _cycle(account, event.currency)
    last: Data = {
        "payDate": event.pay_date,
        "cutoff": event.cutoff,
        "outcome": event.outcome,
        "amount": event.amount,
        "payoutId": event.payout_id,
        "reason": event.reason,
        "endedAt": at,
    }
    cuts = [cut for cut in cycle.get("cuts", ()) if cut["payDate"] != event.pay_date]
    return _with(account, event.currency, {**cycle, "cuts": cuts, "last": last})


def after_leaving(account: Account, currency: str, amount: int) -> Account:
    """The account after an amount left available: it came from what had been there longest."""
    cycle = _cycle(account, currency)
    if not cycle.get("cuts"):
        return account
    cuts = [{**cut, "amount": cut["amount"] - amount} for cut in cycle["cuts"]]
    return _with(account, currency, {**cycle, "cuts": cuts})


def close(account: Account) -> Account:
    """The account with nothing due any more."""
    return replace(
        account, status=CLOSED, settings={name: kept for name, kept in account.settings.items() if name != DUE}
    )


def _with(account: Account, currency: str, cycle: Data) -> Account:
    cycles = {**account.settings.get(CYCLES, {}), currency: cycle}
    settings = {name: kept for name, kept in account.settings.items() if name != DUE}
    settings[CYCLES] = cycles
    due = [each["nextCutoff"] for each in cycles.values() if "nextCutoff" in each]
    due += [cut["payAt"] for each in cycles.values() for cut in each.get("cuts", ())]
    if due and account.status != CLOSED:
        settings[DUE] = min(due)
    return replace(account, settings=settings)
