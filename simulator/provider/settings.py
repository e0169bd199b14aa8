"""What a simulated Plugipay is told at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

HOUR, DAY = 3600.0, 86_400.0

Generation = Literal["a", "b"]
"""Which of the two webhook envelopes: (a) of the documentation's page, (b) of the SDKs' types."""

SIGNATURE_HEADER = "X-Plugipay-Signature"

_BALANCES = MappingProxyType({"IDR": 1_000_000_000_000})


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """Where a workspace's webhooks go."""

    url: str
    secret: str
    generation: Generation = "b"
    header: str = SIGNATURE_HEADER
    """The portal's page and one receiver write it without the X-."""


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """A merchant at Plugipay, with its key and the money it begins with, by currency (the first is its own)."""

    id: str = "acc_simulated"
    key_id: str = "ak_test_simulator"
    secret: str = "sk_test_simulator"  # noqa: S105 - everybody may know it: it opens nothing but a simulator
    platform: bool = False
    """Whether its key may name other workspaces in X-Plugipay-On-Behalf-Of."""
    balances: Mapping[str, int] = field(default_factory=lambda: _BALANCES)
    endpoint: EndpointSettings | None = None


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Seconds and hours are Plugipay's, which `time_scale` shortens, unless a comment says that they are the clock's."""

    workspaces: tuple[WorkspaceSettings, ...] = (WorkspaceSettings(),)
    host: str = "127.0.0.1"
    port: int = 0
    time_scale: float = 1
    """How many of Plugipay's seconds pass in one of the clock's."""
    seed: int = 0
    moves: bool = True
    """Whether payouts move by themselves; else only when they are told to."""
    in_transit_seconds: float = 60
    paid_seconds: float = 600
    """After the bank took it in."""
    flip_seconds: float = 30
    return_seconds: float = 2 * DAY
    reorder_seconds: float = 2 * HOUR
    """How long a webhook waits at most to be overtaken by the next one of its payout."""
    webhook_answer_seconds: float = 10
    """Of the clock: who receives lives by it."""
    slow_seconds: float = 5
    """Of the clock: who asks lives by it."""
    hang_seconds: float = 60
    """Of the clock: how long silence lasts before the connection is cut."""
    idempotency_hours: float = 24
    """Of the clock, and not shortened: who repeats a request counts real hours."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Rates by name, see `faults.py`."""
    state_file: Path | None = None
