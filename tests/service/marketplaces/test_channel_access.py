"""Credentials come from a file that only its owner can read; nothing that is told of them shows a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from service.marketplaces.channel_access import WrongCredentials, access_of, check_base_url, read_credentials

SHOPEE = {"partnerId": 2001887, "shopId": "209920731", "partnerKey": "key-0f-the-partner", "accessToken": "token-0f-it"}
LAZADA = {
    "appKey": "123456",
    "appSecret": "helloworld",
    "accessToken": "test-token",
    "baseUrl": "https://api.lazada.vn/rest",
}
CENTER = {"userId": "look@me.com", "apiKey": "b1bdb357", "baseUrl": "https://api.sellercenter.lazada.co.id"}


SECRETS = ("apiKey", "appSecret", "accessToken", "partnerKey", "clientKey", "sellerKey", "signatureKey")


def file_of(folder: Path, content: Any, mode: int = 0o600) -> Path:
    path = folder / "credentials.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = file_of(tmp_path, {"shopee": SHOPEE}, mode)
    with pytest.raises(WrongCredentials, match=f"chmod 600 {path}"):
        read_credentials(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    assert read_credentials(file_of(tmp_path, {"shopee": SHOPEE}, mode))["shopee"]["shopId"] == "209920731"


@pytest.mark.parametrize(
    "content", ["", "[]", "partner-secret", '{"shopee": "partner-secret"}', '{"a": ', "9" * 70_000]
)
def test_what_is_no_object_of_channels_is_refused_without_being_shown(tmp_path: Path, content: str) -> None:
    with pytest.raises(WrongCredentials) as caught:
        read_credentials(file_of(tmp_path, content))
    assert "JSON object of channels" in str(caught.value)
    assert "partner-secret" not in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongCredentials, match="cannot be read"):
        read_credentials(tmp_path / "nowhere")
    with pytest.raises(WrongCredentials):
        read_credentials(tmp_path)


@pytest.mark.parametrize(
    ("channel", "fields", "api", "shop", "address"),
    [
        ("shopee", SHOPEE, "api", "209920731", "https://partner.shopeemobile.com"),
        ("lazada", LAZADA, "open_platform", "123456", "https://api.lazada.vn/rest"),
        ("lazada", CENTER, "sellercenter", "look@me.com", "https://api.sellercenter.lazada.co.id"),
        ("tiktok", {"appKey": "a", "shopCipher": "c", "appSecret": "s", "accessToken": "t"}, "api", "c", "https://open-api.tiktokglobalshop.com"),
        ("tokopedia", {"fsId": 13004, "shopId": "479573", "accessToken": "t"}, "api", "479573", "https://fs.tokopedia.net"),
        (
            "blibli",
            {"clientId": "i", "storeCode": "SDC-1", "username": "u", "clientKey": "c", "sellerKey": "s", "signatureKey": "g"},
            "api", "SDC-1", "https://api.blibli.com",
        ),
    ],
)  # fmt: skip
def test_each_channel_has_its_own_fields(
    channel: str, fields: dict[str, Any], api: str, shop: str, address: str
) -> None:
    access = access_of(channel, {channel: fields})
    assert (access.channel, access.api.name, access.credentials.shop, access.base_url) == (channel, api, shop, address)
    assert access_of(channel, {channel: fields}, "http://127.0.0.1:8080/x").base_url == "http://127.0.0.1:8080/x"
    secrets = access.credentials.secrets()
    assert set(secrets) == {fields[name] for name in SECRETS if name in fields}
    assert access.masked(" ".join(secrets)) == " ".join(["***"] * len(secrets))
    for secret in secrets:
        assert repr(secret) not in repr(access) + repr(access.credentials)


@pytest.mark.parametrize(
    ("channel", "fields", "told"),
    [
        ("shopee", {**SHOPEE, "partnerKey": ""}, "shopee.partnerKey"),
        ("shopee", {**SHOPEE, "accessToken": "token-0f-it\n"}, "shopee.accessToken"),
        ("shopee", {**SHOPEE, "accessToken": ["token-0f-it"]}, "shopee.accessToken"),
        ("shopee", {**SHOPEE, "crossBorder": "token-0f-it"}, "shopee.crossBorder"),
        ("shopee", {**SHOPEE, "token-0f-it": 1}, "shopee.a field: is not one of baseUrl, partnerId"),
        ("shopee", {**SHOPEE, "baseUrl": "http://partner.shopeemobile.com"}, "shopee.baseUrl"),
        ("shopee", {name: SHOPEE[name] for name in ("partnerId", "shopId")}, "shopee.partnerKey: it is missing"),
        ("lazada", {name: text for name, text in LAZADA.items() if name != "baseUrl"}, "lazada.baseUrl"),
        ("lazada", {"userId": "a@b.c"}, "lazada.apiKey: it is missing"),
        ("tiktok", None, "name no tiktok"),
    ],
)
def test_what_is_wrong_names_the_field_and_shows_no_value(channel: str, fields: Any, told: str) -> None:
    credentials = {"shopee": SHOPEE} if fields is None else {channel: fields}
    with pytest.raises(WrongCredentials) as caught:
        access_of(channel, credentials)
    assert told in str(caught.value)
    for secret in ("key-0f-the-partner", "token-0f-it", "helloworld", "test-token"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://api.lazada.vn/rest",
        "ftp://127.0.0.1/",
        "api.lazada.vn",
        "https://",
        "https://user:secret@api.lazada.vn",
        "https://api.lazada.vn/?a=1",
        "https://api.lazada.vn:99999",
        "http://127.0.0.1.evil.example",
    ],
)
def test_secrets_go_to_https_or_to_this_machine(text: str) -> None:
    with pytest.raises(ValueError):
        check_base_url(text)
    with pytest.raises(WrongCredentials, match="--base-url"):
        access_of("shopee", {"shopee": SHOPEE}, text)


def test_the_longest_secret_is_masked_first() -> None:
    access = access_of("shopee", {"shopee": {**SHOPEE, "partnerKey": "abc", "accessToken": "abcdef"}})
    assert access.masked("Invalid access_token abcdef of abc") == "Invalid access_token *** of ***"
