"""The internal commands API: one command or up to a thousand in a request, each for itself or all or none."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from events.accounts.commands import SetProvider
from events.catalog import AnyCommand
from events.refusals import Refusal
from service.http.app_keys import WORKSPACES
from service.http.command_execution import answer
from service.http.envelope import respond, success
from service.http.errors import ApiError, from_refusal, from_validation
from service.http.request_context import RequestContext
from service.ledger.api_keys import COMMAND_WRITE
from service.ledger.commands import Accepted, CommandRequest, Executed, IdempotencyMismatch, Outcome

COMMANDS_MAX = 1000

ANY_COMMAND: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand)


def routes(prefix: str) -> list[web.RouteDef]:
    return [web.post(f"{prefix}/commands", post_commands)]


async def post_commands(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, COMMAND_WRITE)
    body = context.document("commands", "atomic")
    documents, atomic = body.get("commands"), body.get("atomic", False)
    if not isinstance(documents, list) or not 1 <= len(documents) <= COMMANDS_MAX:
        raise ApiError("VALIDATION_ERROR", f"commands is a list of 1 to {COMMANDS_MAX} commands", field="commands")
    if not isinstance(atomic, bool):
        raise ApiError("VALIDATION_ERROR", "atomic is true or false", field="atomic")
    dry_run = _flag(request, "dryRun")
    header_key = context.idempotency_key()
    if header_key is not None and len(documents) > 1:
        raise ApiError(
            "VALIDATION_ERROR",
            "one Idempotency-Key cannot stand for several commands: give each its own idempotencyKey",
            field="Idempotency-Key",
        )
    works = [_work(context, index, document, header_key) for index, document in enumerate(documents)]
    _refuse_repeated_keys(works)
    async with request.app[WORKSPACES].claiming(_wanted_workspaces(works)) as taken:
        for work in works:
            if isinstance(work.command, SetProvider) and work.command.workspace_id in taken:
                work.command = work.command.with_workspace_taken()
        outcomes = await context.ledger.execute(works, context.origin(), atomic=atomic, dry_run=dry_run)
    if len(outcomes) == 1:
        outcome = outcomes[0]
        if isinstance(outcome, Executed) and not dry_run:
            return answer(outcome)
        if isinstance(outcome, IdempotencyMismatch) and header_key is not None:
            raise from_refusal(outcome)
    results = b",".join(_result(outcome) for outcome in outcomes)
    meta: dict[str, Any] = {"dryRun": True} if dry_run else {}
    now = context.ledger.runtime.instant()
    return respond(success(b'{"results":[%b]}' % results, context.request_id, now, **meta))


def _flag(request: web.Request, name: str) -> bool:
    text = request.query.get(name, "false")
    if text not in ("true", "false"):
        raise ApiError("VALIDATION_ERROR", f"{name} is true or false", field=name)
    return text == "true"


def _work(context: RequestContext, index: int, document: Any, header_key: str | None) -> CommandRequest:
    where = f"commands[{index}]"
    if not isinstance(document, dict):
        raise ApiError("VALIDATION_ERROR", f"{where} is to be a JSON object", field=where)
    if context.account_id is not None:
        document = {"accountId": context.account_id, **document}
    try:
        command = ANY_COMMAND.validate_python(document)
    except ValidationError as problem:
        raise _validation(problem, document, where) from None
    if context.account_id is not None and command.account_id != context.account_id:
        raise ApiError("NOT_FOUND", f"there is no account {command.account_id}", field=f"{where}.accountId")
    context.require(command.scope)
    if header_key is not None and command.idempotency_key not in (None, header_key):
        raise ApiError(
            "VALIDATION_ERROR",
            "the Idempotency-Key header and the command's idempotencyKey differ",
            field="Idempotency-Key",
        )

    def render(accepted: Accepted) -> bytes:
        result: dict[str, Any] = {
            "status": "accepted",
            "accountId": command.account_id,
            "version": accepted.version,
            "position": accepted.position,
            "lane": accepted.lane,
        }
        if accepted.created_id is not None:
            result["id"] = accepted.created_id
        return success(b'{"results":[%b]}' % orjson.dumps(result), context.request_id, accepted.at)

    same = orjson.dumps({**document, "idempotencyKey": None}, option=orjson.OPT_SORT_KEYS)
    return CommandRequest(command, same, 200, render, header_key or command.idempotency_key)


def _validation(problem: ValidationError, document: dict[str, Any], where: str) -> ApiError:
    """Names the field as the caller wrote it: without the union's branch that pydantic puts in the path."""
    kind = document.get("type")
    first = problem.errors(include_url=False, include_input=False)[0]
    if first["type"] in ("union_tag_not_found", "union_tag_invalid"):
        return ApiError(
            "VALIDATION_ERROR", f"{where}.type is not a command's name (see /openapi.json)", field=f"{where}.type"
        )
    error = from_validation(problem, where)
    prefix = f"{where}.{kind}"
    if error.field is not None and error.field.startswith(prefix):
        field = where + error.field.removeprefix(prefix)
        error = ApiError(error.code, error.message.replace(error.field, field, 1), field=field)
    return error


def _refuse_repeated_keys(works: list[CommandRequest]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, work in enumerate(works):
        if work.key is None:
            continue
        name = (work.command.account_id, work.key)
        if name in seen:
            field = f"commands[{index}].idempotencyKey"
            raise ApiError("VALIDATION_ERROR", "this idempotency key stands twice in the request", field=field)
        seen.add(name)


def _wanted_workspaces(works: list[CommandRequest]) -> dict[str, str]:
    """The workspaces that the request claims, each with its account."""
    wanted: dict[str, str] = {}
    for index, work in enumerate(works):
        command = work.command
        if not isinstance(command, SetProvider):
            continue
        if wanted.setdefault(command.workspace_id, command.account_id) != command.account_id:
            message = f"the workspace {command.workspace_id} is given to two accounts in one request"
            raise ApiError("VALIDATION_ERROR", message, field=f"commands[{index}].workspaceId")
    return wanted


def _result(outcome: Outcome) -> bytes:
    if isinstance(outcome, Refusal):
        return orjson.dumps({"status": "refused", "error": from_refusal(outcome).document()})
    return orjson.dumps(orjson.loads(outcome.body)["data"]["results"][0])
