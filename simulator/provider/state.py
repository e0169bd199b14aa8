"""Plugipay's state: workspaces and their money, payouts and their events, and the bank's disbursements.

No clock, no randomness, no I/O: times and ids are arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.provider.payouts import CANCELLED, FAILED, IN_TRANSIT, PAID, PENDING, TRANSITIONS, Bank, Payout
from simulator.provider.refusals import Refused, not_found
from simulator.provider.settings import WorkspaceSettings

_CALLER_PAYOUT_ID = re.compile(r"pout_[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(slots=True)
class Money:
    """A workspace's money in one currency. What is locked is part of it, and belongs to payouts under way."""

    ledger_balance: int = 0
    locked: int = 0

    @property
    def available(self) -> int:
        return self.ledger_balance - self.locked


@dataclass(slots=True)
class Workspace:
    """A merchant; `currency` is the default of its balance."""

    id: str
    currency: str
    money: dict[str, Money]
    bank: Bank = field(default_factory=Bank)

    @classmethod
    def of(cls, settings: WorkspaceSettings) -> Workspace:
        balances = settings.balances or {"IDR": 0}
        return cls(settings.id, next(iter(balances)), {code: Money(amount) for code, amount in balances.items()})

    def balance(self, currency: str | None = None) -> dict[str, Any]:
        code = currency or self.currency
        money = self.money.get(code) or Money()
        return {
            "ledgerBalance": money.ledger_balance,
            "locked": money.locked,
            "available": money.available,
            "currency": code,
        }


@dataclass(slots=True)
class Event:
    """An event of a payout, with the payout as it was then."""

    id: str
    kind: str
    """`created`, or the new status of the payout."""
    payout_number: int
    account_id: str
    occurred_at: str
    payout: dict[str, Any]
    previous_status: str | None


@dataclass(slots=True)
class Disbursement:
    """Money that the bank sent. `returned_at` is set if it came back."""

    payout_id: str
    account_id: str
    amount: int
    currency: str
    note: str | None
    at: str
    returned_at: str | None = None

    @property
    def caller_payout_id(self) -> str | None:
        """The ledger's id of the payout, if the note has one."""
        match = _CALLER_PAYOUT_ID.search(self.note or "")
        return match[0] if match else None


class ProviderState:
    """All of the provider's state. Every method leaves it consistent."""

    def __init__(self, workspaces: Iterable[WorkspaceSettings]) -> None:
        self.workspaces = {settings.id: Workspace.of(settings) for settings in workspaces}
        self.payouts: dict[str, Payout] = {}
        self.events: list[Event] = []
        self.disbursements: list[Disbursement] = []

    def payout(self, payout_id: str, account_id: str | None = None) -> Payout:
        """The payout; with `account_id`, only if it belongs to that workspace."""
        payout = self.payouts.get(payout_id)
        if payout is None or account_id not in (None, payout.account_id):
            raise not_found("payout")
        return payout

    def add(self, payout: Payout, event_id: str) -> Event:
        """Adds a new payout and locks its amount. Refused where the balance does not cover it."""
        money = self.workspaces[payout.account_id].money.get(payout.currency) or Money()
        if money.available < payout.amount:
            raise Refused(
                409,
                "INSUFFICIENT_BALANCE",
                f"{payout.amount} {payout.currency} is more than the {money.available} available",
                field="amount",
                details={"available": money.available, "requested": payout.amount},
            )
        self.payouts[payout.id] = payout
        self._change_money(payout, payout.status, 1)
        return self._record_event(payout, "created", event_id, payout.created_at, None)

    def move(
        self,
        payout: Payout,
        to: str,
        *,
        event_id: str,
        at: str,
        reference: str | None = None,
        failure_reason: str | None = None,
        against_rules: bool = False,
    ) -> Event:
        """Moves a payout to a status. Refused if the transition is not allowed, unless `against_rules`."""
        before = payout.status
        if before == to or ((before, to) not in TRANSITIONS and not against_rules):
            raise Refused(409, "invalid_transition", f"a payout that is {before} cannot become {to}")
        self._change_money(payout, before, -1)
        self._change_money(payout, to, 1)
        payout.status, payout.updated_at = to, at
        payout.reference = reference or payout.reference
        payout.failure_reason = failure_reason if to == FAILED else None
        if to == IN_TRANSIT:
            payout.processed_at = at
        payout.completed_at = at if to in (PAID, FAILED, CANCELLED) else None
        if to == PAID:
            payout.ledger_transaction_id = event_id.replace("evt_", "txn_")
            self.disbursements.append(
                Disbursement(payout.id, payout.account_id, payout.amount, payout.currency, payout.note, at)
            )
        elif before == PAID:
            self._mark_returned(payout.id, at)
        return self._record_event(payout, to, event_id, at, before)

    def paid_twice(self) -> Mapping[str, list[Disbursement]]:
        """The caller's payouts with more than one disbursement that was not returned, by the caller's id."""
        not_returned: dict[str, list[Disbursement]] = {}
        for disbursement in self.disbursements:
            if disbursement.caller_payout_id and disbursement.returned_at is None:
                not_returned.setdefault(disbursement.caller_payout_id, []).append(disbursement)
        return {ours: disbursements for ours, disbursements in not_returned.items() if len(disbursements) > 1}

    def _mark_returned(self, payout_id: str, at: str) -> None:
        for disbursement in reversed(self.disbursements):
            if disbursement.payout_id == payout_id and disbursement.returned_at is None:
                disbursement.returned_at = at
                return

    def _change_money(self, payout: Payout, status: str, sign: int) -> None:
        """A payout under way locks its amount; a paid one takes it from the balance; others change nothing."""
        money = self.workspaces[payout.account_id].money.setdefault(payout.currency, Money())
        if status in (PENDING, IN_TRANSIT):
            money.locked += sign * payout.amount
        elif status == PAID:
            money.ledger_balance -= sign * payout.amount

    def _record_event(self, payout: Payout, kind: str, event_id: str, at: str, before: str | None) -> Event:
        event = Event(event_id, kind, payout.number, payout.account_id, at, payout.document(), before)
        self.events.append(event)
        return event
