"""Gives every request an id, and turns every exception of a handler into an error answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
from aiohttp import web

from events.refusals import Refusal
from service.http.app_keys import REQUESTS, RUNTIME
from service.http.envelope import error_response
from service.http.errors import ApiError, from_refusal
from service.http.request_context import REQUEST_ID
from service.ledger.writer import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES

log = logs.get("http")

_BROKEN_BODIES = (web.PayloadAccessError, web.RequestPayloadError)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    app = request.app
    runtime = app[RUNTIME]
    began_at = runtime.monotonic()
    request_id = request[REQUEST_ID] = f"req_{runtime.ulid()}"
    try:
        response = await handler(request)
    except asyncio.CancelledError:
        raise
    except Exception as problem:
        error = _error_of(problem)
        fields = {"request_id": request_id, "method": request.method, "path": request.path, "code": error.code}
        if error.code == "INTERNAL":
            log.exception("request_failed", **fields)
        else:
            log.info("request_refused", **fields)
        response = error_response(error, request_id, runtime.instant())
        if isinstance(problem, _BROKEN_BODIES):
            # Nobody knows where the next request would begin.
            response.force_close()
    response.headers["X-Request-Id"] = request_id
    app[REQUESTS].add(request, response.status, runtime.monotonic() - began_at)
    return response


def _error_of(problem: Exception) -> ApiError:
    match problem:
        case ApiError():
            return problem
        case Refusal():
            return from_refusal(problem)
        case Unavailable():
            return ApiError("UNAVAILABLE", str(problem))
        case web.HTTPRequestEntityTooLarge():
            return ApiError("PAYLOAD_TOO_LARGE", "the body is larger than this service takes")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(problem.allowed_methods))
            return ApiError("METHOD_NOT_ALLOWED", f"allowed here: {allowed}", headers={"Allow": allowed})
        case web.HTTPNotFound():
            return ApiError("NOT_FOUND", "there is nothing at this path (see /openapi.json)")
        case web.HTTPException() if problem.status < 500:
            return ApiError("VALIDATION_ERROR", problem.reason)
        case _ if isinstance(problem, _BROKEN_BODIES):
            return ApiError(
                "VALIDATION_ERROR", "the body did not arrive whole, or is not in the encoding that its headers name"
            )
        case asyncpg.QueryCanceledError():
            return ApiError("UNAVAILABLE", "the database takes too long: try again, with the same idempotency key")
        case _ if isinstance(problem, OUTAGES):
            return ApiError("UNAVAILABLE", "the database does not answer: try again")
        case _:
            return ApiError("INTERNAL", "something went wrong on our side; the request id finds it in the log")
