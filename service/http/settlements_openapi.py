"""The part of the OpenAPI document that describes settlements: their totals and their lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Kind, Level, Stage

Schema = dict[str, Any]

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_AMOUNT = {
    "type": ["string", "null"],
    "description": "A decimal in major units; what lowers what the channel owes the seller is negative.",
}
_BY = {"enum": ["reported", "derived", "not_available"]}
_CHANNEL = {"enum": list(CHANNELS)}
_POSITION = {"type": "integer", "minimum": 1}


def _object(required: list[str], **properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": required}


def schemas() -> dict[str, Schema]:
    residual = _object(["name", "amount"], name=_TEXT, amount=_TEXT)
    return {
        "Settlement": _object(
            ["channel", "level", "currency", "payoutAmount", "payoutBy", "commissionFee", "commissionBy", "position"],
            channel=_CHANNEL,
            level={"enum": [level.value for level in Level]},
            statement=_NULLABLE_TEXT,
            invoice=_NULLABLE_TEXT,
            order=_NULLABLE_TEXT,
            item=_NULLABLE_TEXT,
            currency=_TEXT,
            payoutAmount=_AMOUNT,
            payoutBy=_BY,
            commissionFee=_AMOUNT,
            commissionBy=_BY,
            feesTotal=_AMOUNT,
            releasedAmount=_AMOUNT,
            releasedAt=_NULLABLE_TIME,
            groupedBy={"enum": ["statement", "withdrawal", "release_day", "unreleased"]},
            key={**_TEXT, "description": "Of level global: the statement, withdrawal or local day."},
            withdrawn=_AMOUNT,
            residual={"oneOf": [residual, {"type": "null"}]},
            at=_NULLABLE_TIME,
            stage={"enum": [stage.value for stage in Stage]},
            seller=_NULLABLE_TEXT,
            source=_TEXT,
            position=_POSITION,
        ),
        "SettlementLine": _object(
            ["channel", "source", "reference", "line", "level", "kind", "stage", "amount", "currency", "field", "text"],
            channel=_CHANNEL,
            source=_TEXT,
            reference={**_TEXT, "description": "The money, within the channel: what tells of it again has it too."},
            line={"type": "integer", "minimum": 1},
            level={"enum": [level.value for level in Level]},
            kind={"enum": [kind.value for kind in Kind]},
            stage={"enum": [stage.value for stage in Stage]},
            amount=_AMOUNT,
            currency=_TEXT,
            field={**_TEXT, "description": "The source's own name for it."},
            text={**_TEXT, "description": "The source's own amount, with its own sign."},
            partOf=_NULLABLE_TEXT,
            statement=_NULLABLE_TEXT,
            invoice=_NULLABLE_TEXT,
            order=_NULLABLE_TEXT,
            item=_NULLABLE_TEXT,
            occurredAt=_NULLABLE_TIME,
            state={"type": "boolean", "description": "Whether money is booked by its record."},
            counts={"type": "boolean", "description": "Whether totals are made of it."},
            seller=_NULLABLE_TEXT,
            position=_POSITION,
        ),
    }


def paths(operation: Callable[..., Schema], limit: Schema, cursor: Schema) -> Schema:
    def query(name: str, schema: Schema, description: str) -> Schema:
        return {"name": name, "in": "query", "schema": schema, "description": description, "required": False}

    def many(model: str) -> Schema:
        return {"type": "array", "items": {"$ref": f"#/components/schemas/{model}"}}

    named = [
        query("channel", _CHANNEL, "Only of this channel."),
        query("order", _TEXT, "Only of this order."),
        query("statement", _TEXT, "Only of this statement."),
        query("invoice", _TEXT, "Only of this invoice."),
        query("minPosition", {"type": "integer", "minimum": 0}, "Wait until the settlements are at this position."),
        limit,
        cursor,
    ]
    time = {"type": "string", "format": "date-time"}
    return {
        "/settlements": {
            "get": operation(
                "What statements, orders or items pay and cost",
                many("Settlement"),
                parameters=[
                    query("level", {"enum": [level.value for level in Level], "default": "order"}, "How finely."),
                    query("from", time, "Only what was released, or made, then or later."),
                    query("before", time, "Only what was released, or made, before."),
                    *named,
                ],
            )
        },
        "/settlements/lines": {
            "get": operation(
                "What sources say, line by line",
                many("SettlementLine"),
                parameters=[query("item", _TEXT, "Only of this item."), *named],
            )
        },
    }
