"""One request, from its headers to the account it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from events.chain import Actor, Source
from events.fields import AccountId, IdempotencyKey
from service.http.app_keys import KEYS, LEDGER, RUNTIME
from service.http.errors import ApiError
from service.ledger.api_keys import ApiKey
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.platform import request_signature

REQUEST_ID = web.RequestKey("request_id", str)
ID_LENGTH_MAX = 64

_IDEMPOTENCY_KEY: TypeAdapter[str] = TypeAdapter(IdempotencyKey)
_ACCOUNT_ID: TypeAdapter[str] = TypeAdapter(AccountId)


@dataclass(slots=True)
class RequestContext:
    """An authenticated request. `body` is as received; `account_id` is None where a platform key names none."""

    request: web.Request
    ledger: Ledger
    key: ApiKey
    body: bytes
    account_id: str | None
    request_id: str

    @classmethod
    async def begin(cls, request: web.Request, *scopes: str) -> RequestContext:
        """Authenticates, and checks that the key has one of the scopes and may ask for the account it names."""
        body = await request.read() if request.can_read_body else b""
        key = await _authenticate(request, body)
        _check_scopes(key, scopes)
        return cls(request, request.app[LEDGER], key, body, _account(request, key), request[REQUEST_ID])

    @classmethod
    async def begin_streamed(cls, request: web.Request, *scopes: str) -> RequestContext:
        """As `begin`, with the body left to be read piece by piece: only for bearers, since a signature covers it all."""
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            raise ApiError("UNAUTHORIZED", "a streamed body cannot be signed: send Authorization: Bearer sk_...")
        key = await _authenticate(request, b"")
        _check_scopes(key, scopes)
        return cls(request, request.app[LEDGER], key, b"", _account(request, key), request[REQUEST_ID])

    def require(self, scope: str) -> None:
        if scope not in self.key.scopes:
            raise ApiError("FORBIDDEN", f"this key lacks the scope {scope}", details={"scopes": [scope]})

    @property
    def account(self) -> str:
        """The account this is about; 400 where a platform key did not say."""
        if self.account_id is None:
            raise ApiError(
                "VALIDATION_ERROR",
                "a platform key has no account of its own: name one in X-Storlaunch-On-Behalf-Of",
                field="X-Storlaunch-On-Behalf-Of",
            )
        return self.account_id

    def id_in_path(self, name: str) -> str:
        """An id as the path has it; 404 for what no id can be."""
        text = self.request.match_info[name]
        if not (len(text) <= ID_LENGTH_MAX and text.isascii() and text.isprintable()):
            raise ApiError("NOT_FOUND", "there is nothing with this id", field=to_camel(name))
        return text

    async def lane(self) -> int:
        """The account's lane; 404 where there is no such account."""
        lane = await self.ledger.known_lane_of(self.account)
        if lane is None:
            raise ApiError("NOT_FOUND", f"there is no account {self.account}")
        return lane

    def document(self, *known: str) -> dict[str, Any]:
        """The body as a JSON object; no body is an empty one. Where `known` names fields, any other is refused."""
        if not self.body:
            return {}
        document = parse_json(self.body)
        if not isinstance(document, dict):
            raise ApiError("VALIDATION_ERROR", "the body is to be a JSON object")
        if known:
            for name in document:
                if name not in known:
                    raise ApiError("VALIDATION_ERROR", f"{name}: this field is not known here", field=name)
        return document

    def idempotency_key(self) -> str | None:
        """From `Idempotency-Key` or `X-Idempotency-Key`; 400 where both are sent and differ."""
        headers = self.request.headers
        key = headers.get("Idempotency-Key")
        other = headers.get("X-Idempotency-Key")
        if other is not None:
            if key is not None and key != other:
                raise ApiError(
                    "VALIDATION_ERROR", "Idempotency-Key and X-Idempotency-Key differ", field="Idempotency-Key"
                )
            key = other
        if key is None:
            return None
        try:
            return _IDEMPOTENCY_KEY.validate_python(key)
        except ValidationError:
            raise ApiError(
                "VALIDATION_ERROR",
                "an idempotency key is 1 to 255 printable ASCII characters without spaces",
                field="Idempotency-Key",
            ) from None

    def origin(self) -> RequestOrigin:
        return RequestOrigin(
            actor=Actor("key", self.key.key_id),
            source=Source("command", self.key.key_id),
            mode=self.key.mode,
            request_id=self.request_id,
            traceparent=_traceparent(self.request),
        )


def _check_scopes(key: ApiKey, scopes: Sequence[str]) -> None:
    if scopes and key.scopes.isdisjoint(scopes):
        raise ApiError("FORBIDDEN", f"this key lacks the scope {' or '.join(scopes)}", details={"scopes": list(scopes)})


def parse_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise ApiError("VALIDATION_ERROR", f"the body is not JSON: {problem}") from None


def _traceparent(request: web.Request) -> str | None:
    value = request.headers.get("traceparent")
    return value if value is not None and len(value) <= 128 and value.isascii() and value.isprintable() else None


async def _authenticate(request: web.Request, body: bytes) -> ApiKey:
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
        request.headers.get("Idempotency-Key"),
    )
    if not request_signature.equal(signed.signature, expected):
        raise ApiError("INVALID_SIGNATURE", "the signature does not match this request")
    return key


def _account(request: web.Request, key: ApiKey) -> str | None:
    """The account a request is about: the key's own, or the one it names where it was granted to."""
    named = request.headers.get("X-Storlaunch-On-Behalf-Of") or request.headers.get("X-Plugipay-On-Behalf-Of")
    if named is None or named == key.account_id:
        return key.account_id
    if not key.on_behalf_of:
        raise ApiError("FORBIDDEN", "this key may not ask on behalf of another account")
    try:
        return _ACCOUNT_ID.validate_python(named)
    except ValidationError:
        raise ApiError("NOT_FOUND", "there is no account of the id that this is asked on behalf of") from None
