"""Authentication: the signature of a request, verified as Plugipay does.

Authorization: Plugipay-HMAC-SHA256 keyId=<id>, scope=*, signature=<hex>
X-Plugipay-Timestamp: <epoch seconds>
signature = hex HMAC-SHA256 of METHOD, PATH with its query as sent, TIMESTAMP, hex SHA-256 of the body
            and, only where it is sent, the Idempotency-Key, joined by newlines
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from simulator.provider.refusals import Refused
from simulator.provider.settings import WorkspaceSettings

SKEW_SECONDS = 300

_SCHEME = "Plugipay-HMAC-SHA256"


def authenticate(
    keys: Mapping[str, WorkspaceSettings],
    headers: Mapping[str, str],
    *,
    method: str,
    path: str,
    body: bytes,
    now: float,
) -> WorkspaceSettings:
    """The workspace whose key signed this. Refused says what is wrong."""
    scheme, _, rest = headers.get("Authorization", "").partition(" ")
    if scheme != _SCHEME:
        raise Refused(401, "INVALID_SIGNATURE", f"the Authorization header is to begin with {_SCHEME}")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    owner = keys.get(parts.get("keyId", ""))
    if owner is None:
        raise Refused(401, "INVALID_KEY", "there is no key of this id")
    timestamp = headers.get("X-Plugipay-Timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise Refused(401, "INVALID_TIMESTAMP", "X-Plugipay-Timestamp is to be whole seconds since the epoch")
    if abs(now - int(timestamp[:15])) > SKEW_SECONDS:
        raise Refused(401, "timestamp_skew", f"X-Plugipay-Timestamp is more than {SKEW_SECONDS} s off")
    lines = [method, path, timestamp, hashlib.sha256(body).hexdigest()]
    if headers.get("Idempotency-Key"):
        lines.append(headers["Idempotency-Key"])
    expected = hmac.new(owner.secret.encode(), "\n".join(lines).encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), parts.get("signature", "").encode("utf-8", "replace")):
        raise Refused(401, "INVALID_SIGNATURE", "the signature is not this request's under this key")
    return owner


def acts_for(owner: WorkspaceSettings, headers: Mapping[str, str]) -> str:
    """The workspace that the request is for. Refused where the key may not act for it."""
    named = headers.get("X-Plugipay-On-Behalf-Of") or owner.id
    if named != owner.id and not owner.platform:
        raise Refused(403, "FORBIDDEN", "only a platform's key acts on behalf of another workspace")
    return named
