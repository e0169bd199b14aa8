"""An event of the log as a CloudEvents 1.0 message in structured JSON (docs/outgoing.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from events.envelope import METADATA, Envelope
from events.redaction import public_data
from service.outgoing.masks import Keys, masked_number

CONTENT_TYPE = b"application/cloudevents+json; charset=utf-8"
BYTES_MAX = 900_000
"""Less than one megabyte, the default limit of brokers."""

_NUMBER = "bankAccountNumber"


def accounts_with_numbers(events: Iterable[Envelope]) -> set[str]:
    """The accounts whose keys are needed to mask the bank account numbers in these events."""
    return {event.account_id for event in events if _NUMBER in event.data}


def message(event: Envelope, keys: Keys) -> bytes:
    """The record's value, without sealed fields. A bank account number is masked but for its last four digits.

    Position and version are strings: a CloudEvents integer is at most 2^31 - 1, and a log can be longer.
    """
    data = public_data(event)
    if _NUMBER in event.data:
        data[_NUMBER] = masked_number(keys, event.account_id, event.data[_NUMBER])
    attributes = _attributes(event)
    value = orjson.dumps({**attributes, "data": data})
    if len(value) > BYTES_MAX:
        # Most often only the caller's metadata is so large. The event is published without it.
        data = {name: content for name, content in data.items() if name != METADATA}
        value = orjson.dumps({**attributes, "metadataomitted": True, "data": data})
    return value if len(value) <= BYTES_MAX else without_data(event)


def without_data(event: Envelope) -> bytes:
    """The record's value for an event whose data cannot be published: `GET /v1/events` has it."""
    return orjson.dumps({**_attributes(event), "dataomitted": True})


def _attributes(event: Envelope) -> dict[str, Any]:
    given: dict[str, Any] = {
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
    # CloudEvents has no null: an attribute without a value is left out.
    return {name: value for name, value in given.items() if value is not None}
