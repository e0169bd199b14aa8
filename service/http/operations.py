"""What an operation of the API is: its route, whom it serves, what it takes, what it answers, and its handler.

Routes (`app.py`) and `/openapi.json` (`openapi.py`) are made from operations, and from nothing else.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar, Literal

from aiohttp import web

from service.http.app_keys import LEDGER, SETTINGS
from service.http.bodies import FileBody, JsonBody, RequestBody
from service.http.envelope import CSV, JSON, Meta
from service.http.errors import ApiError
from service.http.middleware import BODIES, DEADLINES, RATE_LIMITS
from service.http.parameters import AnyParameter, PathParameter
from service.http.request_context import (
    ANSWER_BY,
    REQUEST_ID,
    Claimant,
    ReadBody,
    RequestContext,
    account_of,
    authenticate,
    check_scopes,
    check_signature_is_for,
    require_bearer,
)

API_PREFIXES = ("/v1", "/api/v1")
"""S2 writes /v1, its SDKs send /api/v1."""

_NO_FIELDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What an operation answers where nothing was wrong. `data` and `meta` are types; the schema is made from them."""

    data: Any
    meta: Any = Meta
    status: int = 200
    description: str = ""
    """The operation's summary, where nothing is said."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that it may have, each with its description."""
    enveloped: bool = True
    """Whether `data` stands in the envelope; else it is the whole body."""
    media_types: tuple[str, ...] = (JSON,)
    """What the body may be. Only JSON has the shape of `data`."""


@dataclass(frozen=True, eq=False)
class Operation(ABC):
    """What every operation says of itself. `path` has no prefix, and `{payout_id}` where an id stands."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    _: KW_ONLY
    id: str
    """Its `operationId`: a public name."""
    summary: str
    description: str = ""
    parameters: tuple[AnyParameter, ...] = ()
    body: RequestBody | None = None
    answers: tuple[Answer, ...]

    prefixes: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        declared = {parameter.name for parameter in self.parameters if isinstance(parameter, PathParameter)}
        if declared != set(re.findall(r"\{(\w+)\}", self.path)):
            raise ValueError(f"the operation {self.id} declares other parameters than {self.path} has")

    @abstractmethod
    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers the request. Every request to this operation comes through here."""


@dataclass(frozen=True, eq=False)
class ApiOperation(Operation):
    """An operation that asks for an API key with one of its scopes."""

    handler: Callable[[RequestContext], Awaitable[web.StreamResponse]]
    _: KW_ONLY
    scopes: tuple[str, ...]

    prefixes = API_PREFIXES

    streams_body: bool = field(init=False)
    """Whether a body is received piece by piece by its handler."""
    takes_long: bool = field(init=False)
    """Whether a file is received or sent, which takes as long as it is large."""

    def __post_init__(self) -> None:
        super().__post_init__()
        receives = isinstance(self.body, FileBody) and self.body.streamed
        sends = any(CSV in answer.media_types for answer in self.answers)
        object.__setattr__(self, "streams_body", receives)
        object.__setattr__(self, "takes_long", receives or sends)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        app = request.app
        watch = app[LEDGER].watch
        if watch.problem is not None and not (self.method == "GET" and watch.reads):
            raise ApiError("UNAVAILABLE", f"{watch.problem}: try again, with the same idempotency key")
        deadlines = app[DEADLINES]
        deadline = deadlines.begin(request[ANSWER_BY])
        try:
            context = await self._admit(request, app)
            if self.takes_long:
                deadlines.end(deadline)
            return await self.handler(context)
        except asyncio.CancelledError:
            if not deadlines.end(deadline):
                raise
            seconds = app[SETTINGS].request_seconds_max
            raise ApiError(
                "UNAVAILABLE", f"no answer within {seconds:g} s: send it again with the same idempotency key"
            ) from None
        finally:
            deadlines.end(deadline)

    async def _admit(self, request: web.Request, app: web.Application) -> RequestContext:
        """Reads the body, and who asks for whom."""
        read: ReadBody = app[BODIES].read
        if self.streams_body:
            require_bearer(request)
            read = _read_later
        limits = app[RATE_LIMITS]
        key, body, signature = await authenticate(request, read, limits.check_key, limits.refusal_of_strangers(request))
        check_scopes(key, self.scopes)
        account_id = account_of(request, key)
        limits.check_account(account_id)
        ledger, request_id = app[LEDGER], request[REQUEST_ID]
        if signature is not None and key.on_behalf_of and self.method != "GET":
            await check_signature_is_for(ledger.pool, signature, account_id)
        fields = self.body.fields if isinstance(self.body, JsonBody) else _NO_FIELDS
        return RequestContext(request, ledger, key, body, signature, account_id, request_id, self.parameters, fields)


async def _read_later(_: web.Request, __: Claimant) -> bytes:
    """Of a body that its handler reads piece by piece."""
    return b""


@dataclass(frozen=True, eq=False)
class OpenOperation(Operation):
    """An operation that asks for no API key, and has no prefix."""

    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    _: KW_ONLY
    limited: bool = True
    """Whether strangers who ask too often get 429: not where a proxy asks whether the service is well."""

    prefixes = ("",)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.limited:
            request.app[RATE_LIMITS].check_stranger(request)
        return await self.handler(request)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """Operations that belong together: a tag of the document."""

    name: str
    description: str
    operations: tuple[Operation, ...]
