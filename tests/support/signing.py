"""Requests signed as the official SDKs do, and requests with no other headers than those given."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

from yarl import URL

from tests.support.api import Answer, Api, Caller


async def plain(api: Api, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """A request with these headers and no others of ours."""
    async with api.session.request(
        method, URL(api.base + path, encoded=True), headers=headers, data=body or None
    ) as response:
        return Answer(response.status, await response.read(), await response.json(), response.headers)


def signed(
    caller: Caller,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    at: datetime | None = None,
    brand: str = "Storlaunch",
    key: str | None = None,
) -> dict[str, str]:
    """The headers of the vendor's own recipe, spelled out here once more."""
    timestamp = str(int((at or datetime.now(UTC)).timestamp()))
    text = f"{method}\n{path}\n{timestamp}\n{hashlib.sha256(body).hexdigest()}" + (f"\n{key}" if key else "")
    signature = hmac.new(caller.key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "Authorization": f"{brand}-HMAC-SHA256 keyId={caller.key.key_id}, scope=*, signature={signature}",
        f"X-{brand}-Timestamp": timestamp,
        **({"Idempotency-Key": key} if key else {}),
    }
