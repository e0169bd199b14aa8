"""The whole provider without HTTP: payouts are created, move by themselves, and cause webhooks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from service.platform.runtime import Runtime
from simulator.provider.chance import Chance
from simulator.provider.deliveries import Deliveries
from simulator.provider.faults import Faults
from simulator.provider.idempotency import StoredResponses
from simulator.provider.payouts import DISBURSED, FAILED, IN_TRANSIT, MANUAL, PAID, PENDING, Bank, Payout, stamp
from simulator.provider.refusals import not_found
from simulator.provider.settings import SimulatorSettings, WorkspaceSettings
from simulator.provider.state import Event, ProviderState, Workspace
from simulator.provider.virtual_clock import VirtualClock

FAILURES = ("INVALID_DESTINATION", "REJECTED_BY_BANK", "TRANSFER_ERROR", "TEMPORARY_BANK_NETWORK_ERROR")
"""Failure reasons of the disbursement provider that Plugipay uses."""

_OWN_SCHEDULE_BANK = Bank("bca", "BCA", "0000000099", "Scheduled Payouts")


class Plugipay:
    """State, time, randomness and webhooks, for the API and the control."""

    def __init__(self, settings: SimulatorSettings, runtime: Runtime) -> None:
        self.settings = settings
        self.runtime = runtime
        self.chance = Chance(settings.seed)
        self.faults = Faults(self.chance, settings.faults)
        self.clock = VirtualClock(runtime, settings.time_scale)
        self.stored_responses = StoredResponses(settings.idempotency_hours)
        self.changes = 0
        """Grows with each change that the state file has to have."""
        self.deliveries = Deliveries(
            runtime=runtime,
            clock=self.clock,
            faults=self.faults,
            chance=self.chance,
            answer_seconds=settings.webhook_answer_seconds,
            reorder_seconds=settings.reorder_seconds,
            on_change=self.changed,
        )
        self.keys: dict[str, WorkspaceSettings] = {}
        self.state = ProviderState(())
        for workspace in settings.workspaces:
            self.open_workspace(workspace)

    def open_workspace(self, workspace: WorkspaceSettings) -> None:
        """Adds a workspace, or gives an existing one another key or endpoint; the money of an existing one stays."""
        self.state.workspaces.setdefault(workspace.id, Workspace.of(workspace))
        self.keys = {name: known for name, known in self.keys.items() if known.id != workspace.id}
        self.keys[workspace.key_id] = workspace
        self.deliveries.endpoints.pop(workspace.id, None)
        if workspace.endpoint is not None:
            self.deliveries.endpoints[workspace.id] = workspace.endpoint
        self.changed()

    async def reset(self) -> None:
        """Returns to the initial state: no payouts, no faults, the initial balances."""
        await self.clock.abandon()
        self.state = ProviderState(self.keys.values())
        self.stored_responses.forget()
        self.faults.clear()
        self.deliveries.clear()
        self.changed()

    def create(
        self, account_id: str, *, amount: int, currency: str, bank: Bank, note: str | None, requested: bool = True
    ) -> Payout:
        """Creates a payout. Refused where the balance does not cover it."""
        number = len(self.state.payouts) + 1
        at = stamp(self.runtime.now())
        payout = Payout(
            number=number,
            id=f"po_{self.runtime.ulid()}",
            account_id=account_id,
            amount=amount,
            currency=currency,
            method=DISBURSED if self.settings.moves else MANUAL,
            bank=bank,
            created_at=at,
            updated_at=at,
            note=note,
            requested=requested,
        )
        self._send(self.state.add(payout, self._event_id()))
        self.resume(payout)
        if requested and self.faults.strikes("unrequested", number):
            draw = self.chance.integer(1, amount, "unrequested_amount", number)
            money = self.state.workspaces[account_id].money[currency]
            if money.available >= draw:
                self.schedule(account_id, amount=draw, currency=currency)
        return payout

    def schedule(self, account_id: str, *, amount: int, currency: str) -> Payout:
        """Creates a payout that nobody requested, as the provider's own schedule does."""
        workspace = self.state.workspaces.get(account_id)
        if workspace is None:
            raise not_found("workspace")
        bank = workspace.bank if workspace.bank.configured else _OWN_SCHEDULE_BANK
        return self.create(account_id, amount=amount, currency=currency, bank=bank, note=None, requested=False)

    def move(
        self,
        payout: Payout,
        to: str,
        *,
        reference: str | None = None,
        failure_reason: str | None = None,
        against_rules: bool = False,
    ) -> None:
        """Moves a payout to a status, and sends webhooks. Refused if the transition is not allowed."""
        self._send(
            self.state.move(
                payout,
                to,
                event_id=self._event_id(),
                at=stamp(self.runtime.now(), payout.updated_at),
                reference=reference,
                failure_reason=failure_reason,
                against_rules=against_rules,
            )
        )

    def resume(self, payout: Payout) -> None:
        """Lets a payout move on by itself from its current status."""
        if not self.settings.moves:
            return
        if payout.status == PENDING:
            self._call_later(payout, self.settings.in_transit_seconds, IN_TRANSIT, self._to_in_transit)
        elif payout.status == IN_TRANSIT:
            self._call_later(payout, self.settings.paid_seconds, PAID, self._to_paid)

    def changed(self) -> None:
        self.changes += 1

    def _to_in_transit(self, payout: Payout) -> None:
        if payout.status == PENDING:
            self.move(payout, IN_TRANSIT, reference=f"SIM-{payout.number:08}")
            self.resume(payout)

    def _to_paid(self, payout: Payout) -> None:
        if payout.status != IN_TRANSIT:
            return
        if self.faults.strikes("fail", payout.number):
            self.move(payout, FAILED, failure_reason=self.chance.one_of(FAILURES, "failure", payout.number))
            return
        self.move(payout, PAID)
        if self.faults.strikes("flip", payout.number):
            self._call_later(
                payout, self.settings.flip_seconds, "flip", partial(self._fail_after_paid, "TRANSFER_ERROR")
            )
        elif self.faults.strikes("return", payout.number):
            self._call_later(
                payout, self.settings.return_seconds, "return", partial(self._fail_after_paid, "INVALID_DESTINATION")
            )

    def _fail_after_paid(self, failure_reason: str, payout: Payout) -> None:
        if payout.status == PAID:
            self.move(payout, FAILED, failure_reason=failure_reason, against_rules=True)

    def _call_later(self, payout: Payout, seconds: float, what: str, then: Callable[[Payout], None]) -> None:
        """After half to one and a half times these seconds: not all payouts take equally long."""
        self.clock.call_later(
            seconds * self.chance.between(0.5, 1.5, "pace", what, payout.number), partial(then, payout)
        )

    def _event_id(self) -> str:
        return f"evt_{self.runtime.ulid()}"

    def _send(self, event: Event) -> None:
        self.changed()
        self.deliveries.send(event)
