"""Reading one's own write: a read may ask for a position, and waits until its lane is there."""

from __future__ import annotations

from service.http.app_keys import RUNTIME
from service.http.errors import ApiError
from service.http.request_context import RequestContext
from service.ledger.event_store import read_head
from sql import query

WAIT_SECONDS_MAX = 5.0
_STEP_SECONDS = 0.02


async def wait_for_position(context: RequestContext, lane: int, projection: str | None = None) -> None:
    """Returns once the lane has reached `?minPosition=`; 503 after five seconds, since it may yet get there.

    `projection` names the trailing projection that is read, which reaches it later than the lane does.
    """
    text = context.request.query.get("minPosition")
    if text is None:
        return
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ApiError("VALIDATION_ERROR", "minPosition is a position: a whole number", field="minPosition")
    wanted = int(text)
    runtime = context.request.app[RUNTIME]
    deadline = runtime.monotonic() + WAIT_SECONDS_MAX
    while True:
        position = await _position(context, lane, projection)
        if position >= wanted:
            return
        if runtime.monotonic() > deadline:
            raise ApiError(
                "UNAVAILABLE",
                f"lane {lane} is at position {position} and did not reach {wanted} in {WAIT_SECONDS_MAX:.0f} s",
                field="minPosition",
                details={"lane": lane, "position": position},
            )
        await runtime.sleep(_STEP_SECONDS)


async def _position(context: RequestContext, lane: int, projection: str | None) -> int:
    async with context.ledger.pool.acquire() as connection:
        if projection is None:
            return (await read_head(connection, lane)).position
        position: int | None = await connection.fetchval(query("checkpoints/position"), lane, projection)
        return position or 0
