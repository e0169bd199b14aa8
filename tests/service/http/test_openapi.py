"""The OpenAPI document says what is served, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest_asyncio

from service.http.errors import STATUSES
from service.http.operations import API_PREFIXES
from service.platform.settings import Settings
from tests.events.wire import BODIES
from tests.support.api import Api
from tests.support.routes import ROUTES, listed, served

MEDIA_TYPES = {
    *("application/json", "application/octet-stream", "application/x-www-form-urlencoded"),
    *("text/csv", "text/plain", "text/xml"),
}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest_asyncio.fixture
async def document(api: Api) -> dict[str, Any]:
    async with api.session.get(f"{api.base}/openapi.json") as response:
        assert (response.status, response.content_type) == (200, "application/json")
        found: dict[str, Any] = await response.json()
        return found


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def unnamed(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"\{[^}]+\}", "{}", path)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


async def test_it_describes_exactly_what_is_served_with_and_without_a_prefix(
    api: Api, settings: Settings, document: dict[str, Any]
) -> None:
    assert [server["url"] for server in document["servers"]] == list(API_PREFIXES)
    described = {
        (method.upper(), unnamed(server["url"].rstrip("/") + path))
        for method, path, operation in operations(document)
        for server in operation.get("servers", document["servers"])
    }
    assert described == {(method, unnamed(path)) for method, path in served(api, settings)}
    assert described >= {(method, unnamed(path)) for method, path in listed()}


async def test_it_is_an_openapi_3_1_document(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert {"title", "version"} <= document["info"].keys()
    assert document.keys() <= {"openapi", "info", "servers", "security", "paths", "components", "tags"}
    for name in document["components"]["schemas"]:
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
    for requirement in document["security"]:
        assert requirement.keys() <= document["components"]["securitySchemes"].keys()
    for method, path, operation in operations(document):
        assert path.startswith("/")
        assert method in METHODS
        assert operation["responses"], (method, path)
        for status, response in operation["responses"].items():
            assert status == "default" or re.fullmatch(r"[1-5]\d\d", status)
            assert response["description"]
        parameters = operation.get("parameters", [])
        for parameter in parameters:
            assert parameter["in"] in ("path", "query", "header")
            assert "schema" in parameter
            assert parameter["in"] != "path" or parameter["required"] is True
        in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"\{([^}]+)\}", path)), (method, path)
        for content in (
            operation.get("requestBody", {}).get("content", {}),
            *(r.get("content", {}) for r in operation["responses"].values()),
        ):
            assert content.keys() <= MEDIA_TYPES


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = {node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)}
    references |= {
        target
        for node in nodes(document)
        if isinstance(node.get("mapping"), dict)
        for target in node["mapping"].values()
    }
    assert references
    for reference in references:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert isinstance(target, dict)


async def test_every_command_has_a_schema_with_its_fields_and_no_others(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    named = [one["$ref"].rsplit("/", 1)[1] for one in schemas["Command"]["oneOf"]]
    by_type = {schemas[name]["properties"]["type"]["const"]: schemas[name] for name in named}
    assert by_type.keys() == BODIES.keys()
    common = {"type", "accountId", "idempotencyKey", "effectiveAt", "expectedVersion", "metadata"}
    for kind, schema in by_type.items():
        assert schema["properties"].keys() == common | BODIES[kind].keys(), kind
        assert schema["additionalProperties"] is False
        assert "accountId" in schema["required"]


async def test_every_body_that_a_route_takes_is_described(document: dict[str, Any]) -> None:
    for route in ROUTES:
        if not route.body:
            continue
        [operation] = [
            operation
            for method, path, operation in operations(document)
            if (method.upper(), unnamed(path)) == (route.method, unnamed(route.path))
        ]
        content = operation["requestBody"]["content"]
        if "application/octet-stream" in content:
            # A file: its format is the marketplace's.
            continue
        reference = content["application/json"]["schema"]["$ref"]
        properties = document["components"]["schemas"][reference.rsplit("/", 1)[1]]["properties"]
        assert route.body.keys() <= properties.keys(), route


async def test_every_operation_has_an_id_of_its_own_a_subject_and_the_scopes_that_it_needs_one_of(
    document: dict[str, Any],
) -> None:
    subjects = {tag["name"] for tag in document["tags"]}
    scopes: dict[str, frozenset[str]] = {}
    for _, path, operation in operations(document):
        assert operation["operationId"] not in scopes
        assert set(operation["tags"]) <= subjects
        assert len(operation["tags"]) == 1
        by_bearer = [one["bearer"] for one in operation["security"] if "bearer" in one]
        assert all(len(needed) == 1 for needed in by_bearer), "each one is enough"
        scopes[operation["operationId"]] = frozenset(scope for [scope] in by_bearer)
        assert bool(by_bearer) == ("servers" not in operation), path
    assert {name: needed for name, needed in scopes.items() if needed} == {route.id: route.scopes for route in ROUTES}


OPEN_ON_PURPOSE = {
    "details": "of an error: what its code says more",
    "metadata": "of a command: what its sender likes",
    "data": "of an event in the log: what its type says",
    "parts": "of /readyz: by name",
    "info": "of the document itself",
    "paths": "of the document itself",
    "components": "of the document itself",
    "servers": "of the document itself",
    "security": "of the document itself",
    "tags": "of the document itself",
}


async def test_no_answer_has_an_object_whose_fields_are_not_said(document: dict[str, Any]) -> None:
    def look(schema: Any, name: str) -> None:
        if isinstance(schema, list):
            for each in schema:
                look(each, name)
        if not isinstance(schema, dict):
            return
        if schema.get("type") == "object" and "properties" not in schema:
            said = isinstance(schema.get("additionalProperties"), dict)
            assert said or name in OPEN_ON_PURPOSE, (name, schema)
        for key, inner in schema.items():
            if key == "properties":
                for field, of_field in inner.items():
                    look(of_field, field)
            elif key not in ("example", "examples", "enum"):
                look(inner, key if key not in ("items", "anyOf", "schema") else name)

    for _, _, operation in operations(document):
        look(operation["responses"], "")
    look(document["components"], "")


async def test_what_every_request_may_have_is_described(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if "servers" in operation:
            continue
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert {"X-Storlaunch-On-Behalf-Of", "X-Plugipay-On-Behalf-Of"} <= names
        # A file is known again by its Import-Id, or by what is in it.
        is_file = "application/octet-stream" in operation.get("requestBody", {}).get("content", {})
        # A file is read anew as often as one likes: the second time changes nothing.
        is_file = is_file or path.endswith("/reread")
        assert ({"Idempotency-Key", "X-Idempotency-Key"} <= names) == (method != "get" and not is_file), path


async def test_a_body_has_the_limits_of_the_command_that_it_becomes(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for body, command, in_path in (
        ("NewPayout", "RequestPayout", set()),
        ("NewBankAccount", "SetBankAccount", set()),
        ("Transfer", "MarkPaid", {"payoutId"}),
        ("Transfer", "MarkInTransit", {"payoutId"}),
        ("Failure", "MarkFailed", {"payoutId"}),
        ("Closing", "CloseCase", {"caseId"}),
    ):
        common = {"type", "accountId", "idempotencyKey", "effectiveAt", "expectedVersion", "metadata"}
        fields = schemas[command]["properties"]
        assert schemas[body]["properties"] == {
            name: field for name, field in fields.items() if name not in common | in_path
        }
        assert schemas[body]["additionalProperties"] is False


async def test_every_error_code_is_listed(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]["Error"]["properties"]["code"]["enum"]) == set(STATUSES)
