"""Everything that leaves, as one thing to start and stop."""

from __future__ import annotations

import asyncio

from service.ledger.ledger import Ledger
from service.outgoing.relay import PART, Relay
from service.outgoing.sender import Sender
from service.outgoing.webhooks import FanOut
from service.platform.health import Health
from service.platform.settings import Settings


class Outgoing:
    """The relay to the topic, where there is a broker, and the webhooks."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._runtime = ledger.runtime
        self._sender = Sender(ledger, settings)
        self._fan_out = FanOut(ledger, settings, self._sender)
        self._relay = Relay(ledger, settings, health) if settings.kafka_bootstrap_servers else None
        if self._relay is not None:
            health.report(PART, ok=False, message="connecting")

    def start(self) -> list[asyncio.Task[None]]:
        """Its tasks, which go on until `stop`."""
        tasks = [
            self._runtime.spawn(self._fan_out.run(), "fan out"),
            self._runtime.spawn(self._sender.run(), "webhook sender"),
        ]
        if self._relay is not None:
            tasks.append(self._runtime.spawn(self._relay.run(), "relay"))
        return tasks

    def stop(self) -> None:
        """Lets what is under way come to its end, and begins nothing new."""
        self._fan_out.stop()
        self._sender.stop()
        if self._relay is not None:
            self._relay.stop()
