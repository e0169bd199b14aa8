"""The control over HTTP, under /simulator. Requests are not signed: everybody who reaches it may use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from simulator.provider.control import Control
from simulator.provider.faults import FAULTS, WrongFault
from simulator.provider.payouts import CURRENCIES, STATUSES
from simulator.provider.refusals import Refused, invalid
from simulator.provider.settings import SIGNATURE_HEADER, EndpointSettings, Generation, WorkspaceSettings


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class _Fault(_Body):
    rate: float = 1
    times: int | None = None
    on: list[str] = []


class _Time(_Body):
    hours: float = Field(default=0, ge=0)
    seconds: float = Field(default=0, ge=0)


class _Hours(_Body):
    hours: float = Field(ge=0)


class _Scheduled(_Body):
    workspace: str
    amount: Annotated[int, Field(gt=0, strict=True)]
    currency: str = Field(default="IDR", pattern=f"^({'|'.join(CURRENCIES)})$")


class _Move(_Body):
    status: str = Field(pattern=f"^({'|'.join(STATUSES)})$")
    reference: str | None = None
    failure_reason: str | None = None


class _Endpoint(_Body):
    url: str
    secret: str = Field(min_length=1)
    generation: Generation = "b"
    header: str = SIGNATURE_HEADER


class _Workspace(_Body):
    key_id: str = Field(min_length=1)
    secret: str = Field(min_length=1)
    platform: bool = False
    balances: dict[str, Annotated[int, Field(ge=0, strict=True)]] = {"IDR": 1_000_000_000_000}
    endpoint: _Endpoint | None = None


class ControlApi:
    """One route for each method of the control."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def routes(self) -> list[web.RouteDef]:
        table: tuple[tuple[str, str, Callable[[web.Request], Awaitable[Any]]], ...] = (
            ("GET", "", self._state),
            ("GET", "/payouts", self._payouts),
            ("POST", "/payouts", self._schedule),
            ("POST", "/payouts/{name}/move", self._move),
            ("GET", "/disbursements", self._disbursements),
            ("GET", "/deliveries", self._deliveries),
            ("POST", "/deliveries/{name}/resend", self._resend),
            ("GET", "/faults", self._faults),
            ("PATCH", "/faults", self._switch),
            ("DELETE", "/faults", self._clear),
            ("POST", "/drop-webhooks", self._drop),
            ("POST", "/forget-idempotency-keys", self._forget),
            ("POST", "/advance", self._advance),
            ("POST", "/settle", self._settle),
            ("POST", "/reset", self._reset),
            ("PUT", "/workspaces/{name}", self._workspace),
            ("PUT", "/workspaces/{name}/endpoint", self._set_endpoint),
            ("DELETE", "/workspaces/{name}/endpoint", self._remove_endpoint),
        )
        return [web.route(method, f"/simulator{path}", _answering(handler)) for method, path, handler in table]

    async def _state(self, _: web.Request) -> Any:
        return self._control.state()

    async def _payouts(self, request: web.Request) -> Any:
        found = self._control.payouts(status=request.query.get("status"), note=request.query.get("note"))
        return [{**payout.document(), "requested": payout.requested} for payout in found]

    async def _schedule(self, request: web.Request) -> Any:
        body = _Scheduled.model_validate_json(await request.read())
        return self._control.schedule_payout(body.workspace, amount=body.amount, currency=body.currency).document()

    async def _move(self, request: web.Request) -> Any:
        body = _Move.model_validate_json(await request.read())
        moved = self._control.move(
            request.match_info["name"],
            body.status,
            reference=body.reference,
            failure_reason=body.failure_reason,
        )
        return moved.document()

    async def _disbursements(self, request: web.Request) -> Any:
        return [
            {
                "payoutId": one.payout_id,
                "accountId": one.account_id,
                "amount": one.amount,
                "currency": one.currency,
                "note": one.note,
                "at": one.at,
                "returnedAt": one.returned_at,
            }
            for one in self._control.disbursements(request.query.get("note"))
        ]

    async def _deliveries(self, request: web.Request) -> Any:
        found = self._control.deliveries(status=request.query.get("status"), payout_id=request.query.get("payoutId"))
        return [delivery.document() for delivery in found]

    async def _resend(self, request: web.Request) -> Any:
        return self._control.resend(request.match_info["name"]).document()

    async def _faults(self, _: web.Request) -> Any:
        return {"on": self._control.faults(), "known": FAULTS}

    async def _switch(self, request: web.Request) -> Any:
        """`{"silent": 0.1, "error": {"rate": 1, "times": 2, "on": ["create"]}}`."""
        body = orjson.loads(await request.read())
        if not isinstance(body, dict):
            raise Refused(400, "VALIDATION_ERROR", 'the body is to be an object such as {"silent": 0.1}')
        wanted = {
            name: _Fault.model_validate({"rate": given} if isinstance(given, (int, float)) else given)
            for name, given in body.items()
        }
        for name, fault in wanted.items():
            self._control.fault(name, fault.rate, times=fault.times, on=fault.on)
        return self._control.faults()

    async def _clear(self, _: web.Request) -> Any:
        self._control.clear_faults()
        return self._control.faults()

    async def _drop(self, request: web.Request) -> Any:
        self._control.drop_webhooks(_Hours.model_validate_json(await request.read()).hours)
        return self._control.state()

    async def _forget(self, _: web.Request) -> Any:
        self._control.forget_idempotency_keys()
        return self._control.state()

    async def _advance(self, request: web.Request) -> Any:
        body = _Time.model_validate_json(await request.read())
        await self._control.advance(hours=body.hours, seconds=body.seconds)
        return self._control.state()

    async def _settle(self, _: web.Request) -> Any:
        await self._control.settle()
        return self._control.state()

    async def _reset(self, _: web.Request) -> Any:
        await self._control.reset()
        return self._control.state()

    async def _workspace(self, request: web.Request) -> Any:
        body = _Workspace.model_validate_json(await request.read())
        if not body.balances:
            raise invalid("balances", "a workspace has at least one currency")
        endpoint = EndpointSettings(**body.endpoint.model_dump()) if body.endpoint else None
        self._control.workspace(
            WorkspaceSettings(
                request.match_info["name"], body.key_id, body.secret, body.platform, body.balances, endpoint
            )
        )
        return self._control.state()

    async def _set_endpoint(self, request: web.Request) -> Any:
        body = _Endpoint.model_validate_json(await request.read())
        self._control.endpoint(
            request.match_info["name"], body.url, body.secret, generation=body.generation, header=body.header
        )
        return self._control.state()

    async def _remove_endpoint(self, request: web.Request) -> Any:
        self._control.endpoint(request.match_info["name"], None)
        return self._control.state()


def _answering(handler: Callable[[web.Request], Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            status, document = 200, {"data": await handler(request), "error": None}
        except Refused as refused:
            status, document = refused.status, {"data": None, "error": refused.document()}
        except ValidationError as problem:
            first = problem.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            status, document = 400, {"data": None, "error": invalid(where, first["msg"]).document()}
        except (WrongFault, orjson.JSONDecodeError) as problem:
            error = Refused(400, "VALIDATION_ERROR", str(problem))
            status, document = 400, {"data": None, "error": error.document()}
        return web.json_response(body=orjson.dumps(document), status=status)

    return handle
