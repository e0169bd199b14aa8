"""The part of the OpenAPI document that describes reconciliation: rows, bank entries, and banks' statements taken in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projections.reconciliation import ItemState
from service.reconciliation.claims import KINDS
from service.reconciliation.items import BY_BANK, BY_CHANNEL, BY_LEDGER, BY_MATCH, BY_PROPOSAL
from service.reconciliation.rows import ALL, OPEN

Schema = dict[str, Any]

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_DAY = {"type": ["string", "null"], "format": "date"}
_COUNT = {"type": "integer", "minimum": 0}
_MAJOR = {"type": ["string", "null"], "description": "Major units, as exact decimal text."}
_MINOR = {"type": "integer", "description": "The currency's minor unit."}


def _object(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _many(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def schemas() -> dict[str, Schema]:
    finding = _object(rule=_TEXT, expected=_TEXT, actual=_TEXT, difference=_TEXT)
    candidate = {
        "type": "object",
        "properties": {
            "entryId": _TEXT,
            "target": _TEXT,
            "amount": _TEXT,
            "by": {"enum": ["reference", "amount"]},
            "on": _DAY,
            "chosen": {"type": "boolean", "description": "Whether it is beyond doubt, and counted as paid."},
        },
        "required": ["amount", "by", "on", "chosen"],
    }
    evidence = [BY_MATCH, BY_PROPOSAL, BY_CHANNEL, BY_LEDGER, BY_BANK, None]
    return {
        "ReconciliationRow": _object(
            kind={"enum": list(KINDS)},
            id=_TEXT,
            channel=_NULLABLE_TEXT,
            seller=_NULLABLE_TEXT,
            currency=_TEXT,
            date=_DAY,
            dueOn=_DAY,
            state={"enum": [state.value for state in ItemState]},
            expected=_MAJOR,
            paid=_MAJOR,
            difference=_MAJOR,
            tolerance=_MAJOR,
            paidAt=_NULLABLE_TEXT,
            evidence={"enum": evidence},
            bankReferences=_many(_TEXT),
            matches=_many(_object(matchId=_TEXT, entryId=_TEXT, amount=_TEXT, on=_DAY)),
            candidates=_many(candidate),
            residual={"oneOf": [_object(name=_TEXT, amount=_TEXT), {"type": "null"}]},
            findings=_many(finding),
        ),
        "BankEntry": _object(
            id=_TEXT,
            accountId=_TEXT,
            bankAccount=_TEXT,
            currency=_TEXT,
            amount=_MINOR,
            claimed=_MINOR,
            bookedOn=_DAY,
            valueOn=_DAY,
            reference=_NULLABLE_TEXT,
            references=_many(_TEXT),
            remittance=_NULLABLE_TEXT,
            counterparty=_NULLABLE_TEXT,
            reversal={"type": "boolean"},
            source=_TEXT,
            findings=_many(finding),
            position=_COUNT,
            matches=_many(
                _object(
                    id=_TEXT,
                    targets=_many({"type": "object"}),
                    reason=_TEXT,
                    madeBy=_TEXT,
                    madeAt=_TEXT,
                    unmadeAt=_NULLABLE_TEXT,
                    unmadeBy=_NULLABLE_TEXT,
                    unmadeReason=_NULLABLE_TEXT,
                )
            ),
        ),
        "BankImported": _object(
            id=_TEXT,
            read=_COUNT,
            new=_COUNT,
            known=_COUNT,
            statements=_COUNT,
            unreadable=_COUNT,
            problems=_many(_object(place=_TEXT, reason=_TEXT)),
        ),
    }


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description, "required": False}


def paths(operation: Callable[..., Schema], limit: Schema, cursor: Schema) -> Schema:
    rows = operation(
        "What is expected against what was paid: the open differences, if no state is named",
        _many({"$ref": "#/components/schemas/ReconciliationRow"}),
        parameters=[
            _query(
                "state",
                {"enum": [OPEN, ALL, *(state.value for state in ItemState)]},
                "Only these; open is the default.",
            ),
            _query("kind", {"enum": list(KINDS)}, "Only these."),
            _query("channel", _TEXT, "Only of this channel."),
            _query("currency", _TEXT, "Only in this currency."),
            _query("from", {"type": "string", "format": "date"}, "Of this day or later."),
            _query("to", {"type": "string", "format": "date"}, "Of this day or earlier."),
            _query(
                "reference",
                _TEXT,
                "A bank's reference, a statement's number, a payout's id, or a word of a remittance.",
            ),
            _query("amount", _TEXT, "Expected or paid, in major units, whichever its sign."),
            _query("format", {"enum": ["json", "csv"]}, "As CSV, as Accept: text/csv does; without a limit, all rows."),
            limit,
            cursor,
        ],
    )
    imported = operation(
        "Take a bank's statement in: camt.053, CSV or XLSX, streamed",
        {"$ref": "#/components/schemas/BankImported"},
        parameters=[
            _query("bankAccount", _TEXT, "The bank account's number, for files that name none."),
            _query("currency", _TEXT, "For tables."),
            _query(
                "columns", _TEXT, "A table's headings, as date=Tanggal;amount=Jumlah, where they are not common ones."
            ),
            _query("decimal", {"enum": ["comma", "dot"]}, "What decimals stand behind, where amounts leave it open."),
            _query("dates", {"enum": ["dmy", "mdy"]}, "The order of 11/09/2026; day first is the default."),
            _query("file", _TEXT, "What it is called: part of each record's place."),
        ],
    )
    imported["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    entry = {"name": "entryId", "in": "path", "required": True, "schema": _TEXT}
    return {
        "/reconciliation": {"get": rows},
        "/bank-entries/{entryId}": {
            "get": operation(
                "A bank entry, and what it was said to be for",
                {"$ref": "#/components/schemas/BankEntry"},
                parameters=[entry],
            )
        },
        "/bank-statements": {"post": imported},
    }
