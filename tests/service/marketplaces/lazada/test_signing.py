"""Lazada's signatures, against published vectors."""

from __future__ import annotations

import pytest

from service.marketplaces.lazada import signing as lazada

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
