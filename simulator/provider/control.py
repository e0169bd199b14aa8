"""The control of a simulated Plugipay, for tests and demos."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simulator.provider.deliveries import Delivery
from simulator.provider.payouts import Payout
from simulator.provider.plugipay import Plugipay
from simulator.provider.refusals import not_found
from simulator.provider.settings import HOUR, SIGNATURE_HEADER, EndpointSettings, Generation, WorkspaceSettings
from simulator.provider.state import Disbursement, Event


class Control:
    """Faults, time, the true state, and actions of the provider."""

    def __init__(self, plugipay: Plugipay) -> None:
        self._plugipay = plugipay

    # Faults

    def fault(self, name: str, rate: float = 1, *, times: int | None = None, on: Iterable[str] = ()) -> None:
        """Switches a fault on, or off with a rate of 0. The names are in `faults.py`, those for `on` in `operations.py`."""
        self._plugipay.faults.switch(name, rate, times=times, on=on)

    def clear_faults(self) -> None:
        """Switches all faults off; webhooks are sent again."""
        self._plugipay.faults.clear()
        self._plugipay.deliveries.dropped_until = 0

    def faults(self) -> dict[str, Any]:
        return self._plugipay.faults.document()

    def drop_webhooks(self, hours: float) -> None:
        """Sends no webhooks for events in the next hours of Plugipay's time, also not later."""
        self._plugipay.deliveries.dropped_until = self._plugipay.clock.now() + hours * HOUR

    def forget_idempotency_keys(self) -> None:
        """Deletes the stored responses, as happens after a day."""
        self._plugipay.stored_responses.forget()

    def forget_payout(self, payout_id: str) -> Payout:
        """Loses a payout, as if it had never been made; its money stays locked. Returns it."""
        return self._plugipay.state.payouts.pop(payout_id)

    def remember_payout(self, payout: Payout) -> None:
        """Knows a payout again that it had lost."""
        self._plugipay.state.payouts[payout.id] = payout

    # Time

    def now_seconds(self) -> float:
        """Plugipay's seconds since the start."""
        return self._plugipay.clock.now()

    async def advance(self, *, hours: float = 0, seconds: float = 0) -> None:
        """Skips time and runs what is due in it. With no time, waits for what is under way."""
        await self._plugipay.clock.advance(hours * HOUR + seconds)

    async def settle(self) -> None:
        """Skips time until every payout has ended, and every webhook was delivered or given up."""
        await self._plugipay.clock.settle()

    # The true state

    def payouts(self, *, status: str | None = None, note: str | None = None) -> list[Payout]:
        """Payouts in the order of their creation; `note` selects those whose note contains it."""
        return [
            payout
            for payout in self._plugipay.state.payouts.values()
            if status in (None, payout.status) and (note is None or note in (payout.note or ""))
        ]

    def payout(self, payout_id: str) -> Payout:
        return self._plugipay.state.payout(payout_id)

    def events(self) -> list[Event]:
        """All events, also those without a webhook."""
        return list(self._plugipay.state.events)

    def disbursements(self, note: str | None = None) -> list[Disbursement]:
        """All disbursements, also returned ones; `note` selects those whose note contains it."""
        return [
            one
            for one in self._plugipay.state.disbursements
            if note is None or (one.note is not None and note in one.note)
        ]

    def paid_twice(self) -> Mapping[str, list[Disbursement]]:
        """The caller's ids, found in notes, with more than one disbursement that was not returned. Should be empty."""
        return self._plugipay.state.paid_twice()

    def deliveries(self, *, status: str | None = None, payout_id: str | None = None) -> list[Delivery]:
        return [
            delivery
            for delivery in self._plugipay.deliveries.stored.values()
            if status in (None, delivery.status) and payout_id in (None, delivery.payout_id)
        ]

    def state(self) -> dict[str, Any]:
        """A summary in numbers."""
        state = self._plugipay.state
        return {
            "seconds": self._plugipay.clock.now(),
            "timeScale": self._plugipay.settings.time_scale,
            "seed": self._plugipay.settings.seed,
            "workspaces": [
                {
                    "id": one.id,
                    "balances": [one.balance(code) for code in one.money],
                    "endpoint": self._endpoint(one.id),
                }
                for one in state.workspaces.values()
            ],
            "payouts": collections.Counter(payout.status for payout in state.payouts.values()),
            "unrequested": sum(not payout.requested for payout in state.payouts.values()),
            "events": len(state.events),
            "deliveries": collections.Counter(one.status for one in self._plugipay.deliveries.stored.values()),
            "disbursements": len(state.disbursements),
            "paidTwice": sorted(self.paid_twice()),
            "faults": self.faults(),
        }

    # Actions of the provider

    def workspace(self, workspace: WorkspaceSettings) -> None:
        """Opens a workspace, or gives an existing one another key or endpoint."""
        self._plugipay.open_workspace(workspace)

    def endpoint(
        self,
        workspace_id: str,
        url: str | None,
        secret: str = "",
        *,
        generation: Generation = "b",
        header: str = SIGNATURE_HEADER,
    ) -> None:
        """Sets the URL of a workspace's webhooks; None for no webhooks."""
        for known in self._plugipay.keys.values():
            if known.id == workspace_id:
                endpoint = None if url is None else EndpointSettings(url, secret, generation, header)
                self._plugipay.open_workspace(replace(known, endpoint=endpoint))
                return
        raise not_found("workspace")

    def schedule_payout(self, workspace_id: str, *, amount: int, currency: str = "IDR") -> Payout:
        """Makes a payout that nobody requested."""
        return self._plugipay.schedule(workspace_id, amount=amount, currency=currency)

    def move(
        self, payout_id: str, status: str, *, reference: str | None = None, failure_reason: str | None = None
    ) -> Payout:
        """Moves a payout to any status, also against the rules, and sends webhooks."""
        payout = self.payout(payout_id)
        self._plugipay.move(payout, status, reference=reference, failure_reason=failure_reason, against_rules=True)
        return payout

    def resend(self, delivery_id: str) -> Delivery:
        """Makes one more attempt for a delivery that has ended."""
        return self._plugipay.deliveries.resend(delivery_id)

    async def reset(self) -> None:
        """Returns to the initial state. Workspaces, keys and endpoints stay."""
        await self._plugipay.reset()

    def _endpoint(self, workspace_id: str) -> dict[str, Any] | None:
        endpoint = self._plugipay.deliveries.endpoints.get(workspace_id)
        return None if endpoint is None else {"url": endpoint.url, "generation": endpoint.generation}
