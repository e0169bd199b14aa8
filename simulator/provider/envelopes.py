"""The webhook bodies of both generations, and their signature.

(a) `{id, type: "payout.paid", createdAt, workspaceId, data: {...the payout...}, previousAttributes}`
(b) `{id, type: "plugipay.payout.paid.v1", accountId, occurredAt, data: {object, aggregateType, aggregateId}}`

    X-Plugipay-Signature: t=<epoch seconds>,v1=<hex HMAC-SHA256 of "t.body" with the secret's text>
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from simulator.provider.payouts import CANCELLED, FAILED, IN_TRANSIT, PAID
from simulator.provider.settings import Generation
from simulator.provider.state import Event

_BARE_TYPES = {IN_TRANSIT: "payout.initiated", PAID: "payout.paid", FAILED: "payout.failed"}
"""Generation (a) has no name for the rest."""

TYPES = tuple(f"plugipay.payout.{kind}.v1" for kind in ("created", IN_TRANSIT, PAID, FAILED, CANCELLED))


def type_of(event: Event, generation: Generation) -> str | None:
    """The event's name, or None where the generation has no such event."""
    return _BARE_TYPES.get(event.kind) if generation == "a" else f"plugipay.payout.{event.kind}.v1"


def document(event: Event, generation: Generation, payout: dict[str, Any]) -> dict[str, Any]:
    """The envelope around `payout`, which is the event's own unless a fault changes it."""
    if generation == "a":
        return {
            "id": event.id,
            "type": type_of(event, generation),
            "createdAt": event.occurred_at,
            "workspaceId": event.account_id,
            "data": payout,
            **({"previousAttributes": {"status": event.previous_status}} if event.previous_status else {}),
        }
    return {
        "id": event.id,
        "type": type_of(event, generation),
        "accountId": event.account_id,
        "occurredAt": event.occurred_at,
        "data": {"object": payout, "aggregateType": "payout", "aggregateId": payout["id"]},
    }


def encode(body: dict[str, Any]) -> str:
    """Compact, and UTF-8 without escapes: a receiver that verifies re-encoded JSON instead of the raw bytes will fail."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def sign(secret: str, moment: int, body: str) -> str:
    """The value of the signature's header."""
    signed = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"
