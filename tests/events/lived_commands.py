"""The command that a step is, on the books it meets."""

from __future__ import annotations

from typing import Any

from events.account_state import AccountState
from events.accounts.commands import (
    AddWebhookSecret,
    CloseAccount,
    FreezeAccount,
    OpenAccount,
    RetireWebhookSecret,
    SetBackend,
    SetBankAccount,
    SetProvider,
    UnfreezeAccount,
)
from events.balances.commands import (
    Adjust,
    ChargeFee,
    HoldReserve,
    RecordRefund,
    RecordRevenue,
    ReleaseReserve,
    SettleRevenue,
)
from events.balances.state import Order
from events.banking.commands import MakeMatch, SetTolerance, UnmakeMatch
from events.catalog import AnyCommand
from events.channels.commands import SetChannel, SetSettlementTerms
from events.command import Command
from events.currency import AMOUNT_MAX
from events.disputes.commands import OpenDispute, ResolveDispute
from events.payouts.commands import (
    CancelPayout,
    LinkProviderPayout,
    MarkFailed,
    MarkInTransit,
    MarkPaid,
    RecordBankReturn,
    RequestPayout,
    ResubmitPayout,
)
from events.policies.commands import SetPayoutPolicy
from events.provider.commands import CloseCase
from events.statements.commands import SetStatementCycle
from events.statements.periods import CYCLES
from tests.events.every import COMMAND_TYPES
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


def command_of(step: Step, state: AccountState) -> AnyCommand:
    """The command; of a type that `_by_hand` does not make, its example about a row that there is."""
    kinds = _by_hand(step, state)
    if step[0] in kinds:
        model, fields = kinds[step[0]]
    else:
        model = next(each for each in COMMAND_TYPES if each.model_fields["type"].default == step[0])
        fields = {**model.example, **_rows(model, step[1], state)}
    command: AnyCommand = model.model_validate({"account_id": ACCOUNT, **fields})  # type: ignore[assignment]
    return command


def _rows(model: type[Command], which: int, state: AccountState) -> dict[str, str]:
    """The fields of an example that name a row, with one of the state's."""
    known: dict[str, dict[str, Any]] = {
        "payoutId": state.payouts,
        "caseId": state.cases,
        "disputeId": state.disputes,
        "entryId": state.bank_entries,
        "reserveId": state.reserves,
    }
    return {name: pick(rows, which, "none") for name, rows in known.items() if name in model.example}


def _by_hand(step: Step, state: AccountState) -> dict[str, tuple[type[Command], dict[str, Any]]]:
    _, which, amount, currency, flag = step
    reference = f"o-{which}"
    money = {"amount": amount, "currency": currency}
    order = {**money, "reference": reference}
    pending = state.orders.get((currency, reference), Order()).pending
    recorded = state.orders.get((currency, reference), Order()).recorded
    available = state.balance(currency).available
    payout = {"payout_id": pick(state.payouts, which, "pout_none")}
    reserve_id = pick(state.reserves, which, "rsv_none")
    held = state.reserves[reserve_id].remaining if reserve_id in state.reserves else 0
    bank = {"bank_name": "BCA", "bank_account_number": f"sealed:{which}", "bank_account_holder": "sealed:h"}
    why = {"reason": "because"}
    return {
        "open": (OpenAccount, {"currency": currency, "backend": "plugipay" if flag else "manual"}),
        "backend": (SetBackend, {"backend": "plugipay" if flag else "manual"}),
        "bank": (SetBankAccount, {**bank, "bank_code": "bca" if flag else None}),
        "workspace": (SetProvider, {"workspace_id": "ws", "key_id": "k", "secret": "sealed:secret"}),
        "secret": (AddWebhookSecret, {"secret": "sealed:secret"}),
        "retire": (RetireWebhookSecret, {"secret_id": pick(state.secrets, which, "whs_none")}),
        "freeze": (FreezeAccount, why),
        "unfreeze": (UnfreezeAccount, why),
        "close": (CloseAccount, why),
        "revenue": (RecordRevenue, order),
        "settle": (SettleRevenue, {**order, "amount": _out_of(pending, amount, flag)}),
        "refund": (RecordRefund, {**order, "amount": _out_of(pending, amount, flag)}),
        "fee": (ChargeFee, {**order, "kind": "platform"}),
        "adjust": (Adjust, {**money, **why, "amount": amount if flag else -amount}),
        "hold": (HoldReserve, {**money, **why, "amount": _out_of(available, amount, flag)}),
        "release": (
            ReleaseReserve,
            {"reserve_id": reserve_id, "amount": _out_of(held, amount, flag) if flag else None},
        ),
        "payout": (
            RequestPayout,
            {**money, **(bank if flag else {}), "amount": _out_of(available, amount, flag)},
        ),
        "cancel": (CancelPayout, payout),
        "send": (MarkInTransit, payout),
        "pay": (MarkPaid, payout),
        "fail": (MarkFailed, {**payout, "failure_reason": "because"}),
        "return": (RecordBankReturn, {**payout, **why}),
        "link": (LinkProviderPayout, {**payout, "provider_payout_id": f"po_{which}"}),
        "resubmit": (ResubmitPayout, {**payout, **why}),
        "look": (CloseCase, {"case_id": pick(state.cases, which, "case_none"), **why}),
        "channel": (
            SetChannel,
            {"channel": "lazada" if amount % 2 else "tiktok", "collects": "platform" if flag else "seller"},
        ),
        "cycle": (
            SetStatementCycle,
            {"cycle": CYCLES[amount % len(CYCLES)], "zone": "Asia/Jakarta" if flag else None},
        ),
        "tolerance": (SetTolerance, {"currency": currency, "tolerance": str(amount % 300)}),
        "terms": (SetSettlementTerms, {"channel": "lazada", "due_after_days": amount % 9}),
        "match": (
            MakeMatch,
            {
                "entry_id": pick(state.bank_entries, which, "ben_none"),
                "targets": [
                    {"kind": "other", "id": "interest", "amount": amount if flag else None},
                    *([{"kind": "payout", "id": payout["payout_id"], "amount": 1}] if flag else []),
                ],
                **why,
            },
        ),
        "unmatch": (UnmakeMatch, {"match_id": pick(state.matches, which, "mat_none"), **why}),
        "policy": (SetPayoutPolicy, policy_of(amount, currency, flag)),
        "dispute": (
            OpenDispute,
            {
                **order,
                **why,
                "amount": _out_of(recorded, amount, flag),
                "dispute_id": f"dsp_{amount}" if flag else None,
            },
        ),
        "resolve": (
            ResolveDispute,
            {"dispute_id": pick(state.disputes, which, "dsp_none"), "outcome": "lost" if flag else "won", **why},
        ),
        "apply": (CloseCase, {"case_id": pick(state.cases, which, "case_none"), **why, "apply": True}),
    }


OTHER_TYPES = sorted(
    model.model_fields["type"].default
    for model in COMMAND_TYPES
    - {model for model, _ in _by_hand(("", 0, 1, "IDR", False), AccountState(ACCOUNT)).values()}
)
"""Commands that are made from their example."""
