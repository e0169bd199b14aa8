"""`GET /openapi.json`: what the operations say of themselves, and the schemas of their bodies and answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import orjson
from aiohttp import web
from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema
from typing_extensions import TypedDict

from service.http.bodies import FileBody, JsonBody, RequestBody
from service.http.envelope import JSON, Meta
from service.http.errors import ErrorDocument
from service.http.operations import API_PREFIXES, Answer, ApiOperation, OpenOperation, Operation, Subject
from service.http.parameters import ON_BEHALF_OF

Schema = dict[str, Any]

REFUSED = "Refused: `error` says why."


class OpenApiDocument(TypedDict):
    """An OpenAPI document (the OpenAPI Specification, 3.1)."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    security: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


DOCUMENT = web.AppKey("openapi_document", bytes)


async def serve(request: web.Request) -> web.Response:
    return web.Response(body=request.app[DOCUMENT], content_type=JSON)


OPERATIONS = (
    OpenOperation(
        "GET",
        "/openapi.json",
        serve,
        id="getOpenApiDocument",
        summary="This document",
        answers=(Answer(data=OpenApiDocument, enveloped=False),),
    ),
)


@cache
def document_bytes(subjects: tuple[Subject, ...]) -> bytes:
    """The document as it is answered: it is the same for as long as the process runs."""
    return orjson.dumps(document(subjects))


@cache
def document(subjects: tuple[Subject, ...]) -> OpenApiDocument:
    """The document of these operations. Two operations of one id, or two schemas of one name, are a ValueError."""
    ids = [operation.id for subject in subjects for operation in subject.operations]
    if len(ids) != len(set(ids)):
        raise ValueError(f"two operations have one id: {sorted(ids)}")
    schemas = _Schemas(subjects)
    paths: dict[str, Any] = {}
    for subject in subjects:
        for operation in subject.operations:
            described = {"tags": [subject.name], **_operation(operation, schemas)}
            paths.setdefault(_path(operation), {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "payout-ledger",
            "version": "1",
            "description": "An event-sourced payout ledger. Paths are served under /v1 and /api/v1.",
        },
        "servers": [{"url": prefix} for prefix in API_PREFIXES],
        "security": [{name: []} for name in _SECURITY],
        "tags": [{"name": subject.name, "description": subject.description} for subject in subjects],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY,
            "responses": _refusals(schemas),
            "schemas": schemas.named,
        },
    }


_SECURITY: dict[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "sk_live_... or sk_test_..."},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Storlaunch-HMAC-SHA256 keyId=..., scope=*, signature=...`, as the official SDKs sign requests.",
    },
}


_COME_AGAIN = {
    "429": ("RateLimited", "The key, the account or the address asks too often: `details.limit` says which."),
    "503": ("Unavailable", "The service cannot take this now: send it again, with the same idempotency key."),
}
"""Of every operation but those that ask whether the service is well: by status, the name in `components` and what it is."""


def _refusals(schemas: _Schemas) -> Schema:
    refused = _response(_envelope(None, schemas.of(ErrorDocument), schemas.of(Meta)), REFUSED)
    again = {"description": "Whole seconds to wait, at least 1.", "schema": {"type": "integer", "minimum": 1}}
    named: Schema = {"Refused": refused}
    for name, description in _COME_AGAIN.values():
        named[name] = {**refused, "description": description, "headers": {"Retry-After": again}}
    return named


def _path(operation: Operation) -> str:
    """With the names of parameters in camel case, as fields have them."""
    path = operation.path
    return "/".join(f"{{{to_camel(part[1:-1])}}}" if part.startswith("{") else part for part in path.split("/"))


class _Generator(GenerateJsonSchema):
    """Names without `Document`, and no titles: they would only repeat the names."""

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(name.removesuffix("Document"))

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> Schema:
        made = super().typed_dict_schema(schema)
        made.pop("title", None)
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        made = super().model_schema(schema)
        made.pop("title", None)
        return made


class _Schemas:
    """The JSON Schema of every type that operations name; classes are named components."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        modes: dict[Any, JsonSchemaMode] = dict(_types(subjects))
        found, definitions = TypeAdapter.json_schemas(
            [(named, mode, TypeAdapter(named)) for named, mode in modes.items()],
            schema_generator=_Generator,
            ref_template="#/components/schemas/{model}",
        )
        self._of = {named: schema for (named, _), schema in found.items()}
        self.named: dict[str, Schema] = definitions["$defs"]
        if doubtful := [name for name in self.named if not name.isalnum()]:
            raise ValueError(f"two types have one name, or one type has two schemas: {', '.join(doubtful)}")

    def of(self, named: Any) -> Schema:
        return self._of[named]


def _types(subjects: Sequence[Subject]) -> Iterator[tuple[Any, JsonSchemaMode]]:
    yield ErrorDocument, "serialization"
    yield Meta, "serialization"
    for subject in subjects:
        for operation in subject.operations:
            if isinstance(operation.body, JsonBody):
                yield operation.body.model, "validation"
            for answer in operation.answers:
                yield answer.data, "serialization"
                yield answer.meta, "serialization"


def _operation(operation: Operation, schemas: _Schemas) -> Schema:
    parameters = [*operation.parameters, *(ON_BEHALF_OF if isinstance(operation, ApiOperation) else ())]
    described: Schema = {
        "operationId": operation.id,
        "summary": operation.summary,
        **({"description": operation.description} if operation.description else {}),
        **({"parameters": [each.described() for each in parameters]} if parameters else {}),
        **({"requestBody": _body(operation.body, schemas)} if operation.body is not None else {}),
        "responses": {
            **{str(answer.status): _answer(operation, answer, schemas) for answer in operation.answers},
            "default": {"$ref": "#/components/responses/Refused", "description": REFUSED},
        },
    }
    if not isinstance(operation, OpenOperation) or operation.limited:
        for status, (name, description) in _COME_AGAIN.items():
            described["responses"].setdefault(
                status, {"$ref": f"#/components/responses/{name}", "description": description}
            )
    if isinstance(operation, ApiOperation):
        described["security"] = [{name: [scope]} for scope in operation.scopes for name in _SECURITY]
    else:
        described |= {"security": [], "servers": [{"url": "/"}]}
    return described


def _body(body: RequestBody, schemas: _Schemas) -> Schema:
    if isinstance(body, FileBody):
        return {"description": body.description, "required": True, "content": {body.media_type: {"schema": {}}}}
    return {"required": body.required, "content": {JSON: {"schema": schemas.of(body.model)}}}


def _answer(operation: Operation, answer: Answer, schemas: _Schemas) -> Schema:
    data = schemas.of(answer.data)
    whole = _envelope(data, None, schemas.of(answer.meta)) if answer.enveloped else data
    made = _response(whole, answer.description or operation.summary, answer.media_types)
    headers = {"X-Request-Id": "The request's id.", **answer.headers}
    if any(parameter.name == "Idempotency-Key" for parameter in operation.parameters):
        headers["Idempotency-Replayed"] = "true, where the answer is the first one's, given again."
    made["headers"] = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    return made


def _response(schema: Schema, description: str, media_types: Sequence[str] = (JSON,)) -> Schema:
    content = {name: {"schema": schema if name == JSON else {"type": "string"}} for name in media_types}
    return {"description": description, "content": content}


def _envelope(data: Schema | None, error: Schema | None, meta: Schema) -> Schema:
    nothing = {"type": "null"}
    return {
        "type": "object",
        "required": ["data", "error", "meta"],
        "properties": {"data": data or nothing, "error": error or nothing, "meta": meta},
    }
