"""One timer bounds all requests: each ends at its own time, and nobody else's."""

from __future__ import annotations

import asyncio

import pytest

from service.http.middleware import Deadlines


async def _waiting(deadlines: Deadlines, seconds: float, never: asyncio.Event) -> bool:
    """Waits under a deadline; whether that has ended it."""
    deadline = deadlines.begin(asyncio.get_running_loop().time() + seconds)
    try:
        await never.wait()
    except asyncio.CancelledError:
        if not deadlines.end(deadline):
            raise
        return True
    finally:
        deadlines.end(deadline)
    return False


async def test_each_task_ends_at_its_own_deadline_whichever_ended_before() -> None:
    deadlines, never, soon = Deadlines(), asyncio.Event(), asyncio.Event()
    # The oldest, whose time the timer waits for, ends by itself: those behind it must still be ended.
    first = asyncio.create_task(_waiting(deadlines, 0.05, soon))
    others = [asyncio.create_task(_waiting(deadlines, seconds, never)) for seconds in (0.1, 0.1, 0.2)]
    await asyncio.sleep(0)
    soon.set()
    assert await first is False
    assert await asyncio.gather(*others) == [True, True, True]


async def test_a_task_that_was_ended_takes_the_next_request_undisturbed() -> None:
    deadlines, never = Deadlines(), asyncio.Event()

    async def connection() -> tuple[bool, int, bool]:
        ended = await _waiting(deadlines, 0.01, never)
        task = asyncio.current_task()
        assert task is not None
        return ended, task.cancelling(), await _waiting(deadlines, 0.01, never)

    assert await asyncio.create_task(connection()) == (True, 0, True)


async def test_whoever_else_cancels_a_task_cancels_it() -> None:
    deadlines, never = Deadlines(), asyncio.Event()
    task = asyncio.create_task(_waiting(deadlines, 60, never))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # Both at once, as at a stop: it is the other that counts.
    task = asyncio.create_task(_waiting(deadlines, 0, never))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_that_was_lifted_ends_nothing() -> None:
    deadlines = Deadlines()

    async def long() -> str:
        deadlines.end(deadlines.begin(asyncio.get_running_loop().time() + 0.01))
        await asyncio.sleep(0.05)
        return "whole"

    assert await asyncio.create_task(long()) == "whole"
