"""The whole provider without its HTTP: payouts that are made, move by themselves, and are told of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from service.platform.runtime import Runtime
from simulator.provider.agenda import Agenda
from simulator.provider.books import AccountState, Event, Workspace
from simulator.provider.chance import Chance
from simulator.provider.deliveries import Deliveries
from simulator.provider.faults import Faults
from simulator.provider.payouts import DISBURSED, FAILED, IN_TRANSIT, MANUAL, PAID, PENDING, Bank, Payout, stamp
from simulator.provider.refused import not_found
from simulator.provider.repeats import Repeats
from simulator.provider.settings import SimulatorSettings, WorkspaceSettings

FAILURES = ("INVALID_DESTINATION", "REJECTED_BY_BANK", "TRANSFER_ERROR", "TEMPORARY_BANK_NETWORK_ERROR")
"""Of the disbursement provider below Plugipay."""

_OWN_SCHEDULE_BANK = Bank("bca", "BCA", "0000000099", "Scheduled Payouts")


class Plugipay:
    """State, time, chance and what goes out, for the API and for who controls the simulation."""

    def __init__(self, settings: SimulatorSettings, runtime: Runtime) -> None:
        self.settings = settings
        self.runtime = runtime
        self.chance = Chance(settings.seed)
        self.faults = Faults(self.chance, settings.faults)
        self.agenda = Agenda(runtime, settings.time_scale)
        self.repeats = Repeats(settings.idempotency_hours)
        self.changes = 0
        """Grows with everything that a restart has to know."""
        self.deliveries = Deliveries(
            runtime=runtime,
            agenda=self.agenda,
            faults=self.faults,
            chance=self.chance,
            answer_seconds=settings.webhook_answer_seconds,
            reorder_seconds=settings.reorder_seconds,
            on_change=self.changed,
        )
        self.keys: dict[str, WorkspaceSettings] = {}
        self.books = AccountState(())
        for workspace in settings.workspaces:
            self.open_workspace(workspace)

    def open_workspace(self, workspace: WorkspaceSettings) -> None:
        """Adds a merchant, or gives a known one another key or endpoint; the money of a known one stays."""
        self.books.workspaces.setdefault(workspace.id, Workspace.of(workspace))
        self.keys = {name: kept for name, kept in self.keys.items() if kept.id != workspace.id}
        self.keys[workspace.key_id] = workspace
        self.deliveries.endpoints.pop(workspace.id, None)
        if workspace.endpoint is not None:
            self.deliveries.endpoints[workspace.id] = workspace.endpoint
        self.changed()

    async def reset(self) -> None:
        """Back to the first moment: no payouts, no faults, the balances of the beginning."""
        await self.agenda.abandon()
        self.books = AccountState(self.keys.values())
        self.repeats.forget()
        self.faults.clear()
        self.deliveries.clear()
        self.changed()

    def create(
        self, account_id: str, *, amount: int, currency: str, bank: Bank, note: str | None, requested: bool = True
    ) -> Payout:
        """A new payout. Refused where the balance does not cover it."""
        number = len(self.books.payouts) + 1
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
        self._tell(self.books.add(payout, self._event_id()))
        self.resume(payout)
        if requested and self.faults.strikes("unrequested", number):
            draw = self.chance.integer(1, amount, "unrequested_amount", number)
            money = self.books.workspaces[account_id].money[currency]
            if money.available >= draw:
                self.schedule(account_id, amount=draw, currency=currency)
        return payout

    def schedule(self, account_id: str, *, amount: int, currency: str) -> Payout:
        """A payout that nobody requested: the provider's own schedule makes them."""
        workspace = self.books.workspaces.get(account_id)
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
        """Brings a payout to a status, and tells. Refused where there is no such way."""
        self._tell(
            self.books.move(
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
        """Sets a payout on its way from where it is."""
        if not self.settings.moves:
            return
        if payout.status == PENDING:
            self._later(payout, self.settings.in_transit_seconds, IN_TRANSIT, self._depart)
        elif payout.status == IN_TRANSIT:
            self._later(payout, self.settings.paid_seconds, PAID, self._arrive)

    def changed(self) -> None:
        self.changes += 1

    def _depart(self, payout: Payout) -> None:
        if payout.status == PENDING:
            self.move(payout, IN_TRANSIT, reference=f"SIM-{payout.number:08}")
            self.resume(payout)

    def _arrive(self, payout: Payout) -> None:
        if payout.status != IN_TRANSIT:
            return
        if self.faults.strikes("fail", payout.number):
            self.move(payout, FAILED, failure_reason=self.chance.one_of(FAILURES, "failure", payout.number))
            return
        self.move(payout, PAID)
        if self.faults.strikes("flip", payout.number):
            self._later(payout, self.settings.flip_seconds, "flip", partial(self._take_back, "TRANSFER_ERROR"))
        elif self.faults.strikes("return", payout.number):
            self._later(payout, self.settings.return_seconds, "return", partial(self._take_back, "INVALID_DESTINATION"))

    def _take_back(self, failure_reason: str, payout: Payout) -> None:
        if payout.status == PAID:
            self.move(payout, FAILED, failure_reason=failure_reason, against_rules=True)

    def _later(self, payout: Payout, seconds: float, what: str, then: Callable[[Payout], None]) -> None:
        """Half as long again, or half as long: not all payouts are equally quick."""
        self.agenda.after(seconds * self.chance.between(0.5, 1.5, "pace", what, payout.number), partial(then, payout))

    def _event_id(self) -> str:
        return f"evt_{self.runtime.ulid()}"

    def _tell(self, event: Event) -> None:
        self.changed()
        self.deliveries.tell(event)
