"""What the signatures of several marketplaces have in common. Pure: the time and the secrets are handed in."""

from __future__ import annotations

import hmac
from collections.abc import Mapping


def hmac_sha256(key: str, text: str) -> bytes:
    """The HMAC-SHA256 of the text's UTF-8. Surrogates become the bytes that they stand for."""
    return hmac.digest(key.encode(), text.encode("utf-8", "surrogateescape"), "sha256")


def joined_pairs(parameters: Mapping[str, str]) -> str:
    """Every name followed by its value, sorted by name, without separators."""
    return "".join(f"{name}{parameters[name]}" for name in sorted(parameters))
