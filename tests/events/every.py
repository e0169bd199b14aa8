"""One acceptable command of each type, and the account on which all of them are acceptable."""

from __future__ import annotations

from typing import get_args

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
from events.accounts.events import AccountFrozen, BankAccountSet, WebhookSecretAdded
from events.balances.commands import (
    Adjust,
    ChargeFee,
    HoldReserve,
    RecordRefund,
    RecordRevenue,
    ReleaseReserve,
    SettleRevenue,
)
from events.balances.events import ReserveHeld, RevenueRecorded
from events.banking.commands import MakeMatch, MatchTarget, SetTolerance, UnmakeMatch
from events.banking.events import BankEntryDetailed, BankEntryObserved, MatchMade
from events.catalog import AnyCommand, AnyEvent
from events.channels.commands import SetChannel, SetSettlementTerms
from events.command import Command
from events.disputes.commands import OpenDispute, ResolveDispute
from events.disputes.events import DisputeOpened
from events.payouts.commands import (
    CancelPayout,
    ChangeNote,
    LinkProviderPayout,
    MarkFailed,
    MarkInTransit,
    MarkPaid,
    RecordBankReturn,
    RequestPayout,
    ResubmitPayout,
)
from events.payouts.events import (
    PayoutInTransit,
    PayoutPaid,
    PayoutRequested,
    PayoutSubmissionStarted,
    PayoutSubmissionUnknown,
)
from events.policies.commands import SetPayoutPolicy
from events.provider.commands import CloseCase
from events.provider.events import CaseOpened
from events.provider.reports import CaseKind, case_id
from events.statements.commands import SetStatementCycle
from tests.spec import ACCOUNT, BEFORE, earned, opened

GIVEN_UP = case_id(ACCOUNT, CaseKind.SUBMISSION_UNKNOWN, "pout_silent")

COMMAND_TYPES: set[type[Command]] = set(get_args(get_args(AnyCommand)[0]))


def _requested(payout_id: str, backend: str = "manual") -> AnyEvent:
    return PayoutRequested(payout_id, 100, "IDR", backend, "bca", "BCA", "sealed:1", "sealed:2")


HISTORY: list[AnyEvent] = [
    opened(),
    BankAccountSet("bca", "BCA", "sealed:1", "sealed:2"),
    WebhookSecretAdded("whs_1", "sealed:whsec"),
    *earned(10_000),
    RevenueRecorded(500, "IDR", "o-1"),
    RevenueRecorded(500, "IDR", "o-2"),
    ReserveHeld("rsv_1", 200, "IDR", "dispute"),
    ReserveHeld("rsv_2", 200, "IDR", "dispute"),
    DisputeOpened("dsp_1", 100, "IDR", "o-2", "not received", from_pending=100, from_available=0),
    _requested("pout_pending"),
    _requested("pout_sent"),
    PayoutInTransit("pout_sent"),
    _requested("pout_paid"),
    PayoutInTransit("pout_paid"),
    PayoutPaid("pout_paid", 100, "IDR"),
    _requested("pout_plugipay", "plugipay"),
    _requested("pout_silent", "plugipay"),
    PayoutSubmissionStarted("pout_silent", attempt=1),
    PayoutSubmissionUnknown("pout_silent", reason="no answer"),
    BankEntryObserved("ben_1", "ba", "IDR", 100, "2026-05-12", [], False, "csv", [], "d"),
    BankEntryObserved("ben_2", "ba", "IDR", 100, "2026-05-12", [], False, "csv", [], "d"),
    BankEntryDetailed("ben_2", ["E2E-1"], "camt.054", "d", remittance="sealed:5"),
    MatchMade("mat_1", "ben_1", "IDR", [{"kind": "other", "id": "interest", "amount": 100}], "interest", "key:k"),
    CaseOpened(
        case_id=GIVEN_UP, kind="submission_unknown", known="submitted", said="no trace of it", payout_id="pout_silent"
    ),
    CaseOpened(
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

FROZEN: list[AnyEvent] = [*HISTORY, AccountFrozen(reason="fraud check")]

OPEN = OpenAccount(account_id=ACCOUNT, currency="IDR")
UNFREEZE = UnfreezeAccount(account_id=ACCOUNT, reason="cleared")
CLOSE = CloseAccount(account_id=ACCOUNT, reason="left us")

ON_HISTORY: list[AnyCommand] = [
    SetBackend(account_id=ACCOUNT, backend="plugipay"),
    FreezeAccount(account_id=ACCOUNT, reason="fraud check"),
    SetBankAccount(account_id=ACCOUNT, bank_name="BNI", bank_account_number="sealed:3", bank_account_holder="sealed:4"),
    SetProvider(account_id=ACCOUNT, workspace_id="ws_1", key_id="pk_1", secret="sealed:secret"),
    AddWebhookSecret(account_id=ACCOUNT, secret="sealed:whsec2"),
    RetireWebhookSecret(account_id=ACCOUNT, secret_id="whs_1"),
    RecordRevenue(account_id=ACCOUNT, amount=10, currency="USD", reference="o-1"),
    SettleRevenue(account_id=ACCOUNT, amount=10, currency="IDR", reference="o-1"),
    RecordRefund(account_id=ACCOUNT, amount=700, currency="IDR", reference="o-1"),
    ChargeFee(account_id=ACCOUNT, amount=10, currency="IDR", reference="inv-1", kind="platform"),
    Adjust(account_id=ACCOUNT, amount=-10, currency="IDR", reason="miscounted"),
    HoldReserve(account_id=ACCOUNT, amount=10, currency="IDR", reason="dispute"),
    ReleaseReserve(account_id=ACCOUNT, reserve_id="rsv_1"),
    RequestPayout(account_id=ACCOUNT, amount=10, currency="IDR"),
    CancelPayout(account_id=ACCOUNT, payout_id="pout_pending"),
    MarkInTransit(account_id=ACCOUNT, payout_id="pout_pending"),
    MarkPaid(account_id=ACCOUNT, payout_id="pout_sent"),
    MarkFailed(account_id=ACCOUNT, payout_id="pout_sent", failure_reason="wrong number"),
    RecordBankReturn(account_id=ACCOUNT, payout_id="pout_paid", reason="account closed"),
    LinkProviderPayout(account_id=ACCOUNT, payout_id="pout_plugipay", provider_payout_id="po_1"),
    ResubmitPayout(account_id=ACCOUNT, payout_id="pout_silent", reason="they have no trace of it"),
    CloseCase(account_id=ACCOUNT, case_id="case_1", reason="it is the month's payout", apply=True),
    SetChannel(account_id=ACCOUNT, channel="lazada", collects="platform"),
    SetStatementCycle(account_id=ACCOUNT, cycle="monthly", zone="Asia/Jakarta"),
    SetTolerance(account_id=ACCOUNT, currency="IDR", tolerance="250"),
    SetSettlementTerms(account_id=ACCOUNT, channel="lazada", due_after_business_days=5, country="MY"),
    MakeMatch(
        account_id=ACCOUNT,
        entry_id="ben_2",
        targets=(MatchTarget(kind="payout", id="pout_paid"),),
        reason="the bank wrote no reference",
    ),
    UnmakeMatch(account_id=ACCOUNT, match_id="mat_1", reason="it was a sale"),
    SetPayoutPolicy(account_id=ACCOUNT, currency="IDR", schedule="daily", automatic=True),
    OpenDispute(account_id=ACCOUNT, reference="o-1", amount=10, currency="IDR", reason="not received"),
    ResolveDispute(account_id=ACCOUNT, dispute_id="dsp_1", outcome="lost", reason="it never arrived"),
    ChangeNote(account_id=ACCOUNT, payout_id="pout_pending", note="May revenue"),
]

ACCEPTABLE: list[tuple[AnyCommand, list[AnyEvent]]] = [
    (OPEN, []),
    *((command, HISTORY) for command in ON_HISTORY),
    (UNFREEZE, FROZEN),
    (CLOSE, [opened()]),
]
"""Every command with a history on which it is accepted."""
