"""The part of the OpenAPI document that describes webhook endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from events.canonical import INTEGER_MAX
from service.http.webhook_deliveries import STATUSES
from service.http.webhook_endpoints import DESCRIPTION_MAX
from service.outgoing.address_guard import URL_LENGTH_MAX
from service.outgoing.endpoints import OVERLAP_SECONDS, OVERLAP_SECONDS_MAX
from service.outgoing.event_names import NAMES, PATTERNS_MAX

Schema = dict[str, Any]

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_WHOLE = {"type": "integer", "minimum": 0}
_URL = {"type": "string", "maxLength": URL_LENGTH_MAX}
_DESCRIPTION = {"type": ["string", "null"], "maxLength": DESCRIPTION_MAX}
_PATTERNS = {
    "type": "array",
    "minItems": 1,
    "maxItems": PATTERNS_MAX,
    "items": _TEXT,
    "description": f"`*`, `prefix.*`, or one of {', '.join(sorted(set(NAMES.values())))}",
}


def _object(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def schemas() -> dict[str, Schema]:
    replay = _object(fromPosition=_WHOLE, toPosition=_WHOLE, done={"type": "boolean"})
    endpoint = _object(
        id=_TEXT,
        accountId=_TEXT,
        url=_URL,
        events=_PATTERNS,
        description=_DESCRIPTION,
        enabled={"type": "boolean"},
        disabledReason={"enum": ["gone", "failing", None]},
        afterPosition=_WHOLE,
        failures=_WHOLE,
        failingSince=_NULLABLE_TIME,
        replay={"oneOf": [replay, {"type": "null"}]},
        createdAt=_TIME,
        updatedAt=_TIME,
    )
    endpoint["properties"]["secret"] = {**_TEXT, "description": "Only where it has just been made."}
    attempt = _object(
        attempt=_WHOLE,
        at=_TIME,
        milliseconds=_WHOLE,
        status={"type": ["integer", "null"]},
        problem=_NULLABLE_TEXT,
    )
    return {
        "WebhookEndpoint": endpoint,
        "WebhookDelivery": _object(
            id={**_TEXT, "description": "The event's id, which every attempt has as `webhook-id`."},
            type=_TEXT,
            position=_WHOLE,
            status={"enum": list(STATUSES)},
            queuedAt=_TIME,
            nextAttemptAt=_NULLABLE_TIME,
            deliveredAt=_NULLABLE_TIME,
            attempts={"type": "array", "items": attempt},
        ),
        "NewWebhookEndpoint": {
            "type": "object",
            "additionalProperties": False,
            "required": ["url"],
            "properties": {"url": _URL, "events": {**_PATTERNS, "default": ["*"]}, "description": _DESCRIPTION},
        },
        "WebhookEndpointChange": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "url": _URL,
                "events": _PATTERNS,
                "description": _DESCRIPTION,
                "enabled": {"type": "boolean"},
            },
        },
        "Rotation": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "overlapSeconds": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": OVERLAP_SECONDS_MAX,
                    "default": OVERLAP_SECONDS,
                }
            },
        },
        "Replay": {
            "type": "object",
            "additionalProperties": False,
            "required": ["fromPosition"],
            "properties": {"fromPosition": {"type": "integer", "minimum": 1, "maximum": INTEGER_MAX}},
        },
    }


def paths(operation: Callable[..., Schema], limit: Schema, cursor: Schema) -> dict[str, Schema]:
    """The operations; `operation` makes one as the rest of the document has them."""
    endpoint = {"$ref": "#/components/schemas/WebhookEndpoint"}
    delivery = {"$ref": "#/components/schemas/WebhookDelivery"}
    one = [{"name": "endpointId", "in": "path", "required": True, "schema": _TEXT}]
    of_delivery = [*one, {"name": "deliveryId", "in": "path", "required": True, "schema": _TEXT}]
    status = {"name": "status", "in": "query", "schema": {"enum": list(STATUSES)}, "description": "Only these."}
    base = "/webhook-endpoints"
    return {
        base: {
            "get": operation("The account's webhook endpoints", {"type": "array", "items": endpoint}),
            "post": operation("Add a webhook endpoint, switched off", endpoint, status=201, body="NewWebhookEndpoint"),
        },
        f"{base}/{{endpointId}}": {
            "get": operation("One webhook endpoint", endpoint, parameters=one),
            "patch": operation(
                "Change it, switch it on or off", endpoint, body="WebhookEndpointChange", parameters=one
            ),
            "delete": operation("Delete it", {"type": "object"}, parameters=one),
        },
        f"{base}/{{endpointId}}/rotate-secret": {
            "post": operation("Give it a new secret", endpoint, body="Rotation", parameters=one)
        },
        f"{base}/{{endpointId}}/replay": {
            "post": operation(
                "Send it what happened from a position on", endpoint, status=202, body="Replay", parameters=one
            )
        },
        f"{base}/{{endpointId}}/deliveries": {
            "get": operation(
                "What was sent to it, newest event first",
                {"type": "array", "items": delivery},
                parameters=[*one, status, limit, cursor],
            )
        },
        f"{base}/{{endpointId}}/deliveries/{{deliveryId}}/resend": {
            "post": operation("Send a delivery again", {"type": "object"}, status=202, parameters=of_delivery)
        },
    }
