"""A circuit breaker: after several failures in a row nobody is asked for a while, then one is sent ahead."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

FAILURES_MAX = 5
REST_SECONDS = 15.0


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One call is on its way to find out; all others are turned away until it is back."""


class CircuitBreaker:
    """Counts failures in a row; time comes from the seam's monotonic clock."""

    __slots__ = ("_failures", "_failures_max", "_monotonic", "_opened_at", "_probing", "_rest_seconds")

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        failures_max: int = FAILURES_MAX,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self._monotonic = monotonic
        self._failures_max = failures_max
        self._rest_seconds = rest_seconds
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
        """How many there were in a row."""
        return self._failures

    def seconds_left(self) -> float:
        """How long it stays open; 0 where a call may go through."""
        if self._opened_at is None:
            return 0.0
        left = self._opened_at + self._rest_seconds - self._monotonic()
        # Behind a probe nobody knows: ask again in a while.
        return max(left, 1.0 if self._probing else 0.0)

    def admit(self) -> Permit | None:
        """Leave to call, or None while it is open. Whoever gets it says in the end how it went."""
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
    """Leave to make one call; a probe where the breaker was open. Only what is told first counts."""

    __slots__ = ("_breaker", "_probe", "_told")

    def __init__(self, breaker: CircuitBreaker, *, probe: bool) -> None:
        self._breaker = breaker
        self._probe = probe
        self._told = False

    def succeeded(self) -> None:
        """Somebody answered, whatever the answer was."""
        if self._tell():
            self._breaker._succeeded()  # noqa: SLF001 - the other half of the breaker

    def failed(self) -> None:
        """Nobody answered, or not as one who is well."""
        if self._tell():
            self._breaker._failed(probe=self._probe)  # noqa: SLF001

    def abandoned(self) -> None:
        """The call was given up by its caller, and says nothing; does nothing where something was told."""
        if self._tell():
            self._breaker._abandoned(probe=self._probe)  # noqa: SLF001

    def _tell(self) -> bool:
        first, self._told = not self._told, True
        return first
