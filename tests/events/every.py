"""One acceptable command of each type, and the account on which all of them are acceptable."""

from __future__ import annotations

from typing import get_args

from events import commands, facts
from events.commands import AnyCommand, Command
from events.facts import Fact
from events.statements import Kind, case_id
from tests.spec import ACCOUNT, BEFORE, earned, opened

GIVEN_UP = case_id(ACCOUNT, Kind.SUBMISSION_UNKNOWN, "pout_silent")

COMMAND_TYPES: set[type[Command]] = set(get_args(get_args(AnyCommand)[0]))


def _requested(payout_id: str, backend: str = "manual") -> Fact:
    return facts.PayoutRequested(payout_id, 100, "IDR", backend, "bca", "BCA", "sealed:1", "sealed:2")


HISTORY: list[Fact] = [
    opened(),
    facts.BankAccountSet("bca", "BCA", "sealed:1", "sealed:2"),
    facts.WebhookSecretAdded("whs_1", "sealed:whsec"),
    *earned(10_000),
    facts.RevenueRecorded(500, "IDR", "o-1"),
    facts.RevenueRecorded(500, "IDR", "o-2"),
    facts.ReserveHeld("rsv_1", 200, "IDR", "dispute"),
    facts.ReserveHeld("rsv_2", 200, "IDR", "dispute"),
    facts.DisputeOpened("dsp_1", 100, "IDR", "o-2", "not received", from_pending=100, from_available=0),
    _requested("pout_pending"),
    _requested("pout_sent"),
    facts.PayoutInTransit("pout_sent"),
    _requested("pout_paid"),
    facts.PayoutInTransit("pout_paid"),
    facts.PayoutPaid("pout_paid", 100, "IDR"),
    _requested("pout_plugipay", "plugipay"),
    _requested("pout_silent", "plugipay"),
    facts.PayoutSubmissionStarted("pout_silent", attempt=1),
    facts.PayoutSubmissionUnknown("pout_silent", reason="no answer"),
    facts.BankEntryObserved("ben_1", "ba", "IDR", 100, "2026-05-12", [], False, "csv", [], "d"),
    facts.BankEntryObserved("ben_2", "ba", "IDR", 100, "2026-05-12", [], False, "csv", [], "d"),
    facts.MatchMade("mat_1", "ben_1", "IDR", [{"kind": "other", "id": "interest", "amount": 100}], "interest", "key:k"),
    facts.CaseOpened(
        case_id=GIVEN_UP, kind="submission_unknown", known="submitted", said="no trace of it", payout_id="pout_silent"
    ),
    facts.CaseOpened(
        case_id="case_1",
        kind="unrequested",
        known="nothing",
        said="paid",
        provider_payout_id="po_9",
        amount=70,
        currency="IDR",
        statements=[{"says": "paid", "at": BEFORE}],
    ),
]
"""An open manual account with money everywhere and a payout in each state that a command starts from."""

FROZEN: list[Fact] = [*HISTORY, facts.AccountFrozen(reason="fraud check")]

OPEN = commands.OpenAccount(account_id=ACCOUNT, currency="IDR")
UNFREEZE = commands.UnfreezeAccount(account_id=ACCOUNT, reason="cleared")
CLOSE = commands.CloseAccount(account_id=ACCOUNT, reason="left us")

ON_HISTORY: list[AnyCommand] = [
    commands.SetBackend(account_id=ACCOUNT, backend="plugipay"),
    commands.FreezeAccount(account_id=ACCOUNT, reason="fraud check"),
    commands.SetBankAccount(
        account_id=ACCOUNT, bank_name="BNI", bank_account_number="sealed:3", bank_account_holder="sealed:4"
    ),
    commands.SetProvider(account_id=ACCOUNT, workspace_id="ws_1", key_id="pk_1", secret="sealed:secret"),
    commands.AddWebhookSecret(account_id=ACCOUNT, secret="sealed:whsec2"),
    commands.RetireWebhookSecret(account_id=ACCOUNT, secret_id="whs_1"),
    commands.RecordRevenue(account_id=ACCOUNT, amount=10, currency="USD", reference="o-1"),
    commands.SettleRevenue(account_id=ACCOUNT, amount=10, currency="IDR", reference="o-1"),
    commands.RecordRefund(account_id=ACCOUNT, amount=700, currency="IDR", reference="o-1"),
    commands.ChargeFee(account_id=ACCOUNT, amount=10, currency="IDR", reference="inv-1", kind="platform"),
    commands.Adjust(account_id=ACCOUNT, amount=-10, currency="IDR", reason="miscounted"),
    commands.HoldReserve(account_id=ACCOUNT, amount=10, currency="IDR", reason="dispute"),
    commands.ReleaseReserve(account_id=ACCOUNT, reserve_id="rsv_1"),
    commands.RequestPayout(account_id=ACCOUNT, amount=10, currency="IDR"),
    commands.CancelPayout(account_id=ACCOUNT, payout_id="pout_pending"),
    commands.MarkInTransit(account_id=ACCOUNT, payout_id="pout_pending"),
    commands.MarkPaid(account_id=ACCOUNT, payout_id="pout_sent"),
    commands.MarkFailed(account_id=ACCOUNT, payout_id="pout_sent", failure_reason="wrong number"),
    commands.RecordBankReturn(account_id=ACCOUNT, payout_id="pout_paid", reason="account closed"),
    commands.LinkProviderPayout(account_id=ACCOUNT, payout_id="pout_plugipay", provider_payout_id="po_1"),
    commands.ResubmitPayout(account_id=ACCOUNT, payout_id="pout_silent", reason="they have no trace of it"),
    commands.CloseCase(account_id=ACCOUNT, case_id="case_1", reason="it is the month's payout", apply=True),
    commands.SetChannel(account_id=ACCOUNT, channel="lazada", collects="platform"),
    commands.SetStatementCycle(account_id=ACCOUNT, cycle="monthly", zone="Asia/Jakarta"),
    commands.SetTolerance(account_id=ACCOUNT, currency="IDR", tolerance="250"),
    commands.SetSettlementTerms(account_id=ACCOUNT, channel="lazada", due_after_business_days=5, country="MY"),
    commands.MakeMatch(
        account_id=ACCOUNT,
        entry_id="ben_2",
        targets=(commands.MatchTarget(kind="payout", id="pout_paid"),),
        reason="the bank wrote no reference",
    ),
    commands.UnmakeMatch(account_id=ACCOUNT, match_id="mat_1", reason="it was a sale"),
    commands.SetPayoutPolicy(account_id=ACCOUNT, currency="IDR", schedule="daily", automatic=True),
    commands.OpenDispute(account_id=ACCOUNT, reference="o-1", amount=10, currency="IDR", reason="not received"),
    commands.ResolveDispute(account_id=ACCOUNT, dispute_id="dsp_1", outcome="lost", reason="it never arrived"),
]

ACCEPTABLE: list[tuple[AnyCommand, list[Fact]]] = [
    (OPEN, []),
    *((command, HISTORY) for command in ON_HISTORY),
    (UNFREEZE, FROZEN),
    (CLOSE, [opened()]),
]
"""Every command with a history on which it is accepted."""
