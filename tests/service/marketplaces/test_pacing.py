"""How often an API is called, how long is waited between calls, and when no attempt is left."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from service.marketplaces.api_calls import PullFailed, SignedRequest
from service.marketplaces.http_session import HttpSession, Pacing
from service.marketplaces.refusals import Retry
from service.marketplaces.shopee.refusals import failure
from service.platform.runtime import Runtime
from tests.service.marketplaces.pulled import query
from tests.service.marketplaces.server import MarketplaceServer, marketplace


def wallet_page() -> web.Response:
    return web.json_response({"error": "", "response": {"transaction_list": [], "more": False}})


async def answered(troubles: list[Any], pacing: Pacing | None = None) -> tuple[MarketplaceServer, Any]:
    """What asking gives where the server has these troubles first: a response, or an error envelope, or a broken line."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if not troubles:
            return wallet_page()
        trouble = troubles.pop(0)
        if trouble == "break":
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b'{"response": {')
            assert request.transport is not None
            request.transport.close()
            return response
        status, headers, body = trouble
        return web.Response(status=status, headers=headers, text=body)

    async with marketplace(answer) as server:
        session = server.api("shopee", pacing)
        try:
            body, _ = await session.call("call", lambda now: SignedRequest("GET", f"/x?at={int(now.timestamp())}"))
        except PullFailed as problem:
            return server, problem
        return server, body


async def test_it_waits_as_long_as_it_is_told() -> None:
    server, body = await answered(
        [(429, {"Retry-After": "7"}, ""), (503, {"Retry-After": "Thu, 21 May 2026 08:00:37 GMT"}, "")]
    )
    assert b"transaction_list" in body
    # 30 seconds are left of the date when the first seven have passed.
    assert server.waits == [7.0, 30.0]


async def test_it_waits_longer_each_time_where_it_is_not_told() -> None:
    server, body = await answered(
        [(500, {}, "<html>"), "break", (200, {}, "not json"), (200, {}, '{"error": "error_server"}')]
    )
    assert b"transaction_list" in body
    assert [low <= wait <= 2 * low for low, wait in zip([0.5, 1.0, 2.0, 4.0], server.waits, strict=True)] == [True] * 4


async def test_each_try_is_signed_anew() -> None:
    server, _ = await answered([(429, {"Retry-After": "7"}, "")])
    first, second = [int(query(each)["at"]) for each in server.asked]
    assert second - first == 7


async def test_an_old_timestamp_is_signed_again_at_once() -> None:
    server, body = await answered([(200, {}, '{"error": "error_timestamp"}')])
    assert b"transaction_list" in body
    assert server.waits == [0.0]


async def test_patience_ends() -> None:
    server, problem = await answered([(500, {}, "")] * 9, Pacing(pause_seconds=0, attempts_max=3))
    assert isinstance(problem, PullFailed)
    assert (problem.code, problem.retry, len(server.asked)) == ("HTTP 500", Retry.LATER, 3)


async def test_a_long_wait_is_left_to_the_caller() -> None:
    server, problem = await answered([(429, {"Retry-After": "1800"}, "")])
    assert isinstance(problem, PullFailed)
    assert (problem.retry_after_seconds, server.waits) == (1800.0, [])


@pytest.mark.parametrize(
    ("trouble", "retry"),
    [
        ((200, {}, '{"error": "error_param", "message": "no"}'), Retry.NEVER),
        ((403, {}, '{"error": "error_auth"}'), Retry.AUTHORISE),
        ((401, {}, ""), Retry.AUTHORISE),
        ((404, {}, "{}"), Retry.NEVER),
        ((302, {"Location": "http://127.0.0.1:9/"}, ""), Retry.NEVER),
    ],
)
async def test_what_will_not_change_is_not_asked_again(trouble: Any, retry: Retry) -> None:
    server, problem = await answered([trouble])
    assert isinstance(problem, PullFailed)
    assert (problem.retry, len(server.asked)) == (retry, 1)


async def test_an_answer_without_end_is_refused() -> None:
    _, problem = await answered([(200, {}, "x" * 2000)], Pacing(pause_seconds=0, body_bytes_max=1000))
    assert isinstance(problem, PullFailed)
    assert problem.code == "too large"


async def test_calls_keep_their_distance() -> None:
    async def answer(_: web.Request) -> web.Response:
        return wallet_page()

    async with marketplace(answer) as server:
        session = server.api("shopee", Pacing(pause_seconds=0.5))
        for _ in range(3):
            await session.call("call", lambda _now: SignedRequest("GET", "/x"))
        assert server.waits == [0.5, 0.5]


async def test_an_unreachable_marketplace_is_worth_another_try() -> None:
    async with aiohttp.ClientSession() as client:
        session = HttpSession(client, "shopee", "http://127.0.0.1:1", failure, Runtime(), Pacing(attempts_max=1))
        with pytest.raises(PullFailed) as caught:
            await session.call("call", lambda _: SignedRequest("GET", "/x"))
    assert (caught.value.code, caught.value.retry) == ("unreachable", Retry.LATER)
