"""Events as they are stored: their data, their envelope, and the chain of digests over the envelopes.

    digest(0) = 32 zero bytes
    digest(n) = SHA-256(digest(n - 1) || canonical JSON of envelope n)

for each lane, over positions 1, 2, 3 ... without holes. docs/log-format.md says how others can compute it.

`encode` and `decode` are inverse for the current schema version of an event. The data of an older version is passed
through its upcasters before it is decoded; stored bytes stay as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import MISSING, Field, fields
from typing import Any, get_args

import orjson

from events.catalog import AnyEvent
from events.instants import Instant
from events.values import Data, value

DIGEST_VERSION = 1
"""The version of the rule that makes digests. Version 1 is in this module's docstring."""

DIGEST_BEFORE_THE_FIRST = bytes(32)

SYSTEM_ACCOUNT = "system"
"""The stream, one in each lane, of what belongs to no account: the genesis, and deliveries nobody can place."""


@value
class Actor:
    """Who asked: a key, an operator, a provider, or the ledger itself."""

    kind: str
    id: str | None = None

    @property
    def name(self) -> str:
        """Such as `key:key_01K...`, or `ledger`."""
        return f"{self.kind}:{self.id}" if self.id else self.kind


@value
class Source:
    """Where the event came from; `observation` is the keyed digest of a raw delivery."""

    kind: str
    id: str | None = None
    observation: str | None = None


@value
class Envelope:
    """One event as it is stored for ever. The digest covers every field."""

    ledger_id: str
    lane: int
    position: int
    account_id: str
    version: int
    event_id: str
    type: str
    schema_version: int
    effective_at: Instant
    recorded_at: Instant
    actor: Actor
    source: Source
    command_key: str | None
    command_digest: str | None
    correlation_id: str | None
    causation_id: str | None
    traceparent: str | None
    key_generation: int
    data: dict[str, Any]
    digest_version: int = DIGEST_VERSION


def envelope_bytes(event: Envelope) -> bytes:
    """The canonical JSON that is stored and hashed."""
    # As events.canonical.canonical does, without the call: this runs for every event.
    return orjson.dumps(
        {
            "accountId": event.account_id,
            "actor": {"id": event.actor.id, "kind": event.actor.kind},
            "causationId": event.causation_id,
            "commandDigest": event.command_digest,
            "commandKey": event.command_key,
            "correlationId": event.correlation_id,
            "data": event.data,
            "digestVersion": event.digest_version,
            "effectiveAt": event.effective_at,
            "eventId": event.event_id,
            "keyGeneration": event.key_generation,
            "lane": event.lane,
            "ledgerId": event.ledger_id,
            "position": event.position,
            "recordedAt": event.recorded_at,
            "schemaVersion": event.schema_version,
            "source": {"id": event.source.id, "kind": event.source.kind, "observation": event.source.observation},
            "traceparent": event.traceparent,
            "type": event.type,
            "version": event.version,
        },
        option=orjson.OPT_SORT_KEYS,
    )


def envelope_from(document: dict[str, Any]) -> Envelope:
    """The envelope that `envelope_bytes` wrote, from its parsed JSON. KeyError names a missing field."""
    return Envelope(
        ledger_id=document["ledgerId"],
        lane=document["lane"],
        position=document["position"],
        account_id=document["accountId"],
        version=document["version"],
        event_id=document["eventId"],
        type=document["type"],
        schema_version=document["schemaVersion"],
        effective_at=document["effectiveAt"],
        recorded_at=document["recordedAt"],
        actor=Actor(**document["actor"]),
        source=Source(**document["source"]),
        command_key=document["commandKey"],
        command_digest=document["commandDigest"],
        correlation_id=document["correlationId"],
        causation_id=document["causationId"],
        traceparent=document["traceparent"],
        key_generation=document["keyGeneration"],
        data=document["data"],
        digest_version=document["digestVersion"],
    )


def next_digest(previous: bytes, envelope: bytes) -> bytes:
    """The chain's next link, 32 bytes."""
    return hashlib.sha256(previous + envelope).digest()


EVENT_TYPES: dict[str, type[AnyEvent]] = {event_type.stored_name: event_type for event_type in get_args(AnyEvent)}
"""Every event's class, by its stored name."""

METADATA = "metadata"
"""The key, in an event's data, of what the caller wanted kept beside it."""


class UnknownEvent(Exception):
    """The log holds an event this release cannot read: run the release that wrote it, or a newer one."""


def _key(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _required(field: Field[object]) -> bool:
    return field.default is MISSING


_KEYS: dict[type[AnyEvent], list[tuple[str, str, bool]]] = {
    event_type: [(field.name, _key(field.name), _required(field)) for field in fields(event_type)]
    for event_type in EVENT_TYPES.values()
}


def encode(event: AnyEvent, metadata: Data | None = None) -> tuple[str, int, Data]:
    """Stored name, schema version and data. An optional field without a value is left out."""
    data = {
        key: value
        for attribute, key, required in _KEYS[type(event)]
        if (value := getattr(event, attribute)) is not None or required
    }
    if metadata:
        data[METADATA] = metadata
    return event.stored_name, event.schema_version, data


def decode(name: str, schema_version: int, data: Data) -> AnyEvent:
    """The event that these stored bytes mean today. UnknownEvent for a name or version from a newer release."""
    event_type = EVENT_TYPES.get(name)
    if event_type is None or not 1 <= schema_version <= event_type.schema_version:
        raise UnknownEvent(f"{name} version {schema_version} is not known to this release")
    for version in range(schema_version, event_type.schema_version):
        data = event_type.upcasters[version](data)
    return event_type(
        **{attribute: data[key] for attribute, key, required in _KEYS[event_type] if required or key in data}
    )


def event_of(envelope: Envelope) -> AnyEvent:
    return decode(envelope.type, envelope.schema_version, envelope.data)
