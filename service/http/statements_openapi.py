"""The part of the OpenAPI document that describes marketplaces: statements and channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from events.channels import FIELDS
from service.marketplaces.sources import SOURCES

Schema = dict[str, Any]

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}


def _object(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def schemas() -> dict[str, Schema]:
    finding = _object(rule=_TEXT, expected=_TEXT, actual=_TEXT, difference=_TEXT)
    texts = {name[0].lower() + name[1:]: _NULLABLE_TEXT for name in FIELDS}
    way = _object(by=_TEXT, grade=_TEXT, through=_TEXT)
    cell = _object(
        measure=_TEXT,
        level=_NULLABLE_TEXT,
        available={"type": "boolean"},
        by=_TEXT,
        ways={"type": "array", "items": way},
    )
    return {
        "Statement": _object(
            **{
                **texts,
                "statementNumber": _TEXT,
                "channel": {"enum": list(SOURCES)},
                "seller": _NULLABLE_TEXT,
                "source": _TEXT,
                "currency": _TEXT,
                "paid": {"type": ["boolean", "null"], "description": "Null where the source does not say."},
                "createdInstant": _NULLABLE_TIME,
                "updatedInstant": _NULLABLE_TIME,
                "collects": {"enum": ["seller", "platform"]},
                "reference": _TEXT,
                "previousStatement": _NULLABLE_TEXT,
                "findings": {"type": "array", "items": finding},
                "digest": _TEXT,
                "position": _COUNT,
            }
        ),
        "Channel": _object(
            channel={"enum": list(SOURCES)},
            period=_TEXT,
            booksAt=_TEXT,
            reads={"type": "array", "items": _TEXT},
            pulls={"type": "boolean"},
            cells={"type": "array", "items": cell},
        ),
    }


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def paths(operation: Callable[..., Schema], limit: Schema, cursor: Schema) -> Schema:
    channel = {"enum": list(SOURCES)}

    def many(model: str) -> Schema:
        return {"type": "array", "items": {"$ref": f"#/components/schemas/{model}"}}

    return {
        "/statements": {
            "get": operation(
                "Marketplaces' statements, the last to become known first",
                many("Statement"),
                parameters=[
                    _query("channel", channel, "Only of this channel."),
                    _query("paid", {"enum": ["true", "false"]}, "Only these."),
                    _query("createdAfter", {"type": "string", "format": "date-time"}, "Only those created later."),
                    limit,
                    cursor,
                ],
            )
        },
        "/channels": {"get": operation("What each marketplace can tell, and by what", many("Channel"))},
    }
