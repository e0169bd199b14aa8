"""Blibli's signatures, against the scheme spelled out in other words."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from service.marketplaces.blibli import signing as blibli


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
