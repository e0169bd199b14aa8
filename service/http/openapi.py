"""The OpenAPI document, made from the same models and tables that the service runs on."""

from __future__ import annotations

from functools import cache
from typing import Any

from aiohttp import web

from events.currency import AMOUNT_MAX
from events.payouts.state import PAYOUT_STATUSES
from service.http.cases_openapi import paths as case_paths
from service.http.cases_openapi import schemas as case_schemas
from service.http.commands import ANY_COMMAND, COMMANDS_MAX
from service.http.errors import STATUSES
from service.http.imports_openapi import paths as import_paths
from service.http.imports_openapi import schemas as import_schemas
from service.http.payout_policy_openapi import paths as policy_paths
from service.http.payout_policy_openapi import schemas as policy_schemas
from service.http.reconciliation_openapi import paths as reconciliation_paths
from service.http.reconciliation_openapi import schemas as reconciliation_schemas
from service.http.settlements_openapi import paths as settlement_paths
from service.http.settlements_openapi import schemas as settlement_schemas
from service.http.statements_openapi import paths as statement_paths
from service.http.statements_openapi import schemas as statement_schemas
from service.http.webhook_endpoints_openapi import paths as webhook_paths
from service.http.webhook_endpoints_openapi import schemas as webhook_schemas
from service.ledger.cases import KINDS

_SCHEMA = "#/components/schemas/{model}"
_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
_AMOUNT = {"type": "integer", "minimum": 1, "maximum": AMOUNT_MAX, "description": "The currency's minor unit."}
_TOTAL = {"type": "integer", "description": "The currency's minor unit."}


def routes() -> list[web.RouteDef]:
    return [web.get("/openapi.json", serve)]


async def serve(_request: web.Request) -> web.Response:
    return web.json_response(document())


@cache
def document() -> dict[str, Any]:
    commands = ANY_COMMAND.json_schema(by_alias=True, ref_template=_SCHEMA)
    schemas = commands.pop("$defs")
    schemas["Command"] = commands
    schemas |= _schemas()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "payout-ledger",
            "version": "1",
            "description": "An event-sourced payout ledger. Paths are served under /v1 and /api/v1.",
        },
        "servers": [{"url": "/v1"}, {"url": "/api/v1"}],
        "security": [{"bearer": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "sk_live_... or sk_test_..."}
            },
            "schemas": schemas,
        },
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _schemas() -> dict[str, Any]:
    bank = {"bankCode": _NULLABLE_TEXT, "bankName": _TEXT, "bankAccountNumber": _TEXT, "bankAccountHolder": _TEXT}
    return {
        "Payout": _object(
            id=_TEXT,
            accountId=_TEXT,
            amount=_AMOUNT,
            currency=_TEXT,
            status={"enum": list(PAYOUT_STATUSES)},
            backend={"enum": ["manual", "plugipay"]},
            **bank,
            bankAccountKnown={"type": "boolean"},
            reference=_NULLABLE_TEXT,
            providerPayoutId=_NULLABLE_TEXT,
            failureReason=_NULLABLE_TEXT,
            note=_NULLABLE_TEXT,
            requestedAt={"type": "string", "format": "date-time"},
            inTransitAt=_NULLABLE_TIME,
            paidAt=_NULLABLE_TIME,
            failedAt=_NULLABLE_TIME,
            cancelledAt=_NULLABLE_TIME,
            returnedAt=_NULLABLE_TIME,
            submission={
                "enum": ["started", "accepted", "unknown", None],
                "description": "How far its submission to the provider is; null before it began.",
            },
            cancelRequestedAt=_NULLABLE_TIME,
            cases={"type": "array", "items": {"enum": list(KINDS)}, "description": "Kinds of its open cases."},
        ),
        "Balance": _object(
            available=_TOTAL,
            pending=_TOTAL,
            reserved=_TOTAL,
            held=_TOTAL,
            paidOut=_TOTAL,
            currency=_TEXT,
            lane={"type": "integer"},
            position={"type": "integer"},
        ),
        "BankAccount": _object(
            accountId=_TEXT,
            configured={"type": "boolean"},
            bankAccountKnown={"type": "boolean"},
            **dict.fromkeys(bank, _NULLABLE_TEXT),
        ),
        "NewBankAccount": {
            "type": "object",
            "additionalProperties": False,
            "required": ["bankName", "bankAccountNumber", "bankAccountHolder"],
            "properties": {
                "bankCode": {"type": ["string", "null"], "minLength": 1, "maxLength": 32},
                "bankName": {"type": "string", "minLength": 1, "maxLength": 100},
                "bankAccountNumber": {"type": "string", "minLength": 1, "maxLength": 50},
                "bankAccountHolder": {"type": "string", "minLength": 1, "maxLength": 100},
            },
        },
        "NewPayout": {
            "type": "object",
            "additionalProperties": False,
            "required": ["amount", "currency"],
            "properties": {
                "amount": _AMOUNT,
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "note": {"type": ["string", "null"], "maxLength": 500},
                "bankCode": {"type": ["string", "null"], "minLength": 1, "maxLength": 32},
                "bankName": {"type": ["string", "null"], "minLength": 1, "maxLength": 100},
                "bankAccountNumber": {"type": ["string", "null"], "minLength": 1, "maxLength": 50},
                "bankAccountHolder": {"type": ["string", "null"], "minLength": 1, "maxLength": 100},
            },
        },
        "Transfer": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"reference": {"type": ["string", "null"], "minLength": 1, "maxLength": 200}},
        },
        "Failure": {
            "type": "object",
            "additionalProperties": False,
            "required": ["failureReason"],
            "properties": {"failureReason": {"type": "string", "minLength": 1, "maxLength": 500}},
        },
        "Commands": {
            "type": "object",
            "additionalProperties": False,
            "required": ["commands"],
            "properties": {
                "commands": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": COMMANDS_MAX,
                    "items": {"$ref": _SCHEMA.format(model="Command")},
                },
                "atomic": {"type": "boolean", "default": False},
            },
        },
        **webhook_schemas(),
        **case_schemas(),
        **statement_schemas(),
        **settlement_schemas(),
        **import_schemas(),
        **reconciliation_schemas(),
        **policy_schemas(),
        "Error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"enum": sorted(STATUSES)},
                "message": _TEXT,
                "field": _TEXT,
                "details": {"type": "object"},
            },
        },
    }


def _answer(schema: dict[str, Any], description: str) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "required": ["data", "error", "meta"],
        "properties": {"data": schema, "error": {"type": "null"}, "meta": {"type": "object"}},
    }
    return {"description": description, "content": {"application/json": {"schema": envelope}}}


def _operation(
    summary: str, answer: dict[str, Any], *, status: int = 200, body: str | None = None, **more: Any
) -> dict[str, Any]:
    failure = {
        "description": "Refused: `error` says why.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"error": {"$ref": _SCHEMA.format(model="Error")}}}
            }
        },
    }
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {str(status): _answer(answer, summary), "default": failure},
        **more,
    }
    if body is not None:
        operation["requestBody"] = {
            "required": "required" in _schemas()[body],
            "content": {"application/json": {"schema": {"$ref": _SCHEMA.format(model=body)}}},
        }
    return operation


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _paths() -> dict[str, Any]:
    payout = {"$ref": _SCHEMA.format(model="Payout")}
    balance = {"$ref": _SCHEMA.format(model="Balance")}
    bank = {"$ref": _SCHEMA.format(model="BankAccount")}
    many: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
    number = {"type": "integer", "minimum": 0}
    position = _query("minPosition", number, "Wait until the account's lane has reached this position.")
    payout_id = [{"name": "payoutId", "in": "path", "required": True, "schema": _TEXT}]
    limit = _query("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}, "How many at most.")
    cursor = _query("cursor", _TEXT, "meta.cursor of the page before.")
    status = _query("status", {"enum": list(PAYOUT_STATUSES)}, "Only payouts in this status.")
    return {
        "/payouts": {
            "get": _operation(
                "Payouts, newest first",
                {"type": "array", "items": payout},
                parameters=[status, limit, cursor, position],
            ),
            "post": _operation("Request a payout", payout, status=201, body="NewPayout"),
        },
        "/payouts/bank-account": {
            "get": _operation("The configured bank account", bank, parameters=[position]),
            "patch": _operation("Set the bank account", bank, body="NewBankAccount"),
        },
        "/payouts/balance": {
            "get": _operation(
                "The balance, at a position",
                balance,
                parameters=[_query("currency", _TEXT, "Default: the account's first."), position],
            )
        },
        "/payouts/{payoutId}": {"get": _operation("One payout", payout, parameters=[*payout_id, position])},
        **{
            f"/payouts/{{payoutId}}/{verb}": {"post": _operation(summary, payout, body=body, parameters=payout_id)}
            for verb, summary, body in (
                ("cancel", "Call a pending payout off, or ask the provider to", None),
                ("mark-in-transit", "Manual payouts: it was sent", "Transfer"),
                ("mark-paid", "Manual payouts: it arrived", "Transfer"),
                ("mark-failed", "Manual payouts: it failed", "Failure"),
            )
        },
        "/commands": {
            "post": _operation(
                "Carry out commands, each for itself or all or none",
                {"type": "object"},
                body="Commands",
                parameters=[_query("dryRun", {"type": "boolean"}, "Decide, and change nothing.")],
            )
        },
        **webhook_paths(_operation, limit, cursor),
        **case_paths(_operation, limit, cursor),
        **statement_paths(_operation, limit, cursor),
        **settlement_paths(_operation, limit, cursor),
        **import_paths(_operation, limit, cursor),
        **reconciliation_paths(_operation, limit, cursor),
        **policy_paths(_operation, limit, cursor, position),
        "/accounts": {"get": _operation("The accounts that the key may see", many, parameters=[limit, cursor])},
        "/accounts/{accountId}": {
            "get": _operation(
                "One account",
                {"type": "object"},
                parameters=[{"name": "accountId", "in": "path", "required": True, "schema": _TEXT}],
            )
        },
        "/events": {
            "get": _operation(
                "The log in order",
                many,
                parameters=[
                    _query("lane", number, "Default 1."),
                    _query("after", number, "The last position already read."),
                    _query(
                        "limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "How many at most."
                    ),
                ],
            )
        },
    }
