"""What a test or a demo does with a simulated Plugipay, beside asking it for payouts."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simulator.provider.books import Disbursement, Event
from simulator.provider.deliveries import Delivery
from simulator.provider.payouts import Payout
from simulator.provider.plugipay import Plugipay
from simulator.provider.refused import not_found
from simulator.provider.settings import HOUR, SIGNATURE_HEADER, EndpointSettings, Generation, WorkspaceSettings


class Control:
    """Faults, time, the truth, and what only the provider can do."""

    def __init__(self, plugipay: Plugipay) -> None:
        self._plugipay = plugipay

    # Faults

    def fault(self, name: str, rate: float = 1, *, times: int | None = None, on: Iterable[str] = ()) -> None:
        """Switches a fault on, off with a rate of 0; see `faults.py` for names, `operations.py` for what `on` takes."""
        self._plugipay.faults.switch(name, rate, times=times, on=on)

    def clear_faults(self) -> None:
        """No more faults, and webhooks go out again."""
        self._plugipay.faults.clear()
        self._plugipay.deliveries.dropped_until = 0

    def faults(self) -> dict[str, Any]:
        return self._plugipay.faults.document()

    def drop_webhooks(self, hours: float) -> None:
        """What happens in the next hours, which are Plugipay's, is never told."""
        self._plugipay.deliveries.dropped_until = self._plugipay.agenda.now() + hours * HOUR

    def forget_idempotency_keys(self) -> None:
        """As after a day."""
        self._plugipay.repeats.forget()

    # Time

    def now_seconds(self) -> float:
        """Plugipay's seconds since the beginning."""
        return self._plugipay.agenda.now()

    async def advance(self, *, hours: float = 0, seconds: float = 0) -> None:
        """Skips time, and does whatever is due on the way; by nothing, waits for what is under way."""
        await self._plugipay.agenda.advance(hours * HOUR + seconds)

    async def settle(self) -> None:
        """Skips ahead until every payout is at its end and every webhook was delivered or given up."""
        await self._plugipay.agenda.settle()

    # The truth

    def payouts(self, *, status: str | None = None, note: str | None = None) -> list[Payout]:
        """All payouts in the order of their making; `note` is a part of theirs."""
        return [
            payout
            for payout in self._plugipay.books.payouts.values()
            if status in (None, payout.status) and (note is None or note in (payout.note or ""))
        ]

    def payout(self, payout_id: str) -> Payout:
        return self._plugipay.books.payout(payout_id)

    def events(self) -> list[Event]:
        """What happened, told or not."""
        return list(self._plugipay.books.events)

    def disbursements(self, note: str | None = None) -> list[Disbursement]:
        """What the bank sent, also where it came back; `note` is a part of the payout's note."""
        return [
            one
            for one in self._plugipay.books.disbursements
            if note is None or (one.note is not None and note in one.note)
        ]

    def paid_twice(self) -> Mapping[str, list[Disbursement]]:
        """Caller's ids, found in notes, for which more than one disbursement stands. To be empty."""
        return self._plugipay.books.paid_twice()

    def deliveries(self, *, status: str | None = None, payout_id: str | None = None) -> list[Delivery]:
        return [
            delivery
            for delivery in self._plugipay.deliveries.kept.values()
            if status in (None, delivery.status) and payout_id in (None, delivery.payout_id)
        ]

    def state(self) -> dict[str, Any]:
        """Everything in numbers."""
        books = self._plugipay.books
        return {
            "seconds": self._plugipay.agenda.now(),
            "timeScale": self._plugipay.settings.time_scale,
            "seed": self._plugipay.settings.seed,
            "workspaces": [
                {
                    "id": one.id,
                    "balances": [one.balance(code) for code in one.money],
                    "endpoint": self._endpoint(one.id),
                }
                for one in books.workspaces.values()
            ],
            "payouts": collections.Counter(payout.status for payout in books.payouts.values()),
            "unrequested": sum(not payout.requested for payout in books.payouts.values()),
            "events": len(books.events),
            "deliveries": collections.Counter(one.status for one in self._plugipay.deliveries.kept.values()),
            "disbursements": len(books.disbursements),
            "paidTwice": sorted(self.paid_twice()),
            "faults": self.faults(),
        }

    # What only the provider can do

    def workspace(self, workspace: WorkspaceSettings) -> None:
        """Opens a workspace, or gives a known one another key or endpoint."""
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
        """Where a workspace's webhooks go from now on; None for nowhere."""
        for known in self._plugipay.keys.values():
            if known.id == workspace_id:
                endpoint = None if url is None else EndpointSettings(url, secret, generation, header)
                self._plugipay.open_workspace(replace(known, endpoint=endpoint))
                return
        raise not_found("workspace")

    def schedule_payout(self, workspace_id: str, *, amount: int, currency: str = "IDR") -> Payout:
        """A payout that nobody requested."""
        return self._plugipay.schedule(workspace_id, amount=amount, currency=currency)

    def move(
        self, payout_id: str, status: str, *, reference: str | None = None, failure_reason: str | None = None
    ) -> Payout:
        """Brings a payout to any status, also against the rules, and tells."""
        payout = self.payout(payout_id)
        self._plugipay.move(payout, status, reference=reference, failure_reason=failure_reason, against_rules=True)
        return payout

    def resend(self, delivery_id: str) -> Delivery:
        """One more attempt for a delivery that is done with."""
        return self._plugipay.deliveries.resend(delivery_id)

    async def reset(self) -> None:
        """Back to the first moment; workspaces, keys and endpoints stay."""
        await self._plugipay.reset()

    def _endpoint(self, workspace_id: str) -> dict[str, Any] | None:
        endpoint = self._plugipay.deliveries.endpoints.get(workspace_id)
        return None if endpoint is None else {"url": endpoint.url, "generation": endpoint.generation}
