"""What Plugipay knows: workspaces and their money, payouts, what happened to them, and what the bank disbursed.

No clock, no chance, no I/O: times and ids are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.provider.payouts import CANCELLED, FAILED, IN_TRANSIT, PAID, PENDING, TRANSITIONS, Bank, Payout
from simulator.provider.refused import Refused, not_found
from simulator.provider.settings import WorkspaceSettings

_CALLER_PAYOUT_ID = re.compile(r"pout_[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(slots=True)
class Money:
    """All that a workspace has in one currency; what is locked is in payouts under way, and part of it."""

    ledger_balance: int = 0
    locked: int = 0

    @property
    def available(self) -> int:
        return self.ledger_balance - self.locked


@dataclass(slots=True)
class Workspace:
    """A merchant; `currency` is the one that its balance answers for."""

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
    """Something that happened to a payout, with the payout as it was then."""

    id: str
    kind: str
    """`created`, or the status that the payout went to."""
    payout_number: int
    account_id: str
    occurred_at: str
    payout: dict[str, Any]
    previous_status: str | None


@dataclass(slots=True)
class Disbursement:
    """Money that the bank sent; it stands unless the bank sent it back."""

    payout_id: str
    account_id: str
    amount: int
    currency: str
    note: str | None
    at: str
    returned_at: str | None = None

    @property
    def caller_payout_id(self) -> str | None:
        """The ledger's id of the payout, where the note carries one."""
        found = _CALLER_PAYOUT_ID.search(self.note or "")
        return found[0] if found else None


class AccountState:
    """The state; every method leaves it consistent."""

    def __init__(self, workspaces: Iterable[WorkspaceSettings]) -> None:
        self.workspaces = {settings.id: Workspace.of(settings) for settings in workspaces}
        self.payouts: dict[str, Payout] = {}
        self.events: list[Event] = []
        self.disbursements: list[Disbursement] = []

    def payout(self, payout_id: str, account_id: str | None = None) -> Payout:
        """The payout, of this workspace where one is named."""
        payout = self.payouts.get(payout_id)
        if payout is None or account_id not in (None, payout.account_id):
            raise not_found("payout")
        return payout

    def add(self, payout: Payout, event_id: str) -> Event:
        """Takes a new payout in; its amount is locked. Refused where the balance does not cover it."""
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
        self._hold(payout, payout.status, 1)
        return self._told(payout, "created", event_id, payout.created_at, None)

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
        """Brings a payout to a status. Refused where the rules have no such way, unless this is against them."""
        before = payout.status
        if before == to or ((before, to) not in TRANSITIONS and not against_rules):
            raise Refused(409, "invalid_transition", f"a payout that is {before} cannot become {to}")
        self._hold(payout, before, -1)
        self._hold(payout, to, 1)
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
            self._take_back(payout.id, at)
        return self._told(payout, to, event_id, at, before)

    def paid_twice(self) -> Mapping[str, list[Disbursement]]:
        """Disbursements that stand, more than one for one payout of the caller's, by the caller's id."""
        standing: dict[str, list[Disbursement]] = {}
        for disbursement in self.disbursements:
            if disbursement.caller_payout_id and disbursement.returned_at is None:
                standing.setdefault(disbursement.caller_payout_id, []).append(disbursement)
        return {ours: found for ours, found in standing.items() if len(found) > 1}

    def _take_back(self, payout_id: str, at: str) -> None:
        for disbursement in reversed(self.disbursements):
            if disbursement.payout_id == payout_id and disbursement.returned_at is None:
                disbursement.returned_at = at
                return

    def _hold(self, payout: Payout, status: str, sign: int) -> None:
        """What a payout of this status does to the money: under way it locks, paid it is gone, else nothing."""
        money = self.workspaces[payout.account_id].money.setdefault(payout.currency, Money())
        if status in (PENDING, IN_TRANSIT):
            money.locked += sign * payout.amount
        elif status == PAID:
            money.ledger_balance -= sign * payout.amount

    def _told(self, payout: Payout, kind: str, event_id: str, at: str, before: str | None) -> Event:
        event = Event(event_id, kind, payout.number, payout.account_id, at, payout.document(), before)
        self.events.append(event)
        return event
