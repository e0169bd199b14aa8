"""The internal commands API: one command or up to a thousand in a request, each for itself or all or none."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

import orjson
from aiohttp import web
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypeAliasType, TypedDict

from events.accounts.commands import SetProvider
from events.catalog import AnyCommand
from events.refusals import Refusal
from service.http.app_keys import SETTINGS, WORKSPACES
from service.http.bodies import BodyModel, JsonBody
from service.http.command_execution import answer
from service.http.envelope import DryRunMeta, Meta
from service.http.errors import ApiError, ErrorDocument, from_refusal, from_validation
from service.http.operations import Answer, ApiOperation
from service.http.parameters import IDEMPOTENCY, IDEMPOTENCY_KEY, flag
from service.http.request_context import RequestContext, respond, success
from service.ledger.api_keys import COMMAND_WRITE
from service.ledger.commands import Accepted, CommandRequest, Executed, IdempotencyMismatch, Outcome
from service.platform.documents import Position
from service.plugipay.inbound.workspaces import Claims
from service.plugipay.outbound.provider_address import provider_address_problem

COMMANDS_MAX = 1000

DRY_RUN = flag("dryRun", "Decide, and change nothing.")

Command = TypeAliasType("Command", AnyCommand)
"""Its name in the document."""

_COMMAND: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand)


class Commands(BodyModel):
    """Commands, in the order in which they are decided."""

    commands: Annotated[list[Command], Field(min_length=1, max_length=COMMANDS_MAX)]
    atomic: Annotated[bool, Field(description="All of them or none.")] = False


class AcceptedDocument(TypedDict):
    """A command that was executed: the position of its last event, and the account's version after it."""

    status: Literal["accepted"]
    accountId: str
    version: int
    position: Position
    lane: int
    id: NotRequired[Annotated[str, Field(description="Of what it created.")]]


class RefusedDocument(TypedDict):
    """A command that was refused, and changed nothing."""

    status: Literal["refused"]
    error: ErrorDocument


class CommandResultsDocument(TypedDict):
    """One result for each command, in their order."""

    results: list[AcceptedDocument | RefusedDocument]


async def post_commands(context: RequestContext) -> web.Response:
    body = context.document()
    documents, atomic = body.get("commands"), body.get("atomic", False)
    if not isinstance(documents, list) or not 1 <= len(documents) <= COMMANDS_MAX:
        raise ApiError("VALIDATION_ERROR", f"commands is a list of 1 to {COMMANDS_MAX} commands", field="commands")
    if not isinstance(atomic, bool):
        raise ApiError("VALIDATION_ERROR", "atomic is true or false", field="atomic")
    dry_run = context.read(DRY_RUN)
    header_key = context.sent_idempotency_key()
    if header_key is not None and len(documents) > 1:
        raise ApiError(
            "VALIDATION_ERROR",
            "one Idempotency-Key cannot stand for several commands: give each its own idempotencyKey",
            field=IDEMPOTENCY_KEY.name,
        )
    requests = [_request(context, index, document, header_key) for index, document in enumerate(documents)]
    _refuse_repeated_keys(requests)
    async with context.request.app[WORKSPACES].claiming(_wanted_workspaces(requests)) as claims:
        for index, request in enumerate(requests):
            if isinstance(request.command, SetProvider):
                request.command = _claimed(context, index, request.command, claims)
        outcomes = await context.ledger.execute(requests, context.origin(), atomic=atomic, dry_run=dry_run)
    if len(outcomes) == 1:
        outcome = outcomes[0]
        if isinstance(outcome, Executed) and not dry_run:
            return answer(outcome)
        if isinstance(outcome, IdempotencyMismatch) and header_key is not None:
            raise from_refusal(outcome)
    results = b",".join(_result(outcome) for outcome in outcomes)
    meta = context.meta()
    if dry_run:
        dry_run_meta: DryRunMeta = {**meta, "dryRun": True}
        meta = dry_run_meta
    return respond(success(b'{"results":[%b]}' % results, meta))


def _request(context: RequestContext, index: int, document: Any, header_key: str | None) -> CommandRequest:
    where = f"commands[{index}]"
    if not isinstance(document, dict):
        raise ApiError("VALIDATION_ERROR", f"{where} is to be a JSON object", field=where)
    if context.account_id is not None:
        document = {"accountId": context.account_id, **document}
    try:
        command = _COMMAND.validate_python(document)
    except ValidationError as problem:
        raise _validation(problem, document, where) from None
    if context.account_id is not None and command.account_id != context.account_id:
        raise ApiError("NOT_FOUND", f"there is no account {command.account_id}", field=f"{where}.accountId")
    context.require(command.scope)
    if isinstance(command, SetProvider) and command.base_url is not None:
        against = provider_address_problem(command.base_url, context.request.app[SETTINGS])
        if against is not None:
            raise ApiError("VALIDATION_ERROR", against, field=f"{where}.baseUrl")
    if header_key is not None and command.idempotency_key not in (None, header_key):
        raise ApiError(
            "VALIDATION_ERROR",
            "the Idempotency-Key header and the command's idempotencyKey differ",
            field=IDEMPOTENCY_KEY.name,
        )

    def render(accepted: Accepted) -> bytes:
        result: AcceptedDocument = {
            "status": "accepted",
            "accountId": command.account_id,
            "version": accepted.version,
            "position": accepted.position,
            "lane": accepted.lane,
        }
        if accepted.created_id is not None:
            result["id"] = accepted.created_id
        meta: Meta = {"requestId": context.request_id, "timestamp": accepted.at}
        return success(b'{"results":[%b]}' % orjson.dumps(result), meta)

    same = orjson.dumps({**document, "idempotencyKey": None}, option=orjson.OPT_SORT_KEYS)
    key = header_key or command.idempotency_key or context.idempotency_key(index)
    return CommandRequest(command, same, 200, render, key)


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


def _refuse_repeated_keys(requests: list[CommandRequest]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, request in enumerate(requests):
        if request.key is None:
            continue
        name = (request.command.account_id, request.key)
        if name in seen:
            field = f"commands[{index}].idempotencyKey"
            raise ApiError("VALIDATION_ERROR", "this idempotency key stands twice in the request", field=field)
        seen.add(name)


def _wanted_workspaces(requests: list[CommandRequest]) -> dict[str, str]:
    """The workspaces that the request claims, each with its account."""
    wanted: dict[str, str] = {}
    for index, request in enumerate(requests):
        command = request.command
        if not isinstance(command, SetProvider):
            continue
        if wanted.setdefault(command.workspace_id, command.account_id) != command.account_id:
            message = f"the workspace {command.workspace_id} is given to two accounts in one request"
            raise ApiError("VALIDATION_ERROR", message, field=f"commands[{index}].workspaceId")
    return wanted


def _claimed(context: RequestContext, index: int, command: SetProvider, claims: Claims) -> SetProvider:
    """The claim of a workspace, with whether another account has it.

    403 where the key is bound to its account and the workspace is not the account's yet: what the provider tells of a
    workspace goes to whoever has it, so nobody takes one for themselves. Nothing proves whose a name is.
    """
    workspace = command.workspace_id
    if context.key.account_id is not None and workspace not in claims.own and workspace != command.account_id:
        raise ApiError(
            "FORBIDDEN",
            f"the workspace {workspace} is not this account's: a key of the platform gives it, one that is bound to no"
            " account",
            field=f"commands[{index}].workspaceId",
        )
    return command.with_workspace_taken() if workspace in claims.taken else command


def _result(outcome: Outcome) -> bytes:
    if isinstance(outcome, Refusal):
        refused: RefusedDocument = {"status": "refused", "error": from_refusal(outcome).document()}
        return orjson.dumps(refused)
    return orjson.dumps(orjson.loads(outcome.body)["data"]["results"][0])


OPERATIONS = (
    ApiOperation(
        "POST",
        "/commands",
        post_commands,
        id="executeCommands",
        summary="Execute commands, each for itself or all or none",
        description="A command may need a scope of its own beside: `payout:write` or `operator` (docs/permissions.md).",
        scopes=(COMMAND_WRITE,),
        parameters=(DRY_RUN, *IDEMPOTENCY),
        body=JsonBody(Commands),
        answers=(Answer(data=CommandResultsDocument, meta=Meta | DryRunMeta),),
    ),
)
