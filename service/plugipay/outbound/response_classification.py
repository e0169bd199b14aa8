"""What an HTTP response of the provider means, and whether to retry.

2xx, readable               answered
2xx, not readable           unknown
429                         not sent: it was rejected unread; retried
503                         unknown; retried, under the same key
other 5xx                   unknown; only a read is retried
409, still in progress      unknown; retried, under the same key
409, idempotency mismatch   unknown: another request was sent under this key, and may have been executed
other 4xx                   refused; unknown without an error code, as it may not come from the provider
anything else               unknown
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from service.formats.json import check_keys
from service.plugipay.outbound.outcomes import Answered, NotSent, Outcome, ProviderRefused, Unknown, UnreadableResponse

T = TypeVar("T")

_TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete response."""

    status: int
    body: bytes
    retry_after_seconds: float | None


@dataclass(frozen=True, slots=True)
class ClassifiedResponse(Generic[T]):
    """An outcome; `retry` says whether the same call may be repeated."""

    outcome: Outcome[T]
    retry: bool = False
    retry_after_seconds: float | None = None


def classify(
    response: HttpResponse, read: Callable[[Any, Mapping[str, Any]], T], *, changes: bool
) -> ClassifiedResponse[T]:
    """`changes` says that the call changes something: a retry then needs the same idempotency key to be safe."""
    envelope = _envelope(response.body)
    error = envelope.get("error")
    status, retry_after = response.status, response.retry_after_seconds
    if 200 <= status < 300:
        if error:
            return ClassifiedResponse(Unknown(f"HTTP {status} with an error in it"))
        meta = envelope.get("meta")
        try:
            return ClassifiedResponse(
                Answered(read(envelope.get("data"), meta if isinstance(meta, dict) else {}), response.body)
            )
        except UnreadableResponse as problem:
            return ClassifiedResponse(Unknown(f"HTTP {status}, and cannot be read: {problem}"))
    if status == 429:
        return ClassifiedResponse(
            NotSent("the provider's rate limit is reached", retry_after), retry=True, retry_after_seconds=retry_after
        )
    code, message = _code_and_message(error)
    description = f"HTTP {status} {code}".rstrip()
    if status == 503 or (status == 409 and "PROGRESS" in code.upper()):
        return ClassifiedResponse(Unknown(description), retry=True, retry_after_seconds=retry_after)
    if status >= 500 or status in (408, 425):
        return ClassifiedResponse(Unknown(description), retry=not changes, retry_after_seconds=retry_after)
    if not 400 <= status < 500:
        return ClassifiedResponse(Unknown(description))
    if not code:
        return ClassifiedResponse(Unknown(f"{description} without the provider's error: is this the provider?"))
    if changes and status == 409 and code.upper() == "IDEMPOTENCY_MISMATCH":
        return ClassifiedResponse(Unknown(f"{description}: something else was sent under this key"))
    return ClassifiedResponse(ProviderRefused(status, code, message))


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
        # What says two things at once says nothing: whether it was carried out is not known then.
        check_keys(body, document)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _code_and_message(error: Any) -> tuple[str, str]:
    """Code and message; empty where the error has none."""
    if not isinstance(error, dict):
        return "", ""
    code, message = error.get("code"), error.get("message")
    return code[:_TEXT_MAX] if isinstance(code, str) else "", message[:_TEXT_MAX] if isinstance(message, str) else ""
