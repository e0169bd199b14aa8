"""A circuit breaker: after several failures in a row it allows no calls for a while, then a single one as a probe."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

FAILURES_MAX = 5
OPEN_SECONDS = 15.0


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One call, the probe, is under way; no others are allowed until it ends."""


class CircuitBreaker:
    """Counts failures in a row. `monotonic` is the runtime's clock."""

    __slots__ = ("_failures", "_failures_max", "_monotonic", "_open_seconds", "_opened_at", "_probing")

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        failures_max: int = FAILURES_MAX,
        open_seconds: float = OPEN_SECONDS,
    ) -> None:
        self._monotonic = monotonic
        self._failures_max = failures_max
        self._open_seconds = open_seconds
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self._probing else BreakerState.OPEN

    @property
    def failures(self) -> int:
        """The number of failures in a row."""
        return self._failures

    def seconds_left(self) -> float:
        """How long it stays open; 0 where a call is allowed."""
        if self._opened_at is None:
            return 0.0
        left = self._opened_at + self._open_seconds - self._monotonic()
        # While a probe is under way, the time is unknown: try again in a second.
        return max(left, 1.0 if self._probing else 0.0)

    def admit(self) -> Permit | None:
        """A permit for one call, or None while it is open. The caller reports the call's result to the permit."""
        if self._opened_at is None:
            return Permit(self, probe=False)
        if self._probing or self.seconds_left() > 0:
            return None
        self._probing = True
        return Permit(self, probe=True)

    def _succeeded(self) -> None:
        self._failures = 0
        self._opened_at = None
        self._probing = False

    def _failed(self, *, probe: bool) -> None:
        self._failures += 1
        if probe:
            self._opened_at = self._monotonic()
            self._probing = False
        elif self._opened_at is None and self._failures >= self._failures_max:
            self._opened_at = self._monotonic()

    def _abandoned(self, *, probe: bool) -> None:
        if probe:
            self._probing = False


class Permit:
    """A permit for one call; a probe if the breaker was open. Only the first report counts."""

    __slots__ = ("_breaker", "_probe", "_reported")

    def __init__(self, breaker: CircuitBreaker, *, probe: bool) -> None:
        self._breaker = breaker
        self._probe = probe
        self._reported = False

    def succeeded(self) -> None:
        """The provider answered, even if it refused."""
        if self._report():
            self._breaker._succeeded()  # noqa: SLF001 - the other half of the breaker

    def failed(self) -> None:
        """There was no answer, or a server error."""
        if self._report():
            self._breaker._failed(probe=self._probe)  # noqa: SLF001

    def abandoned(self) -> None:
        """The caller gave the call up, so there is no result. Does nothing after another report."""
        if self._report():
            self._breaker._abandoned(probe=self._probe)  # noqa: SLF001

    def _report(self) -> bool:
        first, self._reported = not self._reported, True
        return first
