"""The one place that pairs what went wrong with an HTTP status."""

from __future__ import annotations

import math
from typing import Annotated, Any, NotRequired

from aiohttp import web
from pydantic import Field, ValidationError
from typing_extensions import TypedDict

from events.refusals import Refusal
from service.ledger.write_failures import Unavailable
from service.platform.database import explain_outage
from service.platform.documents import one_of

BROKEN_BODIES = (web.PayloadAccessError, web.RequestPayloadError)

STATUSES = {
    "VALIDATION_ERROR": 400,
    "UNAUTHORIZED": 401,
    "INVALID_KEY": 401,
    "INVALID_SIGNATURE": 401,
    "INVALID_TIMESTAMP": 401,
    "FORBIDDEN": 403,
    "FOUR_EYES": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "ABORTED": 409,
    "ACCOUNT_CLOSED": 409,
    "ACCOUNT_EXISTS": 409,
    "ACCOUNT_FROZEN": 409,
    "ALREADY_MATCHED": 409,
    "BANK_ACCOUNT_CHANGED": 409,
    "BANK_ACCOUNT_NOT_SET": 409,
    "BELOW_MINIMUM": 409,
    "IDEMPOTENCY_MISMATCH": 409,
    "INSUFFICIENT_BALANCE": 409,
    "INVALID_TRANSITION": 409,
    "VERSION_CONFLICT": 409,
    "WORKSPACE_TAKEN": 409,
    "ERASED": 410,
    "PAYLOAD_TOO_LARGE": 413,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}
"""Every error code of the API and its status. Codes are a public format (docs/api.md)."""


class ErrorDocument(TypedDict):
    """Why a request or a command was refused."""

    code: Annotated[str, one_of(*sorted(STATUSES))]
    message: str
    field: NotRequired[Annotated[str, Field(description="The field, parameter or header to blame.")]]
    details: NotRequired[Annotated[dict[str, Any], Field(description="What the code says more, such as the status.")]]


class ApiError(Exception):
    """Ends a request with an error answer."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = STATUSES[code]
        self.message = message
        self.field = field
        self.details = details
        self.headers = headers or {}

    def document(self) -> ErrorDocument:
        """The `error` member of the envelope."""
        document: ErrorDocument = {"code": self.code, "message": self.message}
        if self.field is not None:
            document["field"] = self.field
        if self.details:
            document["details"] = self.details
        return document


def from_refusal(refusal: Refusal) -> ApiError:
    return ApiError(refusal.code, refusal.message, field=refusal.field, details=refusal.details)


def from_validation(problem: ValidationError, prefix: str = "") -> ApiError:
    """The first thing wrong with a body, with the field to blame."""
    first = problem.errors(include_url=False, include_input=False)[0]
    path = prefix
    for part in first["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else str(part)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "this field is not known here"
    return ApiError("VALIDATION_ERROR", f"{path}: {message}" if path else message, field=path or None)


def rate_limited(limit: str, message: str, wait_seconds: float) -> ApiError:
    """Whoever asks is to come again after this time. `limit` is whose: `key`, `account` or `address`."""
    seconds = max(1, math.ceil(wait_seconds))
    headers = {"Retry-After": str(seconds)}
    return ApiError("RATE_LIMITED", f"{message}: try again in {seconds} s", details={"limit": limit}, headers=headers)


def error_of(problem: Exception) -> ApiError:
    """How a request ends that ended with this."""
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
        case _ if isinstance(problem, BROKEN_BODIES):
            return ApiError(
                "VALIDATION_ERROR", "the body did not arrive whole, or is not in the encoding that its headers name"
            )
        case _ if (why := explain_outage(problem)) is not None:
            return ApiError("UNAVAILABLE", f"{why}: try again, with the same idempotency key")
        case _:
            return ApiError("INTERNAL", "something went wrong on our side; the request id finds it in the log")
