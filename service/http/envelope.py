"""The answer's envelope: `{"data", "error", "meta": {"requestId", "timestamp", ...}}`, as bytes."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.instants import Instant
from service.http.errors import ApiError
from service.platform.documents import Position, Time

JSON, CSV = "application/json", "text/csv"


class Meta(TypedDict):
    """What every answer says beside its data."""

    requestId: str
    timestamp: Time


class LaneMeta(Meta):
    lane: int


class PositionMeta(LaneMeta):
    """The data is at least as new as this position of this lane."""

    position: Position


class WriteMeta(PositionMeta):
    """What was written: the position of its last event, and the account's version after it."""

    version: int


class PageDocument(TypedDict):
    limit: int
    hasMore: bool
    nextCursor: str | None


class PageMeta(Meta):
    """A page of a list. `cursor` and `hasMore` repeat what `page` says."""

    page: PageDocument
    cursor: Annotated[str | None, Field(description="Where the next page begins; null where this is the last.")]
    hasMore: bool


class PositionPageMeta(PageMeta, PositionMeta):
    """A page that is at least as new as this position of this lane."""


class FeedMeta(LaneMeta):
    """A page of the log."""

    hasMore: bool
    after: Annotated[int, Field(description="The last position of this page: where to go on.")]


class DryRunMeta(Meta):
    dryRun: Annotated[Literal[True], Field(description="Nothing was changed.")]


def success(data: bytes, meta: Meta) -> bytes:
    """A whole body around data that is JSON already."""
    return b'{"data":%b,"error":null,"meta":%b}' % (data, orjson.dumps(meta))


def failure(error: ApiError, meta: Meta) -> bytes:
    return b'{"data":null,"error":%b,"meta":%b}' % (orjson.dumps(error.document()), orjson.dumps(meta))


def respond(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type=JSON)


def error_response(error: ApiError, request_id: str, timestamp: Instant) -> web.Response:
    headers = dict(error.headers)
    if error.status == 503:
        headers.setdefault("Retry-After", "1")
    if error.status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    meta: Meta = {"requestId": request_id, "timestamp": timestamp}
    return respond(failure(error, meta), error.status, headers)
