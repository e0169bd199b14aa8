"""Refusals of Shopee's API."""

from __future__ import annotations

from typing import Any

from service.marketplaces.refusals import Failure, Retry
from service.marketplaces.shopee.names import CHANNEL

_TRANSIENT = frozenset({"error_server", "error_network", "error_inner", "error_timeout", "error_busy", "error_unknown"})


def failure(answer: Any) -> Failure | None:
    """The refusal in a decoded answer: its `error` is not empty."""
    if not isinstance(answer, dict):
        return None
    code = str(answer.get("error") or "")
    if not code:
        return None
    lowered = code.lower()
    if lowered in _TRANSIENT or "rate_limit" in lowered or "too_many" in lowered:
        retry = Retry.LATER
    elif "timestamp" in lowered:
        retry = Retry.RESIGN
    elif "auth" in lowered or "token" in lowered:
        retry = Retry.AUTHORISE
    else:
        retry = Retry.NEVER
    return Failure(CHANNEL, code, str(answer.get("message") or ""), retry)
