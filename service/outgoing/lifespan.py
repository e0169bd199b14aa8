"""Starts and stops everything that publishes events."""

from __future__ import annotations

import asyncio

from service.ledger.ledger import Ledger
from service.outgoing.fan_out_worker import FanOutWorker
from service.outgoing.relay import PART, Relay
from service.outgoing.sender import Sender
from service.platform.health import Health
from service.platform.settings import Settings


class Outgoing:
    """The relay to the topic, if there is a broker; the fan-out and the sender of webhooks."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._runtime = ledger.runtime
        self._sender = Sender(ledger, settings)
        self._fan_out = FanOutWorker(ledger, settings, self._sender, health)
        self._relay = Relay(ledger, settings, health) if settings.kafka_bootstrap_servers else None
        if self._relay is not None:
            health.report(PART, ok=False, message="connecting")

    def start(self) -> list[asyncio.Task[None]]:
        """Starts the tasks, which continue until `stop`."""
        tasks = [
            self._runtime.spawn(self._fan_out.run(), "fan out"),
            self._runtime.spawn(self._sender.run(), "webhook sender"),
        ]
        if self._relay is not None:
            tasks.append(self._runtime.spawn(self._relay.run(), "relay"))
        return tasks

    def stop(self) -> None:
        """Begins nothing new; what is under way is finished."""
        self._fan_out.stop()
        self._sender.stop()
        if self._relay is not None:
            self._relay.stop()
