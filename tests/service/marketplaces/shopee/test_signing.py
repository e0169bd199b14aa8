"""Shopee's signatures, against the scheme spelled out in other words."""

from __future__ import annotations

import hashlib
import hmac

from service.marketplaces.shopee import signing as shopee


def test_shopee_signs_partner_path_time_token_and_shop() -> None:
    path = "/api/v2/payment/get_escrow_list"
    text = b"2001887/api/v2/payment/get_escrow_list1655714431tokenvalue209920731"
    expected = hmac.new(b"partner-key", text, hashlib.sha256).hexdigest()
    assert shopee.signature(path, "2001887", "partner-key", 1655714431, "tokenvalue", "209920731") == expected
