"""The OpenAPI document says what is served, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest_asyncio

from service.http.app import PREFIXES
from service.http.errors import STATUSES
from service.platform.settings import Settings
from tests.events.wire import BODIES
from tests.support.api import Api
from tests.support.routes import ROUTES, listed, served

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


async def test_it_describes_exactly_what_is_served_under_both_prefixes(
    api: Api, settings: Settings, document: dict[str, Any]
) -> None:
    assert [server["url"] for server in document["servers"]] == list(PREFIXES)
    described = {
        (method.upper(), unnamed(prefix + path)) for prefix in PREFIXES for method, path, _ in operations(document)
    }
    assert described == {(method, unnamed(path)) for method, path in listed()}
    assert described <= {(method, unnamed(path)) for method, path in served(api, settings)}


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
            assert content.keys() <= {"application/json", "application/octet-stream"}


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


async def test_every_error_code_is_listed(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]["Error"]["properties"]["code"]["enum"]) == set(STATUSES)
