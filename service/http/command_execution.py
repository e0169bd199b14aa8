"""Executes a command for a request, and answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError

from events.catalog import AnyCommand
from events.command import Command
from events.refusals import Refusal
from service.http.envelope import WriteMeta
from service.http.errors import from_refusal, from_validation
from service.http.request_context import RequestContext, respond, success
from service.ledger.commands import Accepted, CommandRequest, Executed, Outcome

DataOf = Callable[[Accepted], Mapping[str, object]]
"""The answer's data, made before the commit."""


async def execute_command(
    context: RequestContext,
    command: AnyCommand,
    body: Any,
    data_of: DataOf,
    status: int = 200,
    *,
    stream: tuple[int, str] | None = None,
) -> web.Response:
    """Has the command decided, and answers when it is durable.

    `stream` is the lane and the mode of the stream that it is about, where that is not an account of the caller's own.
    """

    def render(accepted: Accepted) -> bytes:
        meta: WriteMeta = {
            "requestId": context.request_id,
            "timestamp": accepted.at,
            "lane": accepted.lane,
            "position": accepted.position,
            "version": accepted.version,
        }
        return success(orjson.dumps(data_of(accepted)), meta)

    request = CommandRequest(
        command, request_fingerprint(command.type, command.account_id, body), status, render, context.idempotency_key()
    )
    origin, lane = context.origin(), None
    if stream is not None:
        lane, mode = stream
        origin = replace(origin, mode=mode)
    [outcome] = await context.ledger.execute([request], origin, in_lane=lane)
    return answer_or_refuse(outcome)


def request_fingerprint(kind: str, account_id: str, body: Any) -> bytes:
    """Equal for two requests that ask for the same: the order of fields does not matter, the endpoint does."""
    return orjson.dumps([kind, account_id, body], option=orjson.OPT_SORT_KEYS)


def answer_or_refuse(outcome: Outcome) -> web.Response:
    if isinstance(outcome, Refusal):
        raise from_refusal(outcome)
    return answer(outcome)


def answer(outcome: Executed) -> web.Response:
    """The answer to an accepted command: if it is a repeat, the first one byte for byte."""
    return respond(outcome.body, outcome.status, {"Idempotency-Replayed": "true"} if outcome.replayed else None)


def read_command(model: type[Command], **values: Any) -> Any:
    """The command with these values; 400 names the field that is wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        raise from_validation(problem) from None
