"""Faults on demand: each has a rate, and may be limited to a number of times and to some operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.provider.chance import Chance
from simulator.provider.operations import OPERATIONS

ANSWERS = {
    "slow": "the answer comes late",
    "silent": "the work is done, no answer comes, and the connection is cut in the end",
    "silent_undone": "nothing is done, no answer comes, and the connection is cut in the end",
    "error": "5xx, nothing is done",
    "error_done": "5xx, although the work is done",
    "rate_limited": "429 with Retry-After, nothing is done",
}
LIVES = {
    "fail": "a payout fails where it would have been paid",
    "return": "the bank returns a payout days after it was paid: failed, with a newer time",
    "flip": "a payout is called paid, and failed half a minute later",
    "unrequested": "with a payout that was requested comes one of the provider's own schedule",
}
WEBHOOKS = {
    "drop": "a webhook is never sent",
    "duplicate": "a webhook is sent twice",
    "reorder": "a webhook is overtaken by the next one of its payout",
    "wrong_amount": "a webhook names another amount than the payout has",
    "bad_signature": "the first attempt is signed with another secret, the later ones are right",
}
FAULTS = {**ANSWERS, **LIVES, **WEBHOOKS}


class WrongFault(ValueError):
    """There is no such fault, or it cannot be set in this way."""


@dataclass(slots=True)
class Fault:
    """A fault that is on. `times`, if set, counts down; `on`, if set, limits the fault to these operations of the API."""

    rate: float
    times: int | None = None
    on: frozenset[str] = frozenset()

    def document(self) -> dict[str, Any]:
        return {"rate": self.rate, "times": self.times, "on": sorted(self.on)}


class Faults:
    """The faults that are on."""

    def __init__(self, chance: Chance, rates: Mapping[str, float]) -> None:
        self._chance = chance
        self._on: dict[str, Fault] = {}
        for name, rate in rates.items():
            self.switch(name, rate)

    def switch(self, name: str, rate: float, *, times: int | None = None, on: Iterable[str] = ()) -> None:
        """Switches a fault on, or off with a rate of 0. WrongFault says what is wrong."""
        wanted = frozenset(on)
        if name not in FAULTS:
            raise WrongFault(f"{name} is not a fault: there are {', '.join(FAULTS)}")
        if not 0 <= rate <= 1:
            raise WrongFault(f"{name}: a rate is between 0 and 1")
        if times is not None and times < 1:
            raise WrongFault(f"{name}: times is at least 1")
        if wanted and (name not in ANSWERS or not wanted <= OPERATIONS):
            raise WrongFault(f"{name}: only {', '.join(ANSWERS)} can be limited to any of {', '.join(OPERATIONS)}")
        if rate == 0:
            self._on.pop(name, None)
        else:
            self._on[name] = Fault(rate, times, wanted)

    def clear(self) -> None:
        self._on.clear()

    def strikes(self, name: str, *about: object, operation: str = "") -> bool:
        """Whether the fault strikes this subject; with the same seed, the result is always the same."""
        fault = self._on.get(name)
        if fault is None or (fault.on and operation not in fault.on):
            return False
        if self._chance.draw(name, *about) >= fault.rate:
            return False
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                del self._on[name]
        return True

    def document(self) -> dict[str, Any]:
        return {name: fault.document() for name, fault in self._on.items()}


def parse_rates(given: Iterable[str]) -> dict[str, float]:
    """Parses `NAME=RATE` from the command line. WrongFault says what is wrong."""
    rates: dict[str, float] = {}
    for text in given:
        name, _, rate = text.partition("=")
        try:
            rates[name] = float(rate)
        except ValueError:
            raise WrongFault(f"{text}: a fault is written NAME=RATE, such as silent=0.1") from None
        Faults(Chance(0), {name: rates[name]})
    return rates
