"""Signatures of Blibli. Pure: the time and the secrets are handed in."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from service.marketplaces.signing import hmac_sha256

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WIB = timedelta(hours=7)


def signature(method: str, path: str, body: str, at: datetime, secret: str) -> str:
    """Base64 HMAC-SHA256 of method, MD5 of the body, content type, date and path, each on a line.

    `path` is what `signed_path` makes of the address.
    """
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest() if body else ""
    content_type = "" if method == "GET" else "application/json"
    text = f"{method}\n{digest}\n{content_type}\n{signed_date(at)}\n{path}"
    return base64.b64encode(hmac_sha256(secret, text)).decode()


def signed_path(path: str) -> str:
    """The part of a path behind `/proxy`, with `/mta` as `/mtaapi`."""
    inner = path.partition("/proxy")[2] or path
    return inner.replace("/mta/", "/mtaapi/", 1)


def signed_date(at: datetime) -> str:
    """The time as Java writes it, in Jakarta's zone: `Tue May 12 16:28:52 WIB 2020`."""
    local = at.astimezone(UTC) + _WIB
    return f"{_DAYS[local.weekday()]} {_MONTHS[local.month - 1]} {local:%d %H:%M:%S} WIB {local.year:04}"
