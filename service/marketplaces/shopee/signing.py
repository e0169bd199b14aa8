"""Signatures of Shopee's Open Platform v2. Pure: the time and the secrets are handed in."""

from __future__ import annotations

from service.marketplaces.signing import hmac_sha256


def signature(path: str, partner_id: str, partner_key: str, at_seconds: int, access_token: str, shop_id: str) -> str:
    """Hex HMAC-SHA256 of partner id, path, epoch seconds, access token and shop id, keyed by the partner's key."""
    return hmac_sha256(partner_key, f"{partner_id}{path}{at_seconds}{access_token}{shop_id}").hex()
