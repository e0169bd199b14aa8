"""The embedded Kafka broker: librdkafka's mock broker, which runs in this process and stores nothing on disk.

Its limits: topics are created at the first use with four partitions, a group has one member, and all is lost at its stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from service.platform.settings import WrongSettings

_START_SECONDS_MAX = 10


@dataclass
class EmbeddedBroker:
    """A running broker."""

    bootstrap_servers: str
    _owner: Any
    """The client that the broker belongs to: it ends with the client."""

    def stop(self) -> None:
        """Stops the broker; its data is lost. A second call does nothing."""
        self._owner = None


def start_broker() -> EmbeddedBroker:
    """A broker on a free port of this machine, for any Kafka client. WrongSettings where it is not installed."""
    if find_spec("confluent_kafka") is None:
        raise WrongSettings(
            "the embedded Kafka is not installed: pip install '.[embedded]', or serve without --embedded"
        )
    # Imported here, because production does not have the package.
    from confluent_kafka import Producer  # noqa: PLC0415

    # log_level: it would warn that it is a mock broker.
    owner = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
    brokers = owner.list_topics(timeout=_START_SECONDS_MAX).brokers.values()
    return EmbeddedBroker(",".join(f"{broker.host}:{broker.port}" for broker in brokers), owner)
