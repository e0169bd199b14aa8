"""What an HTTP answer of the provider's amounts to, and whether to ask once more.

2xx, readable           answered
2xx, not readable       unknown
429                     not sent: it was turned away; asked again
503                     unknown; asked again, under the same key
other 5xx               unknown; only a reading is asked again
409, still in progress  unknown; asked again, under the same key
409, another request    under this key: unknown, since that one may have been carried out
other 4xx               refused; unknown where it does not carry the provider's error, so that it may not be theirs
anything else           unknown
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from service.plugipay.outbound.outcomes import Answered, NotSent, Outcome, ProviderRefused, Unknown, UnreadableAnswer

T = TypeVar("T")

_TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer."""

    status: int
    body: bytes
    retry_after_seconds: float | None


@dataclass(frozen=True, slots=True)
class ClassifiedResponse(Generic[T]):
    """An outcome; `again` where the same may be asked once more."""

    outcome: Outcome[T]
    again: bool = False
    retry_after_seconds: float | None = None


def classify(
    answer: HttpAnswer, read: Callable[[Any, Mapping[str, Any]], T], *, changes: bool
) -> ClassifiedResponse[T]:
    """`changes` says that the call was to change something, so that asking again needs the same key to be safe."""
    envelope = _envelope(answer.body)
    error = envelope.get("error")
    status, later = answer.status, answer.retry_after_seconds
    if 200 <= status < 300:
        if error:
            return ClassifiedResponse(Unknown(f"HTTP {status} with an error in it"))
        meta = envelope.get("meta")
        try:
            return ClassifiedResponse(
                Answered(read(envelope.get("data"), meta if isinstance(meta, dict) else {}), answer.body)
            )
        except UnreadableAnswer as problem:
            return ClassifiedResponse(Unknown(f"HTTP {status}, and cannot be read: {problem}"))
    if status == 429:
        return ClassifiedResponse(
            NotSent("the provider's rate limit is reached", later), again=True, retry_after_seconds=later
        )
    code, message = _of_error(error)
    what = f"HTTP {status} {code}".rstrip()
    if status == 503 or (status == 409 and "PROGRESS" in code.upper()):
        return ClassifiedResponse(Unknown(what), again=True, retry_after_seconds=later)
    if status >= 500 or status in (408, 425):
        return ClassifiedResponse(Unknown(what), again=not changes, retry_after_seconds=later)
    if not 400 <= status < 500:
        return ClassifiedResponse(Unknown(what))
    if not code:
        return ClassifiedResponse(Unknown(f"{what} without the provider's error: is this the provider?"))
    if changes and status == 409 and code.upper() == "IDEMPOTENCY_MISMATCH":
        return ClassifiedResponse(Unknown(f"{what}: something else was sent under this key"))
    return ClassifiedResponse(ProviderRefused(status, code, message))


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _of_error(error: Any) -> tuple[str, str]:
    """Code and message; empty where the answer has none."""
    if not isinstance(error, dict):
        return "", ""
    code, message = error.get("code"), error.get("message")
    return code[:_TEXT_MAX] if isinstance(code, str) else "", message[:_TEXT_MAX] if isinstance(message, str) else ""
