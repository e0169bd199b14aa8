"""Reading one's own write: a read may ask for a position, and waits until its lane is there."""

from __future__ import annotations

from service.http.app_keys import RUNTIME
from service.http.errors import ApiError
from service.http.parameters import MIN_POSITION
from service.http.request_context import RequestContext
from service.http.visibility import visible_profile
from service.ledger.account_profile import Profile
from service.ledger.event_store import read_head
from sql import query

WAIT_SECONDS_MAX = 5.0
_STEP_SECONDS = 0.02


async def account_at_position(context: RequestContext) -> tuple[int, Profile]:
    """The account's lane and profile, at the position that the request asks for or later; 404 where it is not seen."""
    lane = await lane_at_position(context)
    return lane, await visible_profile(context, lane)


async def lane_at_position(context: RequestContext) -> int:
    """The account's lane, at the position that the request asks for or later; 404 where there is no such account.

    Whoever does not see the account learns nothing of its lane: the wait would tell where it stands.
    """
    lane = await context.lane()
    if context.read(MIN_POSITION) is not None:
        await visible_profile(context, lane)
        await wait_for_position(context, lane)
    return lane


async def wait_for_position(context: RequestContext, lane: int, projection: str | None = None) -> None:
    """Returns once the lane has reached `?minPosition=`; 503 after five seconds, since it may yet get there.

    `projection` names the trailing projection that is read, which reaches it later than the lane does.
    """
    wanted = context.read(MIN_POSITION)
    if wanted is None:
        return
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
                field=MIN_POSITION.name,
                details={"lane": lane, "position": position},
            )
        await runtime.sleep(_STEP_SECONDS)


async def _position(context: RequestContext, lane: int, projection: str | None) -> int:
    async with context.ledger.pool.acquire() as connection:
        if projection is None:
            return (await read_head(connection, lane)).position
        position: int | None = await connection.fetchval(query("checkpoints/position"), lane, projection)
        return position or 0
