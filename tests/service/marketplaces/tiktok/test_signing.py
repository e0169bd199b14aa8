"""TikTok Shop's signatures, against the scheme spelled out in other words."""

from __future__ import annotations

import hashlib
import hmac

from service.marketplaces.tiktok import signing as tiktok


def test_tiktok_wraps_the_secret_around_and_leaves_the_token_out() -> None:
    parameters = {"timestamp": "1623812664", "app_key": "68xu7ks", "access_token": "x", "sign": "y"}
    text = b"777" + b"/finance/202309/statements" + b"app_key68xu7ks" + b"timestamp1623812664" + b"777"
    expected = hmac.new(b"777", text, hashlib.sha256).hexdigest()
    assert tiktok.signature("/finance/202309/statements", parameters, "777") == expected
