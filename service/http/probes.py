"""Liveness and readiness, for whoever runs the service."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from typing_extensions import TypedDict

from service.http.app_keys import HEALTH
from service.http.operations import Answer, OpenOperation
from service.platform.documents import one_of


class AliveDocument(TypedDict):
    status: Literal["alive"]


class PartDocument(TypedDict):
    """Something that the service stands on."""

    ok: bool
    message: str


class ReadinessDocument(TypedDict):
    """`degraded` is ready: requests are answered, and a part needs a look."""

    status: Annotated[str, one_of("ready", "degraded", "unavailable")]
    parts: dict[str, PartDocument]


async def alive(_request: web.Request) -> web.Response:
    document: AliveDocument = {"status": "alive"}
    return web.json_response(document)


async def ready(request: web.Request) -> web.Response:
    is_ready, report = await request.app[HEALTH].check()
    return web.json_response(report, status=200 if is_ready else 503)


OPERATIONS = (
    OpenOperation(
        "GET",
        "/healthz",
        alive,
        id="isAlive",
        summary="Whether the process is alive",
        limited=False,
        answers=(Answer(data=AliveDocument, enveloped=False),),
    ),
    OpenOperation(
        "GET",
        "/readyz",
        ready,
        id="isReady",
        summary="Whether requests should be sent here, and how each part is",
        limited=False,
        answers=(
            Answer(data=ReadinessDocument, enveloped=False, description="Ready, perhaps degraded."),
            Answer(data=ReadinessDocument, enveloped=False, status=503, description="Not ready."),
        ),
    ),
)
