"""Signatures of TikTok Shop. Pure: the time and the secrets are handed in."""

from __future__ import annotations

from collections.abc import Mapping

from service.marketplaces.signing import hmac_sha256, joined_pairs


def signature(path: str, parameters: Mapping[str, str], secret: str, body: str = "") -> str:
    """Hex HMAC-SHA256 of secret, path, sorted name-value pairs, body and secret, keyed by the same secret.

    The parameters `sign` and `access_token` are left out: the token is sent in a header, and is not signed.
    """
    signed = {name: text for name, text in parameters.items() if name not in ("sign", "access_token")}
    return hmac_sha256(secret, f"{secret}{path}{joined_pairs(signed)}{body}{secret}").hex()
