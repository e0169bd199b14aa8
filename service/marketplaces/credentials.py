"""The credentials with which a marketplace is asked: from a file that only its owner can read, and never stored.

The file is a JSON object of channels: {"shopee": {"partnerId": "...", "shopId": "...", ...}}.
"""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, StrictBool, ValidationError
from pydantic.alias_generators import to_camel

from service.formats.json import Broken, decode
from service.marketplaces.blibli.client import BlibliStore, pull_blibli
from service.marketplaces.lazada.client import OpenPlatform, SellerCenter, pull_open_platform, pull_sellercenter
from service.marketplaces.pulling import Peer, PulledPage
from service.marketplaces.shopee.client import ShopeeShop, pull_shopee
from service.marketplaces.tiktok.client import TikTokShop, pull_tiktok
from service.marketplaces.tokopedia.client import TokopediaShop, pull_tokopedia

FILE_BYTES_MAX = 64 * 1024
TEXT_MAX = 2000
"""Access tokens are the longest: some are JSON Web Tokens."""
MASK = "***"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Pull = Callable[[Peer, datetime, datetime, str | None], AsyncIterator[PulledPage]]


class WrongCredentials(Exception):
    """The credentials cannot be used; the message says which field is wrong, and never shows a value."""


def _one_word(text: str) -> str:
    if not (0 < len(text) <= TEXT_MAX and text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(f"1 to {TEXT_MAX} ASCII characters without spaces or line breaks")
    return text


def _secret(text: SecretStr) -> SecretStr:
    _one_word(text.get_secret_value())
    return text


def base_url(text: str) -> str:
    """The address of an API; ValueError for one that secrets must not be sent to."""
    try:
        parts = urlsplit(_one_word(text))
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port == 0 or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("an address such as https://api.lazada.co.id/rest, without a query")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError("it has to begin with https://: these are secrets")
    return text


Word = Annotated[str, AfterValidator(_one_word)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
BaseUrl = Annotated[str, AfterValidator(base_url)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, hide_input_in_errors=True)

    base_url: BaseUrl | None = None


class SellerCenterFields(_Fields):
    """A SellerCenter user and its API key."""

    user_id: Word
    api_key: Secret


class OpenPlatformFields(_Fields):
    """An app of Lazada's Open Platform, and the token of a seller who authorised it."""

    app_key: Word
    app_secret: Secret
    access_token: Secret


class ShopeeFields(_Fields):
    """A partner, and the token of a shop that authorised it."""

    partner_id: Word
    shop_id: Word
    partner_key: Secret
    access_token: Secret
    cross_border: StrictBool = False


class TikTokFields(_Fields):
    """An app of TikTok Shop's, and the token of a shop that authorised it."""

    app_key: Word
    shop_cipher: Word
    app_secret: Secret
    access_token: Secret


class TokopediaFields(_Fields):
    """A shop of an app's fulfilment service, and the app's token."""

    fs_id: Word
    shop_id: Word
    access_token: Secret


class BlibliFields(_Fields):
    """A store, and the keys of the API's client and of the seller."""

    client_id: Word
    store_code: Word
    username: Word
    client_key: Secret
    seller_key: Secret
    signature_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """One shop's API, ready to be asked. `shop` is what the credentials call it, empty where they do not say."""

    channel: str
    api: str
    """`sellercenter` or `open_platform` for Lazada, whose two APIs are asked apart; else `api`."""
    shop: str
    base_url: str
    pull: Pull = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def masked(self, text: str) -> str:
        """The text without any of the secrets: a marketplace may repeat them in its refusal."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text


def read_credentials(path: Path) -> dict[str, Any]:
    """The channels of a file. WrongCredentials where others can read it, or it is none."""
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise WrongCredentials(f"{path} is not a file")
            if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise WrongCredentials(f"{path} holds secrets, and others can read or change it: chmod 600 {path}")
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as problem:
        raise WrongCredentials(f"{path} cannot be read: {problem.strerror}") from None
    try:
        found = decode(raw.decode("utf-8-sig")) if len(raw) <= FILE_BYTES_MAX else None
    except (Broken, UnicodeDecodeError):
        found = None
    if not (isinstance(found, dict) and all(isinstance(fields, dict) for fields in found.values())):
        # Not what is wrong with it: that would show what stands there.
        raise WrongCredentials(f'{path} is not a JSON object of channels, such as {{"shopee": {{"partnerId": "..."}}}}')
    return found


def access_of(channel: str, credentials: Mapping[str, Any], at: str | None = None) -> ChannelAccess:
    """What a channel is asked with; `at` is an address that goes before the file's. WrongCredentials names the field."""
    fields = credentials.get(channel)
    if fields is None:
        raise WrongCredentials(f"the credentials name no {channel}: there are {', '.join(credentials) or 'none'}")
    model = _model(channel, fields)
    try:
        given = model.model_validate(
            {name: str(found) if _is_number(found) else found for name, found in fields.items()}
        )
        address = base_url(at) if at is not None else given.base_url or BASE_URLS.get(model)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        # Anything might stand where a name of a field should.
        shown = name if first["type"] != "extra_forbidden" else "a field"
        told = {"missing": "it is missing", "extra_forbidden": f"is not one of {', '.join(_names(model))}"}
        said = told.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise WrongCredentials(f"{channel}.{shown}: {said}") from None
    except ValueError as problem:
        raise WrongCredentials(f"--base-url: {problem}") from None
    if address is None:
        raise WrongCredentials(
            f"{channel}.baseUrl: it is missing, and differs from country to country: such as {EXAMPLE_URLS[model]}"
        )
    return _access(channel, given, address)


def _is_number(found: object) -> bool:
    """Ids are often written as numbers."""
    return isinstance(found, int) and not isinstance(found, bool)


def _names(model: type[_Fields]) -> list[str]:
    return [to_camel(name) for name in model.model_fields]


MODELS: Mapping[str, tuple[type[_Fields], ...]] = {
    "lazada": (OpenPlatformFields, SellerCenterFields),
    "shopee": (ShopeeFields,),
    "tokopedia": (TokopediaFields,),
    "tiktok": (TikTokFields,),
    "blibli": (BlibliFields,),
}
BASE_URLS: Mapping[type[_Fields], str] = {
    ShopeeFields: "https://partner.shopeemobile.com",
    TokopediaFields: "https://fs.tokopedia.net",
    TikTokFields: "https://open-api.tiktokglobalshop.com",
    BlibliFields: "https://api.blibli.com",
}
EXAMPLE_URLS: Mapping[type[_Fields], str] = {
    OpenPlatformFields: "https://api.lazada.co.id/rest",
    SellerCenterFields: "https://api.sellercenter.lazada.co.id",
}


def _model(channel: str, fields: Mapping[str, Any]) -> type[_Fields]:
    first, *others = MODELS[channel]
    return others[0] if others and "userId" in fields else first


def _access(channel: str, given: _Fields, address: str) -> ChannelAccess:
    api, shop, pull = _asked(given)
    # The longest first: a secret may be the beginning of another one.
    secrets = sorted(
        {found.get_secret_value() for _, found in given if isinstance(found, SecretStr)}, key=len, reverse=True
    )
    return ChannelAccess(channel, api, shop, address, pull, tuple(secrets))


def _asked(given: _Fields) -> tuple[str, str, Pull]:
    """Which API is asked, the shop's name in its credentials, and how it is asked."""
    match given:
        case SellerCenterFields():
            user = SellerCenter(given.user_id, given.api_key.get_secret_value())
            return "sellercenter", given.user_id, _as(pull_sellercenter, user)
        case OpenPlatformFields():
            app = OpenPlatform(
                given.app_key, given.app_secret.get_secret_value(), given.access_token.get_secret_value()
            )
            return "open_platform", given.app_key, _as(pull_open_platform, app)
        case ShopeeFields():
            shop = ShopeeShop(
                given.partner_id,
                given.shop_id,
                given.partner_key.get_secret_value(),
                given.access_token.get_secret_value(),
                given.cross_border,
            )
            return "api", given.shop_id, _as(pull_shopee, shop)
        case TikTokFields():
            tiktok = TikTokShop(
                given.app_key,
                given.shop_cipher,
                given.app_secret.get_secret_value(),
                given.access_token.get_secret_value(),
            )
            return "api", given.shop_cipher, _as(pull_tiktok, tiktok)
        case TokopediaFields():
            tokopedia = TokopediaShop(given.fs_id, given.shop_id, given.access_token.get_secret_value())
            return "api", given.shop_id, _as(pull_tokopedia, tokopedia)
        case BlibliFields():
            key = given.signature_key
            store = BlibliStore(
                given.client_id,
                given.store_code,
                given.username,
                given.client_key.get_secret_value(),
                given.seller_key.get_secret_value(),
                None if key is None else key.get_secret_value(),
            )
            return "api", given.store_code, _as(pull_blibli, store)
        case _:
            raise AssertionError(f"{type(given).__name__} asks no API")


def _as(pull: Callable[..., AsyncIterator[PulledPage]], who: object) -> Pull:
    return lambda peer, since, until, resume: pull(peer, who, since, until, resume)
