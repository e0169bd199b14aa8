"""What arrived, kept as it stood: sealed, beside the log, with what became of it."""

from __future__ import annotations

import base64

from events.instants import Instant
from service.ledger.batch import Batch
from service.ledger.vault import AccountKey

_TEXT_MAX = 300


def keep(
    batch: Batch,
    key: AccountKey,
    *,
    account_id: str,
    provider: str,
    raw: bytes,
    digest: str,
    received_at: Instant | None,
    verdict: str,
    origin: str,
    event_id: str | None = None,
    reason: str | None = None,
    signature: str | None = None,
) -> str:
    """The id under which the delivery is kept, with the batch."""
    delivery_id = batch.runtime.uuid7()
    batch.deliveries.append(
        {
            "delivery_id": delivery_id,
            "account_id": account_id,
            "provider": provider,
            "event_id": event_id,
            "digest": digest,
            "raw": base64.b64encode(key.seal_bytes("delivery", raw)).decode(),
            "key_generation": key.generation,
            "signature": signature,
            "received_at": received_at,
            "verdict": verdict,
            "reason": reason,
            "origin": origin,
        }
    )
    return delivery_id


def storable(text: str) -> str:
    """The text as a column can hold it."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:_TEXT_MAX]
