"""Where Plugipay posts its webhooks. No key is asked for: the signature is the credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

import orjson
from aiohttp import web
from typing_extensions import TypedDict

from service.http.app_keys import RECEIVER, RUNTIME
from service.http.bodies import FileBody
from service.http.envelope import JSON, Meta
from service.http.errors import ApiError
from service.http.middleware import BODIES
from service.http.operations import Answer, OpenOperation
from service.http.parameters import any_text
from service.http.request_context import REQUEST_ID, STRANGER, Claimant, respond, success
from service.plugipay.inbound.receiver import NotAWebhook, NotVerified
from service.plugipay.inbound.topic import TooLarge

X_PLUGIPAY_SIGNATURE = any_text(
    "X-Plugipay-Signature", "`t=<epoch seconds>,v1=<hex HMAC-SHA256>`, of the time and the body.", location="header"
)
PLUGIPAY_SIGNATURE = any_text("Plugipay-Signature", "The same as X-Plugipay-Signature.", location="header")
SIGNATURES = (X_PLUGIPAY_SIGNATURE, PLUGIPAY_SIGNATURE)


class ReceivedDocument(TypedDict):
    """The delivery is durable."""

    received: Literal[True]


async def receiving(app: web.Application) -> AsyncIterator[None]:
    """Lets the receiver run as long as the application does."""
    app[RECEIVER].start()
    yield
    await app[RECEIVER].close()


async def receive(request: web.Request) -> web.Response:
    """Answers 200 once the delivery is durable, also for one that was there before."""
    signatures = [given for header in SIGNATURES for given in request.headers.getall(header.name, [])]
    request_id = request[REQUEST_ID]
    body = await request.app[BODIES].read(request, Claimant.STRANGER)
    try:
        await request.app[RECEIVER].receive(body, signatures, request_id)
    except NotAWebhook as problem:
        raise ApiError("VALIDATION_ERROR", f"this is not a webhook: {problem}") from None
    except TooLarge as problem:
        raise ApiError("PAYLOAD_TOO_LARGE", str(problem)) from None
    except NotVerified as problem:
        code = "INVALID_TIMESTAMP" if problem.wrong_time else "INVALID_SIGNATURE"
        raise ApiError(code, str(problem), headers={"WWW-Authenticate": X_PLUGIPAY_SIGNATURE.name}) from None
    request[STRANGER] = False
    document: ReceivedDocument = {"received": True}
    meta: Meta = {"requestId": request_id, "timestamp": request.app[RUNTIME].instant()}
    return respond(success(orjson.dumps(document), meta))


OPERATIONS = (
    OpenOperation(
        "POST",
        "/webhooks/plugipay",
        receive,
        id="receivePlugipayWebhook",
        summary="Where Plugipay posts its webhooks; the signature is the credential",
        parameters=SIGNATURES,
        body=FileBody(JSON, "The delivery as Plugipay sent it."),
        answers=(Answer(data=ReceivedDocument),),
    ),
)
