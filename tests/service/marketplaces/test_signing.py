"""Every signature against a published vector, or against the scheme spelled out in other words."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from service.marketplaces.blibli import signing as blibli
from service.marketplaces.lazada import signing as lazada
from service.marketplaces.shopee import signing as shopee
from service.marketplaces.tiktok import signing as tiktok

KEY = "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"
OFFICIAL = (
    "Action=FeedList&Format=XML&Timestamp=2015-07-01T11%3A11%3A11%2B00%3A00&UserID=look%40me.com&Version=1.0",
    "3ceb8ed91049dfc718b0d2d176fb2ed0e5fd74f76c5971f34cdab48412476041",
)
DERIVED = (
    "Action=GetPayoutStatus&CreatedAfter=2015-01-01T11%3A11%2B0200&Timestamp=2015-07-01T11%3A11%2B0000&UserID=look%40me.com&Version=1.0",
    "1384bbf249a7ef717729649a9b2f9eaa3e72381cc0b6616bfea10801cf8d0115",
)


@pytest.mark.parametrize(("query", "expected"), [OFFICIAL, DERIVED])
def test_sellercenters_vectors(query: str, expected: str) -> None:
    pairs = lazada.query_pairs(query)
    assert lazada.sellercenter(reversed(pairs), KEY) == expected
    assert lazada.sellercenter_text(pairs) == query


@pytest.mark.parametrize(("query", "expected"), [OFFICIAL, DERIVED])
def test_a_right_signature_is_believed_and_one_wrong_character_is_not(query: str, expected: str) -> None:
    pairs = lazada.query_pairs(f"Signature={expected}&{query}")
    assert lazada.sellercenter_verified(pairs, KEY)
    assert not lazada.sellercenter_verified(pairs, KEY[:-1] + "f")
    wrong = expected[:-1] + ("0" if expected[-1] != "0" else "1")
    assert not lazada.sellercenter_verified(lazada.query_pairs(f"{query}&Signature={wrong}"), KEY)


@pytest.mark.parametrize(
    "signature", ["", "&Signature=", "&Signature=%C3%A9", f"&Signature={OFFICIAL[1]}&Signature={OFFICIAL[1]}"]
)
def test_no_signature_and_two_signatures_are_not_believed(signature: str) -> None:
    assert not lazada.sellercenter_verified(lazada.query_pairs(OFFICIAL[0] + signature), KEY)


def test_a_changed_parameter_is_not_believed() -> None:
    changed = OFFICIAL[0].replace("FeedList", "FeedGet")
    assert not lazada.sellercenter_verified(lazada.query_pairs(f"{changed}&Signature={OFFICIAL[1]}"), KEY)


def test_spaces_and_marks_are_encoded_by_rfc_3986() -> None:
    assert lazada.sellercenter_text([("b", "a b!'()*~-._"), ("B", "+")]) == "B=%2B&b=a%20b%21%27%28%29%2A~-._"


def test_a_plus_in_a_query_is_a_plus() -> None:
    assert lazada.query_pairs("CreatedAfter=2015-01-01T11:11+0200") == [("CreatedAfter", "2015-01-01T11:11+0200")]


def test_lazops_vector() -> None:
    parameters = {
        "timestamp": "1517820392000",
        "order_id": "1234",
        "sign_method": "sha256",
        "access_token": "test",
        "app_key": "123456",
        "sign": "never signed",
    }
    expected = "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"
    assert lazada.open_platform("/order/get", parameters, "helloworld") == expected


def test_shopee_signs_partner_path_time_token_and_shop() -> None:
    path = "/api/v2/payment/get_escrow_list"
    text = b"2001887/api/v2/payment/get_escrow_list1655714431tokenvalue209920731"
    expected = hmac.new(b"partner-key", text, hashlib.sha256).hexdigest()
    assert shopee.signature(path, "2001887", "partner-key", 1655714431, "tokenvalue", "209920731") == expected


def test_tiktok_wraps_the_secret_around_and_leaves_the_token_out() -> None:
    parameters = {"timestamp": "1623812664", "app_key": "68xu7ks", "access_token": "x", "sign": "y"}
    text = b"777" + b"/finance/202309/statements" + b"app_key68xu7ks" + b"timestamp1623812664" + b"777"
    expected = hmac.new(b"777", text, hashlib.sha256).hexdigest()
    assert tiktok.signature("/finance/202309/statements", parameters, "777") == expected


def test_blibli_signs_a_java_date_in_jakarta() -> None:
    at = datetime(2020, 5, 12, 9, 28, 52, tzinfo=UTC)
    assert blibli.signed_date(at) == "Tue May 12 16:28:52 WIB 2020"
    body = '{"a":1}'
    digest = hashlib.md5(body.encode()).hexdigest()
    text = f"POST\n{digest}\napplication/json\nTue May 12 16:28:52 WIB 2020\n/seller/v1/settlements/filter"
    expected = base64.b64encode(hmac.new(b"key", text.encode(), hashlib.sha256).digest()).decode()
    path = blibli.signed_path("/v2/proxy/seller/v1/settlements/filter")
    assert blibli.signature("POST", path, body, at, "key") == expected


def test_blibli_signs_a_get_without_body_and_type() -> None:
    at = datetime(2020, 5, 12, 9, 28, 52, tzinfo=UTC)
    text = b"GET\n\n\nTue May 12 16:28:52 WIB 2020\n/mtaapi/x"
    expected = base64.b64encode(hmac.new(b"key", text, hashlib.sha256).digest()).decode()
    assert blibli.signature("GET", blibli.signed_path("/v2/proxy/mta/x"), "", at, "key") == expected
