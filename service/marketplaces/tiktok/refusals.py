"""Refusals of TikTok Shop's API."""

from __future__ import annotations

from typing import Any

from service.marketplaces.refusals import Failure, Retry
from service.marketplaces.tiktok.names import CHANNEL

_TOKEN_CODES = range(105000, 106000)


def failure(answer: Any) -> Failure | None:
    """The refusal in a decoded answer: its `code` is not 0."""
    code = answer.get("code") if isinstance(answer, dict) else None
    if code is None or str(code) == "0":
        return None
    text = str(code)
    token = text.isdigit() and int(text) in _TOKEN_CODES
    retry = Retry.AUTHORISE if token else Retry.NEVER
    return Failure(CHANNEL, text, str(answer.get("message") or ""), retry)
