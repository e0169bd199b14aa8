"""Refusals of Lazada's two APIs."""

from __future__ import annotations

from typing import Any

from service.marketplaces.lazada.names import CHANNEL
from service.marketplaces.refusals import Failure, Retry

_RETRY_LATER = frozenset({"6", "429", "1000"})
_TIMESTAMP_EXPIRED = "3"
_EMPTY = "query result is empty"
"""The message of the Open Platform's answers without rows, which have the code of an error."""


def failure(answer: Any) -> Failure | None:
    """The refusal in a decoded answer of either API; None for any other answer."""
    if not isinstance(answer, dict):
        return None
    error = answer.get("ErrorResponse")
    if isinstance(error, dict):
        found = error.get("Head")
        head: dict[str, Any] = found if isinstance(found, dict) else {}
        code = str(head.get("ErrorCode") or "")
        retry = Retry.LATER if code in _RETRY_LATER else Retry.RESIGN if code == _TIMESTAMP_EXPIRED else Retry.NEVER
        return Failure(CHANNEL, code, str(head.get("ErrorMessage") or ""), retry)
    code, message = str(answer.get("code", "0")), str(answer.get("message") or "")
    if code == "0" or _EMPTY in message.lower():
        return None
    return Failure(CHANNEL, code, message, _open_platform_retry(code, str(answer.get("type") or "")))


def _open_platform_retry(code: str, fault_of: str) -> Retry:
    lowered = code.lower()
    if "token" in lowered:
        return Retry.AUTHORISE
    if "timestamp" in lowered:
        return Retry.RESIGN
    # The fault is theirs with ISP and SYSTEM, and ours with ISV.
    if "limit" in lowered or fault_of in ("ISP", "SYSTEM"):
        return Retry.LATER
    return Retry.NEVER
