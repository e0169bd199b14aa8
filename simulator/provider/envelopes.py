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

from simulator.provider.books import Event
from simulator.provider.payouts import CANCELLED, FAILED, IN_TRANSIT, PAID
from simulator.provider.settings import Generation

_BARE_TYPES = {IN_TRANSIT: "payout.initiated", PAID: "payout.paid", FAILED: "payout.failed"}
"""Generation (a) has no name for the rest."""

TYPES = tuple(f"plugipay.payout.{kind}.v1" for kind in ("created", IN_TRANSIT, PAID, FAILED, CANCELLED))


def type_of(event: Event, generation: Generation) -> str | None:
    """The event's name, or None where the generation is silent about it."""
    return _BARE_TYPES.get(event.kind) if generation == "a" else f"plugipay.payout.{event.kind}.v1"


def document(event: Event, generation: Generation, payout: dict[str, Any]) -> dict[str, Any]:
    """The envelope around `payout`, which is the event's own where nothing is wrong."""
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
    """Compact, and in UTF-8 rather than escaped: whoever reads it again before verifying will see it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def sign(secret: str, moment: int, body: str) -> str:
    """The value of the signature's header."""
    signed = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"
