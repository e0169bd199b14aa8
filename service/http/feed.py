"""The log as a feed: the events of a lane, or of an account, in their order."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.accounts.state import LIVE
from service.http.accounts import find_account
from service.http.envelope import FeedMeta
from service.http.errors import ApiError
from service.http.operations import Answer, ApiOperation
from service.http.parameters import LONG_LIMIT, whole_number
from service.http.request_context import RequestContext, respond, success
from service.ledger.api_keys import AUDIT
from service.platform.documents import Position, Time
from sql import query

LANE = whole_number("lane", "Whose events, for a platform key.", 1)
AFTER = whole_number("after", "The last position that was read.", 0)


class ActorDocument(TypedDict):
    """Who asked."""

    id: str | None
    kind: str


class EventSourceDocument(TypedDict):
    """Where an event came from; `observation` is the keyed digest of a raw delivery."""

    id: str | None
    kind: str
    observation: str | None


class EnvelopeDocument(TypedDict):
    """An event as it is stored for ever, byte for byte what the digest covers (docs/log-format.md)."""

    accountId: str
    actor: ActorDocument
    causationId: str | None
    commandDigest: str | None
    commandKey: str | None
    correlationId: str | None
    data: Annotated[dict[str, Any], Field(description="What the event's type says more.")]
    digestVersion: int
    effectiveAt: Time
    eventId: str
    keyGeneration: int
    lane: int
    ledgerId: str
    position: Position
    recordedAt: Time
    schemaVersion: int
    source: EventSourceDocument
    traceparent: str | None
    type: str
    version: int


class LoggedEventDocument(TypedDict):
    """An event of the log, with the digest that chains it to the event before."""

    lane: int
    position: Position
    digest: str
    event: EnvelopeDocument


async def read_feed(context: RequestContext) -> web.Response:
    """The log in order. Ask again with the last position; nothing is ever skipped.

    A platform key reads whole lanes, an account's key its own events.
    """
    limit = context.read(LONG_LIMIT)
    after = context.read(AFTER)
    pool = context.ledger.pool
    if context.account_id is not None:
        lane: int = (await find_account(context, context.account_id))["lane"]
        rows = await pool.fetch(query("events/read_account_after"), lane, after, limit + 1, context.account_id)
    else:
        if context.key.mode != LIVE:
            raise ApiError("FORBIDDEN", "a lane holds live accounts too: read it with a live key")
        lane = context.read(LANE)
        if lane not in context.ledger.lanes:
            raise ApiError(
                "VALIDATION_ERROR",
                f"there is no lane {lane}: this ledger has {len(context.ledger.lanes)}",
                field=LANE.name,
            )
        rows = await pool.fetch(query("events/read_after"), lane, after, limit + 1)
    shown = rows[:limit]
    events = b",".join(
        b'{"lane":%d,"position":%d,"digest":"%b","event":%b}'
        % (lane, row["position"], row["digest"].hex().encode(), row["envelope"].encode())
        for row in shown
    )
    meta: FeedMeta = {
        **context.meta(),
        "hasMore": len(rows) > limit,
        "after": shown[-1]["position"] if shown else after,
        "lane": lane,
    }
    return respond(success(b"[%b]" % events, meta))


OPERATIONS = (
    ApiOperation(
        "GET",
        "/events",
        read_feed,
        id="readEvents",
        summary="The log in order",
        scopes=(AUDIT,),
        parameters=(LANE, AFTER, LONG_LIMIT),
        answers=(Answer(data=list[LoggedEventDocument], meta=FeedMeta),),
    ),
)
