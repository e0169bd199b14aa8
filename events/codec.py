"""Between events and their stored form: the name, the schema version, and the data.

`encode` and `decode` are inverse for the current schema version. An older version is brought up to date by its
upcaster before it is decoded; stored bytes stay as they are.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import get_args

from events.catalog import AnyEvent
from events.chain import Envelope
from events.values import Data

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
