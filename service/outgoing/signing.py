"""Signatures of outgoing webhooks, as in Standard Webhooks 1.0.0.

    webhook-id         the event's id, the same for every attempt
    webhook-timestamp  epoch seconds of this attempt
    webhook-signature  v1,<base64>; several, separated by spaces, while a secret is being replaced

The signature is HMAC-SHA256 over `id.timestamp.body`. The key is the base64 after `whsec_`, decoded.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret(random: Callable[[int], bytes]) -> str:
    return _PREFIX + base64.b64encode(random(_SECRET_BYTES)).decode()


def headers(secrets: Iterable[str], message_id: str, epoch_seconds: int, body: bytes) -> dict[str, str]:
    """The three headers, with a signature for each secret."""
    signed = f"{message_id}.{epoch_seconds}.".encode() + body
    signatures = (hmac.digest(base64.b64decode(secret.removeprefix(_PREFIX)), signed, "sha256") for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(epoch_seconds),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures),
    }
