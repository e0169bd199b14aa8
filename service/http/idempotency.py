"""Idempotency keys of mutations that are not commands: the first answer under a key is stored and repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

from service.http.errors import ApiError, from_refusal
from service.http.request_context import RequestContext, respond, success
from service.ledger.commands import Erased, IdempotencyMismatch
from service.ledger.vault import AccountKey
from service.outgoing.endpoints import Owner
from service.platform.database import Connection
from sql import query


class _AnsweredMeanwhile(Exception):
    """Another request with the same key committed first. This one is rolled back."""


async def once(
    context: RequestContext,
    owner: Owner,
    key: AccountKey,
    request: list[Any],
    work: Callable[[Connection], Awaitable[Mapping[str, object]]],
    status: int = 200,
) -> web.Response:
    """Does the work in one transaction, or repeats the first answer to the same request under its key, byte for byte.

    IDEMPOTENCY_MISMATCH where the key was used for another request, ERASED where its answer can no longer be read.
    """
    idempotency_key = context.idempotency_key()
    # With a space in it, it is no key of a command: those have none.
    name = f"{request[0]} {idempotency_key}" if idempotency_key is not None else None
    digest = key.digest(orjson.dumps(request, option=orjson.OPT_SORT_KEYS))
    runtime = context.ledger.runtime
    async with context.ledger.pool.acquire() as connection:
        first = await _first(connection, owner, name)
        if first is None:
            with suppress(_AnsweredMeanwhile):
                async with connection.transaction():
                    body = success(orjson.dumps(await work(connection)), context.meta())
                    if name is not None:
                        sealed = key.seal_bytes(f"answer {name}", body)
                        await _keep(connection, owner, name, digest, status, sealed, key.generation, runtime.now())
                return respond(body, status)
            first = await _first(connection, owner, name)
    if first["digest"] != digest:
        raise from_refusal(IdempotencyMismatch(str(idempotency_key)))
    if first["key_generation"] != key.generation:
        raise from_refusal(Erased())
    answer = key.unseal_bytes(f"answer {name}", first["answer"])
    return respond(answer, first["status"], {"Idempotency-Replayed": "true"})


async def _keep(connection: Connection, owner: Owner, name: str, *values: Any) -> None:
    stored = await connection.fetchval(query("outgoing/keep_answer"), owner.lane, owner.account_id, name, *values)
    if stored is None:
        raise _AnsweredMeanwhile


async def _first(connection: Connection, owner: Owner, name: str | None) -> Any:
    if name is None:
        return None
    return await connection.fetchrow(query("outgoing/answer_of"), owner.lane, owner.account_id, name)


def not_found(what: str, identifier: str, field: str) -> ApiError:
    return ApiError("NOT_FOUND", f"there is no {what} {identifier}", field=field)
