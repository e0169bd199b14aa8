"""How each marketplace wants its requests signed. Pure: the time and the secrets are handed in.

SellerCenter   hex HMAC-SHA256 over the sorted, RFC 3986-encoded query, keyed by the user's API key
LAZOP          HEX HMAC-SHA256 over path, sorted name-value pairs and body, keyed by the app's secret
Shopee         hex HMAC-SHA256 over partner id, path, seconds, access token and shop id, keyed by the partner's key
TikTok Shop    hex HMAC-SHA256 over secret, path, sorted name-value pairs, body and secret, keyed by the same secret
Blibli         base64 HMAC-SHA256 over method, MD5 of the body, content type, a date of Java's and the path
Tokopedia      none: a bearer token
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

Pairs = Iterable[tuple[str, str]]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WIB = timedelta(hours=7)


def _hmac(key: str, text: str) -> bytes:
    return hmac.digest(key.encode(), text.encode("utf-8", "surrogateescape"), "sha256")


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The pairs of a raw query string. A plus stays a plus: it stands for itself in RFC 3986, and in S1's time zones."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [
        (unquote(name, errors="surrogateescape"), unquote(text, errors="surrogateescape")) for name, _, text in pairs
    ]


def sellercenter_text(pairs: Pairs) -> str:
    """What is signed: every parameter but the signature, sorted by name in byte order, encoded by RFC 3986."""
    signed = sorted((pair for pair in pairs if pair[0] != "Signature"), key=lambda pair: pair[0].encode())
    return "&".join(f"{_encoded(name)}={_encoded(text)}" for name, text in signed)


def sellercenter(pairs: Pairs, api_key: str) -> str:
    return _hmac(api_key, sellercenter_text(pairs)).hex()


def sellercenter_verified(pairs: Pairs, api_key: str) -> bool:
    """Whether the one `Signature` among the parameters is right, found out in a time that tells nothing."""
    held = list(pairs)
    given = [text for name, text in held if name == "Signature"]
    if len(given) != 1:
        return False
    expected = sellercenter(held, api_key)
    return hmac.compare_digest(expected.encode(), given[0].encode("utf-8", "surrogateescape"))


def _encoded(text: str) -> str:
    # Python's quote leaves letters, digits and - . _ ~ alone, which is RFC 3986's unreserved set.
    return quote(text, safe="", errors="surrogateescape")


def _joined(parameters: Mapping[str, str]) -> str:
    return "".join(f"{name}{parameters[name]}" for name in sorted(parameters))


def lazop(path: str, parameters: Mapping[str, str], secret: str, body: str = "") -> str:
    """Lazada Open Platform, in upper case."""
    signed = {name: text for name, text in parameters.items() if name != "sign"}
    return _hmac(secret, f"{path}{_joined(signed)}{body}").hex().upper()


def shopee(path: str, partner_id: str, partner_key: str, at_seconds: int, access_token: str, shop_id: str) -> str:
    """Shopee Open Platform v2, for the calls of a shop."""
    return _hmac(partner_key, f"{partner_id}{path}{at_seconds}{access_token}{shop_id}").hex()


def tiktok(path: str, parameters: Mapping[str, str], secret: str, body: str = "") -> str:
    """TikTok Shop: the token travels in a header and is not signed."""
    signed = {name: text for name, text in parameters.items() if name not in ("sign", "access_token")}
    return _hmac(secret, f"{secret}{path}{_joined(signed)}{body}{secret}").hex()


def blibli_date(at: datetime) -> str:
    """The instant in Blibli's form and zone: `Tue May 12 16:28:52 WIB 2020`."""
    local = at.astimezone(UTC) + _WIB
    return f"{_DAYS[local.weekday()]} {_MONTHS[local.month - 1]} {local:%d %H:%M:%S} WIB {local.year:04}"


def blibli(method: str, signed_path: str, body: str, at: datetime, secret: str) -> str:
    """`signed_path` is what `blibli_path` makes of the address."""
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest() if body else ""
    content_type = "" if method == "GET" else "application/json"
    text = f"{method}\n{digest}\n{content_type}\n{blibli_date(at)}\n{signed_path}"
    return base64.b64encode(_hmac(secret, text)).decode()


def blibli_path(path: str) -> str:
    """The part of a path behind `/proxy`, with `/mta` as `/mtaapi`: what Blibli signs."""
    inner = path.partition("/proxy")[2] or path
    return inner.replace("/mta/", "/mtaapi/", 1)
