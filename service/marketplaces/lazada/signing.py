"""Signatures of Lazada's two APIs. Pure: the time and the secrets are handed in.

SellerCenter       hex HMAC-SHA256 of the sorted query in RFC 3986 encoding, keyed by the user's API key
Open Platform      HEX HMAC-SHA256 of path, sorted name-value pairs and body, keyed by the app's secret
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from service.marketplaces.signing import hmac_sha256, joined_pairs

Pairs = Iterable[tuple[str, str]]


def query_pairs(query: str, *, plus_is_space: bool = False) -> list[tuple[str, str]]:
    """The decoded names and values of a raw query string. A plus stays a plus, as in RFC 3986, or is a form's space."""
    if plus_is_space:
        query = query.replace("+", "%20")
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [
        (unquote(name, errors="surrogateescape"), unquote(text, errors="surrogateescape")) for name, _, text in pairs
    ]


def sellercenter_text(pairs: Pairs) -> str:
    """The signed text: every parameter but the signature, sorted by name in byte order, in RFC 3986 encoding."""
    signed = sorted((pair for pair in pairs if pair[0] != "Signature"), key=lambda pair: pair[0].encode())
    return "&".join(f"{_encoded(name)}={_encoded(text)}" for name, text in signed)


def sellercenter_form_text(pairs: Pairs) -> str:
    """The same, as clients sign it that encode it as a form: a space is a plus, and nothing else is one."""
    return sellercenter_text(pairs).replace("%20", "+")


def sellercenter(pairs: Pairs, api_key: str) -> str:
    """SellerCenter's signature of these parameters."""
    return hmac_sha256(api_key, sellercenter_text(pairs)).hex()


def sellercenter_verified(pairs: Pairs, api_key: str) -> bool:
    """Whether there is one `Signature` among the parameters, and it is right, whichever way spaces were signed.

    Compared in constant time.
    """
    held = list(pairs)
    given = [text for name, text in held if name == "Signature"]
    if len(given) != 1:
        return False
    signature = given[0].encode("utf-8", "surrogateescape")
    found = [
        hmac.compare_digest(hmac_sha256(api_key, text).hex().encode(), signature)
        for text in (sellercenter_text(held), sellercenter_form_text(held))
    ]
    return any(found)


def open_platform(path: str, parameters: Mapping[str, str], secret: str, body: str = "") -> str:
    """The Open Platform's signature, in upper case. The parameter `sign` is left out."""
    signed = {name: text for name, text in parameters.items() if name != "sign"}
    return hmac_sha256(secret, f"{path}{joined_pairs(signed)}{body}").hex().upper()


def _encoded(text: str) -> str:
    # Python's quote leaves letters, digits and - . _ ~ as they are, which is RFC 3986's unreserved set.
    return quote(text, safe="", errors="surrogateescape")
