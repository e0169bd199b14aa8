"""What every refusal looks like, whatever was wrong with the request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from multidict import CIMultiDict
from yarl import URL

from service.http.errors import STATUSES
from tests.support.api import Answer, Caller


async def send(
    caller: Caller,
    method: str,
    target: str,
    body: Any = None,
    *,
    raw: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Sends the target as it stands, with nothing in it made right by the client."""
    if raw is None and body is not None:
        raw = json.dumps(body).encode()
    async with caller.session.request(
        method,
        URL(caller.base + target, encoded=True),
        data=raw,
        headers={"Authorization": f"Bearer {caller.key.secret}", **(headers or {})},
    ) as response:
        content = await response.read()
        try:
            document = json.loads(content)
        except ValueError:
            document = {}
        return Answer(response.status, content, document, response.headers)


async def send_bytes(caller: Caller, head: bytes) -> Answer:
    """Sends a request without a body as these bytes; `Host` and `Connection` are added."""
    url = URL(caller.base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(head + b"\r\nHost: test\r\nConnection: close\r\n\r\n")
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()
        await writer.wait_closed()
    lines, _, content = answer.partition(b"\r\n\r\n")
    first, *rest = lines.decode().split("\r\n")
    headers = CIMultiDict[str]()
    for line in rest:
        name, _, value = line.partition(": ")
        headers.add(name, value)
    try:
        document = json.loads(content)
    except ValueError:
        document = {}
    return Answer(int(first.split()[1]), content, document, headers)


def complaints(answer: Answer, *, status: int = 400, field: str | None = None) -> list[str]:
    """What is not as it should be with a refusal; `field` is the one to be blamed, where one is."""
    if set(answer.document) != {"data", "error", "meta"} or answer.document["data"] is not None:
        return [f"no envelope: {answer.status} {answer.raw[:200]!r}"]
    error, found = answer.error, []
    if answer.status != status:
        found.append(f"status {answer.status}, not {status}: {error}")
    if STATUSES.get(error.get("code", "")) != answer.status:
        found.append(f"the code does not belong to {answer.status}: {error}")
    if not isinstance(error.get("message"), str) or not error["message"]:
        found.append(f"no message: {error}")
    if field is not None and error.get("field") != field:
        found.append(f"blames {error.get('field')}, not {field}: {error}")
    if not error.keys() <= {"code", "message", "field", "details"}:
        found.append(f"more than an error: {error}")
    if answer.meta.get("requestId") != answer.headers.get("X-Request-Id") or "timestamp" not in answer.meta:
        found.append(f"meta {answer.meta}")
    if b"Traceback" in answer.raw or b'File "' in answer.raw or len(answer.raw) > 5000:
        found.append(f"shows its inside: {answer.raw[:300]!r}")
    return found
