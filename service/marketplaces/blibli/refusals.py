"""Refusals of Blibli's API."""

from __future__ import annotations

from typing import Any

from service.marketplaces.blibli.names import CHANNEL
from service.marketplaces.refusals import Failure, Retry


def failure(answer: Any) -> Failure | None:
    """The refusal in a decoded answer: it has an `errorCode`, or `success` is false."""
    if not isinstance(answer, dict):
        return None
    code = str(answer.get("errorCode") or "")
    if not code and answer.get("success") is not False:
        return None
    return Failure(CHANNEL, code or "no code", str(answer.get("errorMessage") or ""), Retry.NEVER)
