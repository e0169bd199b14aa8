"""The reference: aiohttp on uvloop that reads a JSON body and answers with JSON, and does nothing else."""

from __future__ import annotations

import asyncio
import sys

import orjson
import uvloop
from aiohttp import web

ANSWER = {
    "data": {"id": "pout_01M7Y0GDYRBB6J5SH2QCT78D6C", "amount": 1, "currency": "IDR", "status": "pending"},
    "error": None,
    "meta": {"requestId": "req_01M7Y0GDYRNEF93VVHZNVCKREE"},
}


async def post(request: web.Request) -> web.Response:
    orjson.loads(await request.read())
    return web.Response(body=orjson.dumps(ANSWER), content_type="application/json", status=201)


async def get(_request: web.Request) -> web.Response:
    return web.Response(body=orjson.dumps(ANSWER), content_type="application/json")


async def serve() -> None:
    app = web.Application()
    app.add_routes([web.post("/", post), web.get("/", get)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve())
