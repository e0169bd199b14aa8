"""Holds every answer of the service against its own document: a field too many, a field too few, a status or a type
that `/openapi.json` does not name. Tests that speak HTTP to the service do so past one of the two gates here."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jsonschema_rs
import orjson
from aiohttp import web

from service.http.catalog import SUBJECTS
from service.http.openapi import document
from service.http.request_context import SAFE_HEADERS

Schema = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

JSON = "application/json"


def closed(schema: Any) -> Any:
    """The same schema, where no object may have fields beside those that are named."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(inner) for name, inner in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


class Described:
    """What a document says of answers."""

    def __init__(self, described: Any) -> None:
        self._components: Schema = closed(described["components"])
        self._refusals: Schema = self._components["responses"]
        self._operations: list[tuple[re.Pattern[str], str, Schema]] = []
        for path, item in described["paths"].items():
            for method, operation in item.items():
                servers = [server["url"] for server in operation.get("servers", described["servers"])]
                prefixes = "|".join(re.escape(url.rstrip("/")) for url in servers)
                pattern = re.compile(f"(?:{prefixes})" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
                self._operations.append((pattern, method.upper(), closed(operation)))
        # What is named in a path goes before what stands for any name.
        self._operations.sort(key=lambda each: each[0].pattern.count("[^/]+"))
        self._validators: dict[int, jsonschema_rs.Draft202012Validator] = {}

    def complaint(self, method: str, path: str, status: int, media_type: str, body: bytes | None) -> str | None:
        """What of an answer the document does not say, or None. A body that is None was streamed, and is not looked at."""
        where = f"{method} {path} answered {status} {media_type}"
        operation = self._operation("GET" if method == "HEAD" else method, path)
        response = self._refusals["Refused"]
        if operation is not None and str(status) in operation["responses"]:
            response = operation["responses"][str(status)]
            if "$ref" in response:
                response = self._refusals[response["$ref"].rsplit("/", 1)[1]]
        elif status < 400:
            return f"{where}: the document names no such answer"
        if media_type not in response["content"]:
            return f"{where}: the document names {', '.join(response['content'])}"
        if media_type != JSON:
            return None
        if body is None:
            return f"{where}: nobody looked at its body"
        errors = list(self._validator(response["content"][JSON]["schema"]).iter_errors(orjson.loads(body)))
        if not errors:
            return None
        told = "; ".join(f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in errors)
        return f"{where}: {told}\n{body.decode()}"

    def _operation(self, method: str, path: str) -> Schema | None:
        for pattern, of_method, operation in self._operations:
            if of_method == method and pattern.fullmatch(path):
                return operation
        return None

    def _validator(self, schema: Schema) -> jsonschema_rs.Draft202012Validator:
        validator = self._validators.get(id(schema))
        if validator is None:
            whole = {**schema, "components": self._components}
            validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            self._validators[id(schema)] = validator
        return validator


DESCRIBED = Described(document(SUBJECTS))


@asynccontextmanager
async def described_answers(app: web.Application) -> AsyncIterator[None]:
    """Holds every answer of the application against the document, whoever asks. It must not have started yet."""
    complaints: list[str] = []

    @web.middleware
    async def hold(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        body = response.body if isinstance(response, web.Response) else None
        complaint = DESCRIBED.complaint(
            request.method,
            request.path,
            response.status,
            response.content_type,
            bytes(body) if isinstance(body, (bytes, bytearray)) else None,
        )
        if complaint is not None:
            complaints.append(complaint)
        has_all = all(response.headers.get(name) == text for name, text in SAFE_HEADERS.items())
        if not has_all or "X-Request-Id" not in response.headers:
            complaints.append(f"{request.method} {request.path}: a header is missing that every answer has")
        return response

    app.middlewares.insert(0, hold)
    yield
    assert not complaints, "\n\n".join(complaints)


async def _hold(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    response = await handler(request)
    complaint = DESCRIBED.complaint(
        request.method, request.url.path, response.status, response.content_type, await response.read()
    )
    assert complaint is None, complaint
    return response


def checked_session(**options: Any) -> aiohttp.ClientSession:
    """A session for a service that runs as a process of its own. It is for no other server."""
    return aiohttp.ClientSession(middlewares=(_hold,), **options)
