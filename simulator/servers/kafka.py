"""The embedded Kafka broker: librdkafka's mock broker, which runs in this process and stores nothing on disk.

Its limits: topics are created at the first use with four partitions, a group has one member, and all is lost at its stop.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from importlib.util import find_spec

from service.platform.settings import WrongSettings

SESSION_SECONDS = 1.5
"""The right `kafka_session_timeout_seconds` here: after a member has left, the broker lets nobody join its group for
one second less than this."""

_PRODUCER = 0
"""librdkafka's name for the kind of client that the broker belongs to."""
_MESSAGE_BYTES = 512


@dataclass
class EmbeddedBroker:
    """A running broker."""

    bootstrap_servers: str
    _library: ctypes.CDLL
    _client: ctypes.c_void_p | None
    _cluster: ctypes.c_void_p

    def stop(self) -> None:
        """Stops the broker; its data is lost. A second call does nothing."""
        client, self._client = self._client, None
        if client is not None:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(client)


def start_broker() -> EmbeddedBroker:
    """A broker on a free port of this machine, for any Kafka client. WrongSettings where it is not installed."""
    if find_spec("confluent_kafka") is None:
        raise WrongSettings(
            "the embedded Kafka is not installed: pip install '.[embedded]', or serve without --embedded"
        )
    library = _load()
    configuration = ctypes.c_void_p(library.rd_kafka_conf_new())
    said = ctypes.create_string_buffer(_MESSAGE_BYTES)
    # It would warn that it is a mock broker.
    library.rd_kafka_conf_set(configuration, b"log_level", b"0", said, _MESSAGE_BYTES)
    client = library.rd_kafka_new(_PRODUCER, configuration, said, _MESSAGE_BYTES)
    if not client:
        raise OSError(f"the embedded Kafka does not start: {said.value.decode(errors='replace')}")
    handle = ctypes.c_void_p(client)
    cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(handle, 1))
    # Otherwise the first member of a group waits three seconds for others, of which there are none.
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    servers = library.rd_kafka_mock_cluster_bootstraps(cluster)
    return EmbeddedBroker(servers.decode(), library, handle, cluster)


def _load() -> ctypes.CDLL:
    """librdkafka, with the types of what is used of it. confluent_kafka brings it, and does not offer these calls."""
    # Imported here, because production does not have the package.
    from confluent_kafka import cimpl  # noqa: PLC0415

    library = ctypes.CDLL(cimpl.__file__)
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    for name, result, arguments in (
        ("rd_kafka_conf_new", pointer, ()),
        ("rd_kafka_conf_set", ctypes.c_int, (pointer, text, text, text, size)),
        ("rd_kafka_new", pointer, (ctypes.c_int, pointer, text, size)),
        ("rd_kafka_destroy", None, (pointer,)),
        ("rd_kafka_mock_cluster_new", pointer, (pointer, ctypes.c_int)),
        ("rd_kafka_mock_cluster_destroy", None, (pointer,)),
        ("rd_kafka_mock_cluster_bootstraps", text, (pointer,)),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, (pointer, ctypes.c_int32)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
