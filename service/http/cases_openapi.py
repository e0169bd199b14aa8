"""The part of the OpenAPI document that describes cases and deliveries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.ledger.cases import KINDS, STATES
from service.plugipay.inbound.stored_deliveries import VERDICTS

Schema = dict[str, Any]

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_TIME = {"type": "string", "format": "date-time"}
_WHOLE = {"type": "integer", "minimum": 1}
_YES_OR_NO = {"type": "boolean"}
_REASON = {"type": "string", "minLength": 1, "maxLength": 500}
_FLAG = {"enum": ["true", "false"]}


def _object(required: bool = True, **properties: Any) -> Schema:
    found: Schema = {"type": "object", "properties": properties}
    return {**found, "required": list(properties)} if required else found


def schemas() -> dict[str, Schema]:
    statement = _object(required=False, says=_TEXT, at=_TIME, reference=_TEXT, reason=_TEXT)
    parking = _object(
        waiting=_YES_OR_NO, endedAt=_NULLABLE_TIME, how={"enum": ["replayed", "dismissed", None]}, by=_NULLABLE_TEXT
    )
    delivery = _object(
        id=_TEXT,
        accountId={**_NULLABLE_TEXT, "description": "Null where nobody could be named."},
        lane=_WHOLE,
        provider=_TEXT,
        eventId=_NULLABLE_TEXT,
        verdict={"enum": list(VERDICTS)},
        reason=_NULLABLE_TEXT,
        signed=_YES_OR_NO,
        receivedAt=_NULLABLE_TIME,
        recordedAt=_TIME,
        origin=_TEXT,
        parking={"oneOf": [parking, {"type": "null"}]},
    )
    delivery["properties"] |= {
        "body": {**_TEXT, "description": "Only with ?body=true."},
        "bodyEncoding": {"enum": ["utf-8", "base64"]},
        "replay": {"oneOf": [_object(verdict={"enum": list(VERDICTS)}), {"type": "null"}]},
    }
    return {
        "Case": _object(
            id=_TEXT,
            accountId={**_NULLABLE_TEXT, "description": "Null where nobody could be named."},
            lane=_WHOLE,
            position=_WHOLE,
            kind={"enum": list(KINDS)},
            status={"enum": list(STATES)},
            payoutId=_NULLABLE_TEXT,
            providerPayoutId=_NULLABLE_TEXT,
            known={**_TEXT, "description": "What the ledger had."},
            said={**_TEXT, "description": "What it was told."},
            amount={"type": ["integer", "null"]},
            currency=_NULLABLE_TEXT,
            statements={"type": "array", "items": statement, "description": "What was said and not applied."},
            mayBeApplied=_YES_OR_NO,
            openedAt=_TIME,
            closedAt=_NULLABLE_TIME,
            reason=_NULLABLE_TEXT,
            closedBy=_NULLABLE_TEXT,
        ),
        "Closing": {
            "type": "object",
            "additionalProperties": False,
            "required": ["reason"],
            "properties": {"reason": _REASON, "apply": {"type": "boolean", "default": False}},
        },
        "Delivery": delivery,
        "Dismissal": {
            "type": "object",
            "additionalProperties": False,
            "required": ["reason"],
            "properties": {"reason": _REASON},
        },
    }


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def paths(operation: Callable[..., Schema], limit: Schema, cursor: Schema) -> dict[str, Schema]:
    """The operations; `operation` makes one as the rest of the document has them."""
    case, delivery = ({"$ref": f"#/components/schemas/{name}"} for name in ("Case", "Delivery"))
    account = _query("accountId", _TEXT, "Only this account's.")
    case_id, delivery_id = (
        [{"name": name, "in": "path", "required": True, "schema": _TEXT}] for name in ("caseId", "deliveryId")
    )
    return {
        "/cases": {
            "get": operation(
                "What a person has to look at, newest first",
                {"type": "array", "items": case},
                parameters=[
                    _query("status", {"enum": list(STATES)}, "Only these."),
                    _query("kind", {"enum": list(KINDS)}, "Only these."),
                    account,
                    limit,
                    cursor,
                ],
            )
        },
        "/cases/{caseId}": {"get": operation("One case, with both facts side by side", case, parameters=case_id)},
        "/cases/{caseId}/close": {
            "post": operation(
                "Close a case; `apply` takes the provider at its word first", case, body="Closing", parameters=case_id
            )
        },
        "/deliveries": {
            "get": operation(
                "What arrived from the provider, newest first",
                {"type": "array", "items": delivery},
                parameters=[
                    _query("verdict", {"enum": list(VERDICTS)}, "Only these."),
                    _query("waiting", _FLAG, "true: only those that wait for a person."),
                    account,
                    limit,
                    cursor,
                ],
            )
        },
        "/deliveries/{deliveryId}": {
            "get": operation(
                "One delivery",
                delivery,
                parameters=[*delivery_id, _query("body", _FLAG, "true: with what arrived (needs payout:read too).")],
            )
        },
        "/deliveries/{deliveryId}/replay": {
            "post": operation("Take a parked delivery in once more", delivery, parameters=delivery_id)
        },
        "/deliveries/{deliveryId}/dismiss": {
            "post": operation(
                "Say that a parked delivery will not be taken in", delivery, body="Dismissal", parameters=delivery_id
            )
        },
    }
