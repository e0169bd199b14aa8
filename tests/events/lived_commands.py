"""The command that a step is, on the books it meets."""

from __future__ import annotations

from typing import Any

from events import commands
from events.books import Books
from events.books.money import Order
from events.commands import AnyCommand
from events.currency import AMOUNT_MAX
from events.periods import CYCLES
from tests.events.steps import Step, pick
from tests.spec import ACCOUNT


def policy_of(amount: int, currency: str, flag: bool) -> dict[str, Any]:
    schedules: list[dict[str, Any]] = [
        {"schedule": "off"},
        {"schedule": "daily", "cutoff": {"time": "17:00"}, "automatic": True},
        {"schedule": "weekly", "cutoff": {"day": "thursday"}, "pay_day": "monday", "automatic": flag},
        {"schedule": "monthly", "cutoff": {"day": 31}, "pay_day": 5, "automatic": True},
    ]
    minimum = amount if flag and amount % 3 == 0 else None
    return {"currency": currency, **schedules[amount % 4], "minimum": minimum, "reserve": amount % 7 or None}


def _out_of(there: int, amount: int, flag: bool) -> int:
    """An amount to take from what is there: all of it, one more than that, some of it, or whatever was drawn."""
    if there <= 0 or (flag and amount % 2):
        return amount
    return [there, min(there + 1, AMOUNT_MAX), min(there, amount), min(there, amount)][amount % 4]


def command_of(step: Step, books: Books) -> AnyCommand:
    kind, which, amount, currency, flag = step
    reference = f"o-{which}"
    money = {"amount": amount, "currency": currency}
    order = {**money, "reference": reference}
    pending = books.orders.get((currency, reference), Order()).pending
    recorded = books.orders.get((currency, reference), Order()).recorded
    available = books.balance(currency).available
    payout = {"payout_id": pick(books.payouts, which, "pout_none")}
    reserve_id = pick(books.reserves, which, "rsv_none")
    held = books.reserves[reserve_id].remaining if reserve_id in books.reserves else 0
    bank = {"bank_name": "BCA", "bank_account_number": f"sealed:{which}", "bank_account_holder": "sealed:h"}
    why = {"reason": "because"}
    kinds: dict[str, tuple[type[commands.Command], dict[str, Any]]] = {
        "open": (commands.OpenAccount, {"currency": currency, "backend": "plugipay" if flag else "manual"}),
        "backend": (commands.SetBackend, {"backend": "plugipay" if flag else "manual"}),
        "bank": (commands.SetBankAccount, {**bank, "bank_code": "bca" if flag else None}),
        "workspace": (commands.SetProvider, {"workspace_id": "ws", "key_id": "k", "secret": "sealed:secret"}),
        "secret": (commands.AddWebhookSecret, {"secret": "sealed:secret"}),
        "retire": (commands.RetireWebhookSecret, {"secret_id": pick(books.secrets, which, "whs_none")}),
        "freeze": (commands.FreezeAccount, why),
        "unfreeze": (commands.UnfreezeAccount, why),
        "close": (commands.CloseAccount, why),
        "revenue": (commands.RecordRevenue, order),
        "settle": (commands.SettleRevenue, {**order, "amount": _out_of(pending, amount, flag)}),
        "refund": (commands.RecordRefund, {**order, "amount": _out_of(pending, amount, flag)}),
        "fee": (commands.ChargeFee, {**order, "kind": "platform"}),
        "adjust": (commands.Adjust, {**money, **why, "amount": amount if flag else -amount}),
        "hold": (commands.HoldReserve, {**money, **why, "amount": _out_of(available, amount, flag)}),
        "release": (
            commands.ReleaseReserve,
            {"reserve_id": reserve_id, "amount": _out_of(held, amount, flag) if flag else None},
        ),
        "payout": (
            commands.RequestPayout,
            {**money, **(bank if flag else {}), "amount": _out_of(available, amount, flag)},
        ),
        "cancel": (commands.CancelPayout, payout),
        "send": (commands.MarkInTransit, payout),
        "pay": (commands.MarkPaid, payout),
        "fail": (commands.MarkFailed, {**payout, "failure_reason": "because"}),
        "return": (commands.RecordBankReturn, {**payout, **why}),
        "link": (commands.LinkProviderPayout, {**payout, "provider_payout_id": f"po_{which}"}),
        "resubmit": (commands.ResubmitPayout, {**payout, **why}),
        "look": (commands.CloseCase, {"case_id": pick(books.cases, which, "case_none"), **why}),
        "channel": (
            commands.SetChannel,
            {"channel": "lazada" if amount % 2 else "tiktok", "collects": "platform" if flag else "seller"},
        ),
        "cycle": (
            commands.SetStatementCycle,
            {"cycle": CYCLES[amount % len(CYCLES)], "zone": "Asia/Jakarta" if flag else None},
        ),
        "tolerance": (commands.SetTolerance, {"currency": currency, "tolerance": str(amount % 300)}),
        "terms": (commands.SetSettlementTerms, {"channel": "lazada", "due_after_days": amount % 9}),
        "match": (
            commands.MakeMatch,
            {
                "entry_id": pick(books.bank_entries, which, "ben_none"),
                "targets": [
                    {"kind": "other", "id": "interest", "amount": amount if flag else None},
                    *([{"kind": "payout", "id": payout["payout_id"], "amount": 1}] if flag else []),
                ],
                **why,
            },
        ),
        "unmatch": (commands.UnmakeMatch, {"match_id": pick(books.matches, which, "mat_none"), **why}),
        "policy": (commands.SetPayoutPolicy, policy_of(amount, currency, flag)),
        "dispute": (
            commands.OpenDispute,
            {
                **order,
                **why,
                "amount": _out_of(recorded, amount, flag),
                "dispute_id": f"dsp_{amount}" if flag else None,
            },
        ),
        "resolve": (
            commands.ResolveDispute,
            {"dispute_id": pick(books.disputes, which, "dsp_none"), "outcome": "lost" if flag else "won", **why},
        ),
        "apply": (commands.CloseCase, {"case_id": pick(books.cases, which, "case_none"), **why, "apply": True}),
    }
    model, fields = kinds[kind]
    command: AnyCommand = model.model_validate({"account_id": ACCOUNT, **fields})  # type: ignore[assignment]
    return command
