"""What this process has done since it started, counted where it happens and read by /metrics."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics

# When each series began is of no use to anybody here, and would be one more series for each.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library annotates nearly everything else


class Counters:
    """Of one ledger: several may run in a process, so none of this stands in the library's global registry."""

    def __init__(self) -> None:
        self._events = Counter(
            "payout_ledger_events_appended", "Events this process has appended.", ["lane"], registry=None
        )
        self._deliveries = Counter(
            "payout_ledger_deliveries_taken_in", "Webhooks this process has taken in.", ["verdict"], registry=None
        )
        self._refusals = Counter(
            "payout_ledger_commands_refused", "Commands this process has refused.", ["code"], registry=None
        )

    def committed(self, lane: int, events: int, verdicts: Iterable[str]) -> None:
        """A batch: how many events of the lane, and the verdict of each delivery."""
        self._events.labels(lane).inc(events)
        for verdict in verdicts:
            self._deliveries.labels(verdict).inc()

    def refused(self, code: str) -> None:
        """A command, with the code of its refusal."""
        self._refusals.labels(code).inc()

    def register(self, registry: CollectorRegistry, verdicts: Iterable[str]) -> None:
        """Shows them in a registry. A verdict that no delivery has had yet is shown with 0."""
        for verdict in verdicts:
            self._deliveries.labels(verdict)
        for counter in (self._events, self._deliveries, self._refusals):
            registry.register(counter)
