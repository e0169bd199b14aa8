"""For whoever runs the service: is it alive, and should requests be sent to it?"""

from __future__ import annotations

from aiohttp import web

from service.http.app_keys import HEALTH


def routes() -> list[web.RouteDef]:
    return [web.get("/healthz", alive), web.get("/readyz", ready)]


async def alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    is_ready, report = await request.app[HEALTH].check()
    return web.json_response(report, status=200 if is_ready else 503)
