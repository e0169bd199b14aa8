"""Refusals of Tokopedia's API."""

from __future__ import annotations

from typing import Any

from service.marketplaces.refusals import Failure, Retry
from service.marketplaces.tokopedia.names import CHANNEL


def failure(answer: Any) -> Failure | None:
    """The refusal in a decoded answer: its header has an `error_code`."""
    header = answer.get("header") if isinstance(answer, dict) else None
    code = str(header.get("error_code") or "") if isinstance(header, dict) else ""
    if not isinstance(header, dict) or code in ("", "0"):
        return None
    return Failure(CHANNEL, code, str(header.get("reason") or header.get("messages") or ""), Retry.NEVER)
