"""The event's envelope and the hash chain over it.

    digest(0) = 32 zero bytes
    digest(n) = SHA-256(digest(n - 1) || canonical JSON of envelope n)

per lane, over positions 1, 2, 3 ... without holes. docs/log-format.md tells a stranger how to recompute it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from events.instants import Instant
from events.values import value

DIGEST_VERSION = 1
"""Which rule made the digest: the one in this module's docstring."""

DIGEST_BEFORE_THE_FIRST = bytes(32)

SYSTEM_ACCOUNT = "system"
"""The stream, one in each lane, of what belongs to no account: the genesis, and deliveries nobody can place."""


@value
class Actor:
    """Who asked: a key, an operator, a provider, or the ledger itself."""

    kind: str
    id: str | None = None


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
