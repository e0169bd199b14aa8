"""The part of the OpenAPI document that describes marketplaces: statements and channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from events.channels.observe import FIELDS
from events.statements.periods import CYCLES
from service.http.statements import ORIGINS, STATEMENT_CHANNELS
from service.marketplaces.channels import CHANNELS

Schema = dict[str, Any]

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_TIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}


def _object(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def schemas() -> dict[str, Schema]:
    finding = _object(rule=_TEXT, expected=_TEXT, actual=_TEXT, difference=_TEXT)
    texts = {name[0].lower() + name[1:]: _NULLABLE_TEXT for name in FIELDS}
    line = _object(
        position=_COUNT,
        type=_TEXT,
        effectiveAt=_TIME,
        recordedAt=_TIME,
        reference=_NULLABLE_TEXT,
        field=_TEXT,
        within={**_NULLABLE_TEXT, "description": "The part of that field that it counts in as well."},
        amount={**_TEXT, "description": "Exact; in the direction of its field."},
        currency=_TEXT,
    )
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
                "channel": {"enum": list(STATEMENT_CHANNELS)},
                "seller": _NULLABLE_TEXT,
                "source": _TEXT,
                "currency": _TEXT,
                "paid": {"type": ["boolean", "null"], "description": "Null where the source does not say."},
                "createdInstant": _NULLABLE_TIME,
                "updatedInstant": _NULLABLE_TIME,
                "collects": {"enum": ["seller", "platform"]},
                "reference": _NULLABLE_TEXT,
                "previousStatement": _NULLABLE_TEXT,
                "findings": {"type": "array", "items": finding},
                "digest": _NULLABLE_TEXT,
                "position": _COUNT,
            }
        ),
        "OneStatement": {
            "allOf": [{"$ref": "#/components/schemas/Statement"}],
            "properties": {
                "cycle": {"enum": list(CYCLES), "description": "This and what follows: only of the ledger's own."},
                "zone": _TEXT,
                "startsAt": _TIME,
                "endsAt": _TIME,
                "afterPosition": _COUNT,
                "throughPosition": _COUNT,
                "guaranteeDepositChange": _TEXT,
                "lines": {"type": "array", "items": line},
            },
        },
        "Channel": _object(
            channel={"enum": list(CHANNELS)},
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
    of_statement = {"enum": list(STATEMENT_CHANNELS)}

    def many(model: str) -> Schema:
        return {"type": "array", "items": {"$ref": f"#/components/schemas/{model}"}}

    return {
        "/statements": {
            "get": operation(
                "Statements, marketplaces' and the ledger's own, the last to become known first",
                many("Statement"),
                parameters=[
                    _query("source", {"enum": list(ORIGINS)}, "Only the ledger's own, or only marketplaces'."),
                    _query("channel", of_statement, "Only of this channel; the ledger's own are of `ledger`."),
                    _query("paid", {"enum": ["true", "false"]}, "Only these."),
                    _query("createdAfter", {"type": "string", "format": "date-time"}, "Only those created later."),
                    limit,
                    cursor,
                ],
            )
        },
        "/statements/{number}": {
            "get": operation(
                "One statement; of the ledger's own, on request, every event with the field that it counts in",
                {"$ref": "#/components/schemas/OneStatement"},
                parameters=[
                    {"name": "number", "in": "path", "required": True, "schema": _TEXT},
                    _query("channel", of_statement, "Where several channels have a statement of this number."),
                    _query("lines", {"enum": ["true", "false"]}, "Whether to tell what it is made of."),
                    _query("format", {"enum": ["json", "csv"]}, "`csv` gives all lines and nothing else."),
                    _query("limit", _COUNT, "Lines on a page; one ends with an event, so it may have two more."),
                    cursor,
                ],
            )
        },
        "/channels": {"get": operation("What each marketplace can tell, and by what", many("Channel"))},
    }
