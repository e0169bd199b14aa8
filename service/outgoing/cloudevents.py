"""An event of the log as a CloudEvents 1.0 message in structured JSON (docs/outgoing.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from events.chain import Envelope
from events.codec import METADATA
from events.redaction import public_data
from service.outgoing.masks import Keys, masked_number

CONTENT_TYPE = b"application/cloudevents+json; charset=utf-8"
BYTES_MAX = 900_000
"""Below the million that a broker takes by default."""

_NUMBER = "bankAccountNumber"


def accounts_with_numbers(events: Iterable[Envelope]) -> set[str]:
    """The accounts whose keys are needed for these events."""
    return {event.account_id for event in events if _NUMBER in event.data}


def message(event: Envelope, keys: Keys) -> bytes:
    """The record's value. Sealed fields stay behind; of a bank account number the last four digits are told.

    Position and version are texts: a CloudEvents integer ends at 2^31 - 1, and a log does not.
    """
    data = public_data(event)
    if _NUMBER in event.data:
        data[_NUMBER] = masked_number(keys, event.account_id, event.data[_NUMBER])
    told: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.event_id,
        "source": f"/ledgers/{event.ledger_id}/lanes/{event.lane}",
        "type": f"{event.type}.v{event.schema_version}",
        "subject": event.account_id,
        "time": event.effective_at,
        "datacontenttype": "application/json",
        "lane": event.lane,
        "position": str(event.position),
        "version": str(event.version),
        "recordedat": event.recorded_at,
        "correlationid": event.correlation_id,
        "causationid": event.causation_id,
        "traceparent": event.traceparent,
    }
    # An attribute without a value is left out: CloudEvents has no null.
    attributes = {name: value for name, value in told.items() if value is not None}
    value = orjson.dumps({**attributes, "data": data})
    if len(value) > BYTES_MAX:
        # Only what a caller put beside the event can be so large. The event goes out without it.
        data = {name: content for name, content in data.items() if name != METADATA}
        value = orjson.dumps({**attributes, "metadataomitted": True, "data": data})
    return value
