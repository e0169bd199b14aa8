"""The request signatures of the official SDKs.

    Authorization: <Brand>-HMAC-SHA256 keyId=<id>, scope=*, signature=<hex>
    X-<Brand>-Timestamp: <epoch seconds>

The signature is the lower-case hex HMAC-SHA256, with the key's secret, of method, path (with the query exactly as
sent), timestamp and hex SHA-256 of the body, joined by newlines, and the Idempotency-Key as a fifth line only where
one is sent. The timestamp may be off by five minutes.

There is no nonce, and neither `On-Behalf-Of` nor `X-Idempotency-Key` is signed. So whoever has caught a request could send
it again for another account, or as another one. Mutations are kept from it: a signature is good for the account for which it
was seen first, and a signed request without a signed key has its signature for one.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

SKEW_SECONDS = 300
GOOD_SECONDS = 2 * SKEW_SECONDS
"""How long a signature can be sent: from before its time until after it."""
BRANDS = ("Storlaunch", "Plugipay")

HEADER_MAX = 512
"""The longest header that is looked at, in characters. Those of the SDKs have about 150."""
_SUFFIX = "-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signed:
    """The parts of a signature header."""

    brand: str
    key_id: str
    signature: str


def parse(header: str) -> Signed | None:
    """Parses a header. None where it is not of this kind, or too long; a missing part is an empty text.

    A stranger may send anything here: each character is looked at a fixed number of times.
    """
    if len(header) > HEADER_MAX:
        return None
    kind, _, rest = header.partition(" ")
    brand = kind.removesuffix(_SUFFIX).capitalize()
    if not kind.endswith(_SUFFIX) or brand not in BRANDS:
        return None
    named = (part.partition("=") for part in rest.split(","))
    parts = {name.strip(): value.strip() for name, _, value in named}
    return Signed(brand, parts.get("keyId", ""), parts.get("signature", ""))


def signature(secret: str, method: str, path: str, timestamp: str, body: bytes, idempotency_key: str | None) -> str:
    text = f"{method.upper()}\n{path}\n{timestamp}\n{hashlib.sha256(body).hexdigest()}"
    if idempotency_key:
        text += f"\n{idempotency_key}"
    return hmac.digest(secret.encode(), text.encode("utf-8", "surrogateescape"), "sha256").hex()


def equal(given: str, expected: str) -> bool:
    """Whether two signatures are equal, in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
