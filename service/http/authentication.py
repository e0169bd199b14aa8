"""Who asks: an API key as a bearer token or by a request's signature, and the account that the request is about."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from events.fields import AccountId
from service.http.app_keys import KEYS, RUNTIME
from service.http.errors import ApiError
from service.http.parameters import IDEMPOTENCY_KEY, PLUGIPAY_ON_BEHALF_OF, STORLAUNCH_ON_BEHALF_OF
from service.ledger.api_keys import ApiKey
from service.platform import request_signature

_ACCOUNT_ID: TypeAdapter[str] = TypeAdapter(AccountId)


async def authenticate(request: web.Request, body: bytes) -> ApiKey:
    """The key of whoever asks; 401 where there is none, or where the signature does not match."""
    header = request.headers.get("Authorization")
    if header is None:
        raise ApiError("UNAUTHORIZED", "no Authorization header: send Bearer sk_... or a signed request")
    if not header.isascii():
        raise ApiError("UNAUTHORIZED", "the Authorization header is not ASCII text")
    keys = request.app[KEYS]
    if header.startswith("Bearer "):
        key = await keys.by_bearer(header[7:].strip())
        if key is None:
            raise ApiError("UNAUTHORIZED", "this key is not known, or was revoked")
        return key
    signed = request_signature.parse(header)
    if signed is None:
        raise ApiError("UNAUTHORIZED", "the Authorization header is neither Bearer sk_... nor a known signature")
    timestamp = request.headers.get(f"X-{signed.brand}-Timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise ApiError("INVALID_TIMESTAMP", f"X-{signed.brand}-Timestamp is to be the time in whole epoch seconds")
    if abs(request.app[RUNTIME].now().timestamp() - int(timestamp)) > request_signature.SKEW_SECONDS:
        raise ApiError(
            "INVALID_TIMESTAMP", f"the timestamp is more than {request_signature.SKEW_SECONDS} s away from now"
        )
    key = await keys.by_id(signed.key_id)
    if key is None:
        raise ApiError("INVALID_KEY", "this key is not known, or was revoked")
    expected = request_signature.signature(
        keys.secret_of(key),
        request.method,
        request.raw_path,
        timestamp,
        body,
        request.headers.get(IDEMPOTENCY_KEY.name),
    )
    if not request_signature.equal(signed.signature, expected):
        raise ApiError("INVALID_SIGNATURE", "the signature does not match this request")
    return key


def require_bearer(request: web.Request) -> None:
    """For a body that is read piece by piece: a signature covers all of it."""
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        raise ApiError("UNAUTHORIZED", "a streamed body cannot be signed: send Authorization: Bearer sk_...")


def check_scopes(key: ApiKey, scopes: Sequence[str]) -> None:
    """403 where the key has none of them."""
    if key.scopes.isdisjoint(scopes):
        raise ApiError("FORBIDDEN", f"this key lacks the scope {' or '.join(scopes)}", details={"scopes": list(scopes)})


def account_of(request: web.Request, key: ApiKey) -> str | None:
    """The account a request is about: the key's own, or the one it names where it was granted to."""
    headers = request.headers
    named = headers.get(STORLAUNCH_ON_BEHALF_OF.name) or headers.get(PLUGIPAY_ON_BEHALF_OF.name)
    if named is None or named == key.account_id:
        return key.account_id
    if not key.on_behalf_of:
        raise ApiError("FORBIDDEN", "this key may not ask on behalf of another account")
    try:
        return _ACCOUNT_ID.validate_python(named)
    except ValidationError:
        raise ApiError("NOT_FOUND", "there is no account of the id that this is asked on behalf of") from None
