"""Plugipay's webhooks, as the provider would send them."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

SECRET = "whsec_test_1234567890"

Message = tuple[bytes, bytes, list[tuple[str, bytes]]]
"""Key, value and headers of a Kafka record."""


def docs_generation(kind: str, payout: dict[str, Any], *, event_id: str, workspace: str, at: str) -> bytes:
    """Generation (a) of domain.md: `payout.initiated`, `payout.paid`, `payout.failed`, bare."""
    event = {"id": event_id, "type": f"payout.{kind}", "createdAt": at, "workspaceId": workspace, "data": payout}
    return json.dumps(event).encode()


def sdk_generation(kind: str, payout: dict[str, Any], *, event_id: str, account: str, at: str) -> bytes:
    """Generation (b): `plugipay.payout.paid.v1` and the like, wrapped."""
    event = {
        "id": event_id,
        "type": f"plugipay.payout.{kind}.v1",
        "accountId": account,
        "occurredAt": at,
        "data": {"object": payout, "aggregateType": "payout", "aggregateId": payout["id"]},
    }
    return json.dumps(event).encode()


def signature(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    moment = int(time.time() if at is None else at)
    return f"t={moment},v1={hmac.digest(secret.encode(), f'{moment}.'.encode() + body, 'sha256').hex()}"


def message(body: bytes, *, header: str | None = None, received_at: float | None = None, key: str = "acc_1") -> Message:
    """A record for the topic, signed and received now unless it says otherwise."""
    moment = time.time() if received_at is None else received_at
    headers = [
        ("plugipay-signature", (signature(body) if header is None else header).encode()),
        ("received-at", str(int(moment * 1000)).encode()),
    ]
    return key.encode(), body, headers
