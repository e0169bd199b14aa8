"""The headers of a Kafka record. No header is lost to the spelling of its name, to a null value or to a repetition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from events.instants import Instant, to_datetime
from service.ledger.vault import CannotUnseal, Vault
from service.plugipay.inbound.delivery_routing import printable, read_received_at
from service.plugipay.inbound.record_decoding import DecodingProblem
from service.plugipay.inbound.topic import RECEIVED_AT, SEALED, SIGNATURE, unsealed
from service.plugipay.inbound.webhook import TOLERANCE_SECONDS

_PREFIX = "x-"
_LOG_APPEND_TIME = 1
_VALUES_MAX = 4
"""Different values of one header that are tried."""
_NAMES_SHOWN, _NAME_SHOWN = 10, 60


def broker_time(timestamp: int, timestamp_type: int) -> int | None:
    """When the broker stored a record, by its own clock, in epoch milliseconds.

    None where the topic has the time that its writer says (`message.timestamp.type`).
    """
    return timestamp if timestamp_type == _LOG_APPEND_TIME else None


@dataclass(frozen=True, slots=True)
class RecordHeaders:
    """A record's headers. `values` has each header's different values by its normal name, without null.

    `names` are the names as they were written.
    """

    values: Mapping[str, tuple[bytes, ...]]
    names: tuple[str, ...]
    decoding_problem: str | None = None

    @property
    def signatures(self) -> tuple[str, ...]:
        """The signature headers, as text that can be stored."""
        return tuple(printable(value) for value in self._of(SIGNATURE))

    def received_at(self, now: datetime) -> tuple[Instant | None, str | None]:
        """The time of receipt; or None, and why there is none that can be used."""
        values = self._of(RECEIVED_AT)
        if not values:
            return None, f"no {RECEIVED_AT} header says when it was received: {self.described()}"
        read = [read_received_at(printable(value), now) for value in values]
        if len({found for found, _ in read}) > 1:
            return None, f"its {RECEIVED_AT} headers say different times"
        return read[0]

    def unproven_receipt(self, received_at: Instant | None, stored_at: int | None, *, plain_bodies: bool) -> str | None:
        """Why the time of receipt cannot be believed, though it is there; None where it can.

        Our own seal covers it. In a plain record it is the word of whoever wrote the record: an old webhook that was
        caught could be written again with the time that it had. What the broker says itself is no such word.
        """
        if self._of(SEALED):
            return None
        if not plain_bodies:
            return "it is not sealed by our own receiver, and KAFKA_PLAIN_BODIES does not let others write to the topic"
        if received_at is None or stored_at is None:
            return None
        apart = abs(to_datetime(received_at).timestamp() - stored_at / 1000)
        if apart > TOLERANCE_SECONDS:
            return f"its {RECEIVED_AT} header is more than {TOLERANCE_SECONDS} s away from when the broker stored it"
        return None

    def missing_signature(self) -> str | None:
        """What to say where there is no signature header; else None."""
        return None if self._of(SIGNATURE) else f"no {SIGNATURE} header: {self.described()}"

    def described(self) -> str:
        """The names that there are, for a person who looks for the one that is missing."""
        if not self.names:
            return "it has no headers"
        shown = [printable(name.encode("utf-8", "surrogateescape"))[:_NAME_SHOWN] for name in self.names[:_NAMES_SHOWN]]
        more = f" and {len(self.names) - _NAMES_SHOWN} more" if len(self.names) > _NAMES_SHOWN else ""
        return f"its headers are {', '.join(shown)}{more}"

    def body(self, vault: Vault, value: bytes) -> bytes:
        """The body of the record, sealed or plain. CannotUnseal where we did not seal it, or not with these headers."""
        if not self._of(SEALED):
            return value
        problem: CannotUnseal | None = None
        for signature, received_at in product(self._of(SIGNATURE) or (b"",), self._of(RECEIVED_AT) or (b"",)):
            headers = {SIGNATURE: signature, RECEIVED_AT: received_at, SEALED: self._of(SEALED)[0]}
            try:
                return unsealed(vault, value, headers)
            except CannotUnseal as failure:
                problem = failure
        assert problem is not None, "there is at least one pair to try"
        raise problem

    def _of(self, name: str) -> tuple[bytes, ...]:
        return self.values.get(name, ())[:_VALUES_MAX]


def read_headers(headers: Iterable[tuple[str, bytes | None]]) -> RecordHeaders:
    """Reads a record's headers. A header is known by its name in any case, with `_` for `-`, with or without `x-`."""
    values: dict[str, tuple[bytes, ...]] = {}
    names: dict[str, None] = {}
    decoding_problem: str | None = None
    for name, value in headers:
        if isinstance(name, DecodingProblem):
            decoding_problem = str(name)
            continue
        names[name] = None
        normal = name.strip().lower().replace("_", "-").removeprefix(_PREFIX)
        if value is not None and value not in values.get(normal, ()):
            values[normal] = (*values.get(normal, ()), value)
    return RecordHeaders(values, tuple(names), decoding_problem)
