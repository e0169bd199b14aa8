"""The settings of a simulated Plugipay."""

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
    """A workspace's webhook endpoint."""

    url: str
    secret: str
    generation: Generation = "b"
    header: str = SIGNATURE_HEADER
    """The portal's page and one receiver have it without `X-`."""


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """A merchant at Plugipay, with its key and its initial balances by currency (the first is its default)."""

    id: str = "acc_simulated"
    key_id: str = "ak_test_simulator"
    secret: str = "sk_test_simulator"  # noqa: S105 - not secret: it is valid for a simulator only
    platform: bool = False
    """Whether its key may name other workspaces in X-Plugipay-On-Behalf-Of."""
    balances: Mapping[str, int] = field(default_factory=lambda: _BALANCES)
    endpoint: EndpointSettings | None = None


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Seconds and hours are in Plugipay's time, which `time_scale` speeds up, unless a comment says real time."""

    workspaces: tuple[WorkspaceSettings, ...] = (WorkspaceSettings(),)
    host: str = "127.0.0.1"
    port: int = 0
    time_scale: float = 1
    """How many of Plugipay's seconds pass in one real second."""
    seed: int = 0
    moves: bool = True
    """Whether payouts move by themselves; else only by the control API."""
    in_transit_seconds: float = 60
    paid_seconds: float = 600
    """Counted from in transit."""
    flip_seconds: float = 30
    return_seconds: float = 2 * DAY
    reorder_seconds: float = 2 * HOUR
    """How long a webhook is held back at most, to be overtaken by the next one of its payout."""
    webhook_answer_seconds: float = 10
    """Real time: the receiver's time."""
    slow_seconds: float = 5
    """Real time: the caller's time."""
    hang_seconds: float = 60
    """Real time: how long there is no response before the connection is closed."""
    idempotency_hours: float = 24
    """Real time: callers that repeat a request count real hours."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Rates by name; the names are in `faults.py`."""
    state_file: Path | None = None
