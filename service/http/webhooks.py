"""Where Plugipay posts its webhooks. No key is asked for: the signature is the credential."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from aiohttp import web

from service.http.app_keys import RECEIVER, RUNTIME
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.request_context import REQUEST_ID
from service.plugipay.inbound.receiver import NotAWebhook, NotVerified
from service.plugipay.inbound.topic import TooLarge

SIGNATURES = ("X-Plugipay-Signature", "Plugipay-Signature")


def routes() -> list[web.RouteDef]:
    return [web.post("/webhooks/plugipay", receive)]


async def receiving(app: web.Application) -> AsyncIterator[None]:
    """Lets the receiver run as long as the application does."""
    app[RECEIVER].start()
    yield
    await app[RECEIVER].close()


async def receive(request: web.Request) -> web.Response:
    """Answers 200 once the delivery is durable, also for one that was there before."""
    signatures = [given for name in SIGNATURES for given in request.headers.getall(name, [])]
    request_id = request[REQUEST_ID]
    try:
        await request.app[RECEIVER].receive(await request.read(), signatures, request_id)
    except NotAWebhook as problem:
        raise ApiError("VALIDATION_ERROR", f"this is not a webhook: {problem}") from None
    except TooLarge as problem:
        raise ApiError("PAYLOAD_TOO_LARGE", str(problem)) from None
    except NotVerified as problem:
        code = "INVALID_TIMESTAMP" if problem.wrong_time else "INVALID_SIGNATURE"
        raise ApiError(code, str(problem), headers={"WWW-Authenticate": SIGNATURES[0]}) from None
    return respond(success(orjson.dumps({"received": True}), request_id, request.app[RUNTIME].instant()))
