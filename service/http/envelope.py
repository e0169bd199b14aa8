"""The answer's envelope: `{"data", "error", "meta": {"requestId", "timestamp", ...}}`, as bytes."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from events.instants import Instant
from service.http.errors import ApiError

JSON = "application/json"


def success(data: bytes, request_id: str, timestamp: Instant, **meta: Any) -> bytes:
    """A whole body around data that is JSON already."""
    return b'{"data":%b,"error":null,"meta":%b}' % (data, _meta(request_id, timestamp, meta))


def failure(error: ApiError, request_id: str, timestamp: Instant) -> bytes:
    return b'{"data":null,"error":%b,"meta":%b}' % (orjson.dumps(error.document()), _meta(request_id, timestamp, {}))


def _meta(request_id: str, timestamp: Instant, meta: dict[str, Any]) -> bytes:
    return orjson.dumps({"requestId": request_id, "timestamp": timestamp, **meta})


def respond(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type=JSON)


def error_response(error: ApiError, request_id: str, timestamp: Instant) -> web.Response:
    headers = dict(error.headers)
    if error.status == 503:
        headers.setdefault("Retry-After", "1")
    if error.status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return respond(failure(error, request_id, timestamp), error.status, headers)
