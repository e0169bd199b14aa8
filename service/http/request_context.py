"""One authenticated request: whose key it has, the account that it is about, its parameters, its body, its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from events.command import AccountId
from events.envelope import Actor, Source
from service.formats.json import RepeatedKey, check_keys
from service.http.app_keys import KEYS, RUNTIME
from service.http.envelope import JSON, Meta, PositionMeta
from service.http.errors import ApiError
from service.http.parameters import (
    IDEMPOTENCY_KEY,
    PLUGIPAY_ON_BEHALF_OF,
    STORLAUNCH_ON_BEHALF_OF,
    X_IDEMPOTENCY_KEY,
    AnyParameter,
    Parameter,
    PathParameter,
    Value,
)
from service.ledger.api_keys import ApiKey
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.platform import request_signature
from service.platform.database import Pool
from sql import query

_ACCOUNT_ID: TypeAdapter[str] = TypeAdapter(AccountId)

REQUEST_ID = web.RequestKey("request_id", str)

SAFE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "payout-ledger"}
"""On every answer: nobody on the way keeps what is of one account, guesses another type, or learns our versions."""
STRANGER = web.RequestKey("stranger", bool)
"""Whether the request has proven no key, where an operation has asked for one or is open to everybody."""

ANSWER_BY = web.RequestKey("answer_by", float)
"""Until when the request is answered, in the event loop's time: counted from its arrival, whatever it waits for."""


class Claimant(Enum):
    """What is known of whoever sends a body, before it is read."""

    BEARER = auto()
    """Its key is proven."""
    SIGNED = auto()
    """It names a key: only the body shows whether it has the key's secret."""
    STRANGER = auto()


@dataclass(slots=True)
class RequestContext:
    """An authenticated request.

    `body` is as received, and empty where it is streamed. `signature` is None where a bearer key was sent. `account_id` is
    None where a platform key names none.
    `declared` and `body_fields` are the parameters, and the fields of a JSON body, that the operation declares.
    """

    request: web.Request
    ledger: Ledger
    key: ApiKey
    body: bytes
    signature: str | None
    account_id: str | None
    request_id: str
    declared: tuple[AnyParameter, ...]
    body_fields: frozenset[str]

    def require(self, scope: str) -> None:
        """403 where the key lacks the scope: for what a single request needs beside its operation's scopes."""
        check_scopes(self.key, (scope,))

    @property
    def account(self) -> str:
        """The account this is about; 400 where a platform key did not say."""
        if self.account_id is None:
            raise ApiError(
                "VALIDATION_ERROR",
                "a platform key has no account of its own: name one in X-Storlaunch-On-Behalf-Of",
                field=STORLAUNCH_ON_BEHALF_OF.name,
            )
        return self.account_id

    def read(self, parameter: Parameter[Value]) -> Value:
        """The parameter's value; 400 where its text is wrong."""
        assert parameter in self.declared, f"{parameter.name} is read, and the operation does not declare it"
        return parameter.read(self.request)

    def given(self, parameter: Parameter[Any]) -> str | None:
        """The parameter's text as it was sent, or None."""
        assert parameter in self.declared, f"{parameter.name} is read, and the operation does not declare it"
        return parameter.given(self.request)

    def id_in_path(self, parameter: PathParameter) -> str:
        """An id as the path has it; 404 for what no id can be."""
        return parameter.read(self.request)

    async def lane(self) -> int:
        """The account's lane; 404 where there is no such account."""
        lane = await self.ledger.known_lane_of(self.account)
        if lane is None:
            raise ApiError("NOT_FOUND", f"there is no account {self.account}")
        return lane

    def document(self) -> dict[str, Any]:
        """The body as a JSON object; no body is an empty one. 400 names a field that the operation does not declare."""
        if not self.body:
            return {}
        document = parse_json(self.body)
        if not isinstance(document, dict):
            raise ApiError("VALIDATION_ERROR", "the body is to be a JSON object")
        for name in document:
            if name not in self.body_fields:
                raise ApiError("VALIDATION_ERROR", f"{name}: this field is not known here", field=name)
        return document

    def idempotency_key(self, index: int | None = None) -> str | None:
        """The key that was sent; else, of a signed request, its signature: sent again, it is the same request.

        `index` is the command's, where a request has several.
        """
        key = self.sent_idempotency_key()
        if key is not None or self.signature is None:
            return key
        return f"signature:{self.signature}" + ("" if index is None else f":{index}")

    def sent_idempotency_key(self) -> str | None:
        """From `Idempotency-Key` or `X-Idempotency-Key`; 400 where both are sent and differ."""
        assert IDEMPOTENCY_KEY in self.declared, "an idempotency key is read, and the operation does not declare it"
        headers = self.request.headers
        key, other = headers.get(IDEMPOTENCY_KEY.name), headers.get(X_IDEMPOTENCY_KEY.name)
        if key is not None and other is not None and key != other:
            raise ApiError(
                "VALIDATION_ERROR", "Idempotency-Key and X-Idempotency-Key differ", field=IDEMPOTENCY_KEY.name
            )
        key = key if other is None else other
        return None if key is None else IDEMPOTENCY_KEY.parse(key)

    def origin(self) -> RequestOrigin:
        return RequestOrigin(
            actor=Actor("key", self.key.key_id),
            source=Source("command", self.key.key_id),
            mode=self.key.mode,
            request_id=self.request_id,
            traceparent=_traceparent(self.request),
        )

    def meta(self) -> Meta:
        """Of an answer that is made now."""
        return {"requestId": self.request_id, "timestamp": self.ledger.runtime.instant()}

    def meta_at(self, lane: int, position: int) -> PositionMeta:
        """Of what was read at this position of its lane."""
        at = self.ledger.runtime.instant()
        return {"requestId": self.request_id, "timestamp": at, "lane": lane, "position": position}

    def respond(
        self,
        document: Mapping[str, object] | Sequence[Mapping[str, object]],
        meta: Meta | None = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        """The answer with this as its data."""
        return respond(success(orjson.dumps(document), meta or self.meta()), status, headers)


def success(data: bytes, meta: Meta) -> bytes:
    """A whole body around data that is JSON already."""
    return b'{"data":%b,"error":null,"meta":%b}' % (data, orjson.dumps(meta))


def respond(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type=JSON)


def stream_headers(request: web.Request, content_type: str) -> dict[str, str]:
    """The headers of an answer that is written in parts: they are sent before the middleware sees the answer."""
    return {"Content-Type": f"{content_type}; charset=utf-8", "X-Request-Id": request[REQUEST_ID], **SAFE_HEADERS}


ReadBody = Callable[[web.Request, Claimant], Awaitable[bytes]]


Admitted = tuple[ApiKey, bytes, str | None]


async def authenticate(
    request: web.Request, read: ReadBody, proven: Callable[[web.Request, ApiKey], None], refusal: ApiError | None
) -> Admitted:
    """The key of whoever asks, the body, and the signature; 401 where there is none, or where it does not match.

    The body is read when the key is known: of a stranger's, not a byte. `proven` is told of the key as soon as it is proven.
    `refusal` is what strangers are answered now: then only those get further who ask with a key that was asked with before.
    """
    request[STRANGER] = True
    sent = request.headers.getall("Authorization", ())
    if not sent:
        raise refusal or ApiError("UNAUTHORIZED", "no Authorization header: send Bearer sk_... or a signed request")
    header = sent[0]
    if len(sent) > 1:
        raise ApiError("VALIDATION_ERROR", "several Authorization headers: send one", field="Authorization")
    if len(header) > request_signature.HEADER_MAX or not header.isascii():
        most = request_signature.HEADER_MAX
        raise ApiError("UNAUTHORIZED", f"the Authorization header is to be ASCII text of at most {most} characters")
    keys = request.app[KEYS]
    if header.startswith("Bearer "):
        key = await keys.by_bearer(header[7:].strip(), remembered=refusal is not None)
        if key is None:
            raise refusal or ApiError("UNAUTHORIZED", "this key is not known, or was revoked")
        proven(request, key)
        return key, await read(request, Claimant.BEARER), None
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
    key = await keys.by_id(signed.key_id, remembered=refusal is not None)
    if key is None:
        raise refusal or ApiError("INVALID_KEY", "this key is not known, or was revoked")
    signed_key = request.headers.get(IDEMPOTENCY_KEY.name)
    if not signed_key and X_IDEMPOTENCY_KEY.name in request.headers and request.method != "GET":
        raise ApiError(
            "VALIDATION_ERROR",
            "X-Idempotency-Key is not signed: send Idempotency-Key, and sign it",
            field=X_IDEMPOTENCY_KEY.name,
        )
    body = await read(request, Claimant.SIGNED)
    expected = request_signature.signature(
        keys.secret_of(key),
        request.method,
        request.raw_path,
        timestamp,
        body,
        signed_key,
    )
    if not request_signature.equal(signed.signature, expected):
        raise ApiError("INVALID_SIGNATURE", "the signature does not match this request")
    proven(request, key)
    return key, body, expected


async def check_signature_is_for(pool: Pool, signature: str, account_id: str | None) -> None:
    """401 where any replica has seen the signature with another account: the account is not part of what is signed."""
    asked_for = account_id or ""
    seen_for = await pool.fetchval(
        query("keys/see_signature"), signature, asked_for, float(request_signature.GOOD_SECONDS)
    )
    if seen_for != asked_for:
        raise ApiError(
            "INVALID_SIGNATURE",
            "this signature was sent for another account: sign each request for itself, with an Idempotency-Key of its own",
        )


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
    headers = (STORLAUNCH_ON_BEHALF_OF.name, PLUGIPAY_ON_BEHALF_OF.name)
    given = {*request.headers.getall(headers[0], ()), *request.headers.getall(headers[1], ())} - {""}
    if len(given) > 1:
        raise ApiError("VALIDATION_ERROR", "the request names two accounts to ask on behalf of", field=headers[0])
    named = next(iter(given), None)
    if named is None or named == key.account_id:
        return key.account_id
    if not key.on_behalf_of:
        raise ApiError("FORBIDDEN", "this key may not ask on behalf of another account")
    try:
        return _ACCOUNT_ID.validate_python(named)
    except ValidationError:
        raise ApiError("NOT_FOUND", "there is no account of the id that this is asked on behalf of") from None


def parse_json(body: bytes) -> Any:
    try:
        document = orjson.loads(body)
        check_keys(body, document)
    except RepeatedKey as problem:
        raise ApiError("VALIDATION_ERROR", f"the body is ambiguous: {problem}") from None
    except ValueError as problem:
        raise ApiError("VALIDATION_ERROR", f"the body is not JSON: {problem}") from None
    return document


def _traceparent(request: web.Request) -> str | None:
    value = request.headers.get("traceparent")
    return value if value is not None and len(value) <= 128 and value.isascii() and value.isprintable() else None
