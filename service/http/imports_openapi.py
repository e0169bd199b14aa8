"""The part of the OpenAPI document that describes imports of marketplaces' files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.imports.import_records import STATES
from service.marketplaces.channels import CHANNELS

Schema = dict[str, Any]

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}
_ID = {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"}


def _object(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def schemas() -> dict[str, Schema]:
    problem = _object(place=_TEXT, reason=_TEXT, deliveryId={"type": "string", "format": "uuid"})
    listed = _object(
        id=_ID,
        channel={"enum": list(CHANNELS)},
        file=_TEXT,
        state={"enum": list(STATES)},
        bytes={**_COUNT, "description": "Read so far."},
        bytesTotal=_COUNT,
        read={**_COUNT, "description": "Records that are taken in."},
        new=_COUNT,
        changed=_COUNT,
        unchanged=_COUNT,
        lines=_COUNT,
        unreadable=_COUNT,
        error={
            "type": ["object", "null"],
            "properties": {"code": _TEXT, "message": _TEXT, "field": _TEXT},
            "description": "Why it failed.",
        },
        startedAt=_TIME,
        updatedAt=_TIME,
        endedAt={"type": ["string", "null"], "format": "date-time"},
    )
    first = {"type": "array", "items": {"$ref": "#/components/schemas/ImportProblem"}, "maxItems": 100}
    return {
        "ImportProblem": problem,
        "ListedImport": listed,
        "Import": _object(**listed["properties"], problems={**first, "description": "The first hundred."}),
        "BegunImport": _object(id=_ID, state={"enum": list(STATES)}),
    }


def paths(operation: Callable[..., Schema], limit: Schema, cursor: Schema) -> Schema:
    def query(name: str, schema: Schema, description: str, *, required: bool = False) -> Schema:
        return {"name": name, "in": "query", "schema": schema, "description": description, "required": required}

    def header(name: str, schema: Schema, description: str) -> Schema:
        return {"name": name, "in": "header", "schema": schema, "description": description}

    def one(model: str) -> Schema:
        return {"$ref": f"#/components/schemas/{model}"}

    imported = operation(
        "Take a marketplace's file in, streamed; sent again under its id, it goes on where it stopped",
        one("Import"),
        parameters=[
            query("channel", {"enum": list(CHANNELS)}, "Whose file it is.", required=True),
            query("file", _TEXT, "What it is called: part of each record's place."),
            query("seller", _TEXT, "The shop, where the account has several."),
            query("currency", _TEXT, "For files that name none."),
            query("zone", _TEXT, "Of times without one, such as Asia/Jakarta."),
            query("collects", {"enum": ["seller", "platform"]}, "Who is paid by the marketplace, from now on."),
            query("wait", {"enum": ["true", "false"]}, "Whether to answer with the finished report (default)."),
            query("importId", _ID, "As Import-Id."),
            header("Import-Id", _ID, "A name of the sender's for this import of this content."),
            header("Prefer", _TEXT, "respond-async, for an answer before the file is read."),
        ],
    )
    imported["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    begun = operation("It is being read; Location is where to ask how far it is", one("BegunImport"), status=202)
    imported["responses"] |= {"202": begun["responses"]["202"]}
    import_id = [{"name": "importId", "in": "path", "required": True, "schema": _ID}]
    return {
        "/settlements/imports": {
            "post": imported,
            "get": operation(
                "An account's imports, newest first",
                {"type": "array", "items": one("ListedImport")},
                parameters=[query("state", {"enum": list(STATES)}, "Only these."), limit, cursor],
            ),
        },
        "/settlements/imports/{importId}": {
            "get": operation("How far an import is", one("Import"), parameters=import_id)
        },
        "/settlements/imports/{importId}/problems": {
            "get": operation(
                "All that nobody could read of an import, in the order of the file",
                {"type": "array", "items": one("ImportProblem")},
                parameters=[*import_id, limit, cursor],
            )
        },
    }
