"""The part of the OpenAPI document that describes payout schedules and disputes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from events.disputes.state import DISPUTE_OPEN, LOST, WON
from events.fields import DAYS_MAX, WEEKDAYS

Schema = dict[str, Any]

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_DATE = {"type": "string", "format": "date"}
_NULLABLE_DATE = {"type": ["string", "null"], "format": "date"}
_NUMBER = {"type": "integer"}
_DAY = {
    "anyOf": [{"enum": list(WEEKDAYS)}, {"type": "integer", "minimum": 1, "maximum": DAYS_MAX}, {"type": "null"}],
    "description": "A weekday, or a day of the month, of which 31 is the last.",
}


def _object(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def schemas() -> dict[str, Schema]:
    policy = _object(
        schedule={"enum": ["off", "daily", "weekly", "monthly"]},
        cutoff=_or_null(_object(day=_DAY, time=_TEXT)),
        payDay=_DAY,
        automatic={"type": "boolean"},
        minimum=_NUMBER,
        reserve=_NUMBER,
        zone=_TEXT,
        country=_NULLABLE_TEXT,
    )
    last = _object(
        payDate=_DATE,
        cutoffAt=_TIME,
        outcome={"type": "string", "description": "requested, or the code of why it was not."},
        amount=_NUMBER,
        payoutId=_NULLABLE_TEXT,
        reason=_NULLABLE_TEXT,
        endedAt=_TIME,
    )
    return {
        "PayoutSchedule": _object(
            accountId=_TEXT,
            currency=_TEXT,
            policy=policy,
            available=_NUMBER,
            nextCutoffAt=_NULLABLE_TIME,
            nextPayDate=_NULLABLE_DATE,
            nextPayAt=_NULLABLE_TIME,
            setApart={
                "type": "array",
                "items": _object(cutoffAt=_TIME, payDate=_DATE, payAt=_TIME, amount=_NUMBER),
                "description": "What was available at cutoffs whose pay date is to come, less what left since.",
            },
            last=_or_null(last),
        ),
        "Dispute": _object(
            id=_TEXT,
            accountId=_TEXT,
            reference=_TEXT,
            currency=_TEXT,
            amount=_NUMBER,
            status={"enum": [DISPUTE_OPEN, WON, LOST]},
            reason=_TEXT,
            openedAt=_TIME,
            resolvedAt=_NULLABLE_TIME,
            resolution=_NULLABLE_TEXT,
            orderHeld={**_NUMBER, "description": "What is held of the order, for all its disputes."},
            position=_NUMBER,
        ),
    }


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def paths(operation: Callable[..., Schema], limit: Schema, cursor: Schema, position: Schema) -> Schema:
    dispute = {"$ref": "#/components/schemas/Dispute"}
    return {
        "/payouts/schedule": {
            "get": operation(
                "Payout policies, what is due by them, and how it went last time",
                {"type": "array", "items": {"$ref": "#/components/schemas/PayoutSchedule"}},
                parameters=[_query("currency", _TEXT, "Default: all of the account's."), position],
            )
        },
        "/disputes": {
            "get": operation(
                "Disputes, newest first",
                {"type": "array", "items": dispute},
                parameters=[
                    _query("status", {"enum": [DISPUTE_OPEN, WON, LOST]}, "Only these."),
                    _query("reference", _TEXT, "Only of this order."),
                    limit,
                    cursor,
                ],
            )
        },
        "/disputes/{disputeId}": {
            "get": operation(
                "One dispute",
                dispute,
                parameters=[{"name": "disputeId", "in": "path", "required": True, "schema": _TEXT}],
            )
        },
    }
