"""One authenticated request: the account that it is about, its parameters and its body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from events.chain import Actor, Source
from service.http.authentication import check_scopes
from service.http.envelope import Meta, PositionMeta, respond, success
from service.http.errors import ApiError
from service.http.parameters import (
    IDEMPOTENCY_KEY,
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

REQUEST_ID = web.RequestKey("request_id", str)


@dataclass(slots=True)
class RequestContext:
    """An authenticated request.

    `body` is as received, and empty where it is streamed. `account_id` is None where a platform key names none.
    `declared` and `body_fields` are the parameters, and the fields of a JSON body, that the operation declares.
    """

    request: web.Request
    ledger: Ledger
    key: ApiKey
    body: bytes
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

    def idempotency_key(self) -> str | None:
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


def parse_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise ApiError("VALIDATION_ERROR", f"the body is not JSON: {problem}") from None


def _traceparent(request: web.Request) -> str | None:
    value = request.headers.get("traceparent")
    return value if value is not None and len(value) <= 128 and value.isascii() and value.isprintable() else None
