"""Plugipay's payouts API, under /api/v1 (as in its SDKs) and under /v1 (as in its documentation)."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from simulator.provider import envelopes, operations, requests
from simulator.provider.faults import ANSWERS
from simulator.provider.idempotency import StoredResponse, digest
from simulator.provider.pages import NumberedEvent, events_page, payouts_page
from simulator.provider.payouts import CANCELLED, FAILED, IN_TRANSIT, PAID, stamp
from simulator.provider.plugipay import Plugipay
from simulator.provider.refusals import Refused, not_found
from simulator.provider.signing import acts_for, authenticate
from simulator.provider.state import Workspace

PREFIXES = ("/api/v1", "/v1")

_BODY_BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """An authenticated request."""

    plugipay: Plugipay
    workspace: Workspace
    body: Mapping[str, Any]
    query: Mapping[str, str]
    name: str
    """The id in the path, if there is one."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    data: Any
    status: int = 200
    meta: Mapping[str, Any] | None = None


Operation = Callable[[ApiRequest], ApiResponse]
"""Executes at once, without awaiting, so that the request under an idempotency key is executed once or not at all."""


def _create(api_request: ApiRequest) -> ApiResponse:
    wanted = requests.read_payout_request(api_request.body, api_request.workspace.bank)
    payout = api_request.plugipay.create(
        api_request.workspace.id, amount=wanted.amount, currency=wanted.currency, bank=wanted.bank, note=wanted.note
    )
    return ApiResponse(payout.document(), 201)


def _get(api_request: ApiRequest) -> ApiResponse:
    return ApiResponse(api_request.plugipay.state.payout(api_request.name, api_request.workspace.id).document())


def _list(api_request: ApiRequest) -> ApiResponse:
    data, meta = payouts_page(
        api_request.workspace.id, list(api_request.plugipay.state.payouts.values()), api_request.query
    )
    return ApiResponse(data, meta=meta)


def _cancel(api_request: ApiRequest) -> ApiResponse:
    payout = api_request.plugipay.state.payout(api_request.name, api_request.workspace.id)
    api_request.plugipay.move(payout, CANCELLED)
    return ApiResponse(payout.document())


def _mark(to: str) -> Operation:
    def mark(api_request: ApiRequest) -> ApiResponse:
        payout = api_request.plugipay.state.payout(api_request.name, api_request.workspace.id)
        if to == FAILED:
            api_request.plugipay.move(payout, to, failure_reason=requests.read_reason(api_request.body))
        else:
            api_request.plugipay.move(payout, to, reference=requests.read_reference(api_request.body))
        return ApiResponse(payout.document())

    return mark


def _balance(api_request: ApiRequest) -> ApiResponse:
    return ApiResponse(api_request.workspace.balance(api_request.query.get("currency")))


def _bank_account(api_request: ApiRequest) -> ApiResponse:
    bank = api_request.workspace.bank
    return ApiResponse({**bank.document(), "configured": bank.configured})


def _update_bank_account(api_request: ApiRequest) -> ApiResponse:
    api_request.workspace.bank = requests.read_bank(api_request.body)
    api_request.plugipay.changed()
    return _bank_account(api_request)


def _event_types(_: ApiRequest) -> ApiResponse:
    return ApiResponse(list(envelopes.TYPES))


def _events(api_request: ApiRequest) -> ApiResponse:
    events = [NumberedEvent(number, event) for number, event in enumerate(api_request.plugipay.state.events, 1)]
    types = {kind: f"plugipay.payout.{kind}.v1" for kind in {one.event.kind for one in events}}
    page, meta = events_page(api_request.workspace.id, events, types, api_request.query)
    return ApiResponse([envelopes.document(one.event, "b", one.event.payout) for one in page], meta=meta)


def _event(api_request: ApiRequest) -> ApiResponse:
    for event in api_request.plugipay.state.events:
        if (event.id, event.account_id) == (api_request.name, api_request.workspace.id):
            return ApiResponse(envelopes.document(event, "b", event.payout))
    raise not_found("event")


def _nothing(_: ApiRequest) -> ApiResponse:
    raise not_found("path")


_ROUTES: tuple[tuple[str, str, str, Operation], ...] = (
    ("POST", "/payouts", operations.CREATE, _create),
    ("GET", "/payouts", operations.LIST, _list),
    ("GET", "/payouts/balance", operations.BALANCE, _balance),
    ("GET", "/payouts/bank-account", operations.BANK_ACCOUNT, _bank_account),
    ("PATCH", "/payouts/bank-account", operations.UPDATE_BANK_ACCOUNT, _update_bank_account),
    ("GET", "/payouts/{name}", operations.GET, _get),
    ("POST", "/payouts/{name}/cancel", operations.CANCEL, _cancel),
    ("POST", "/payouts/{name}/mark-in-transit", operations.MARK, _mark(IN_TRANSIT)),
    ("POST", "/payouts/{name}/mark-paid", operations.MARK, _mark(PAID)),
    ("POST", "/payouts/{name}/mark-failed", operations.MARK, _mark(FAILED)),
    ("GET", "/events", operations.EVENTS, _events),
    ("GET", "/events/types", operations.EVENTS, _event_types),
    ("GET", "/events/{name}", operations.EVENTS, _event),
    ("*", "/{name:.*}", "nothing", _nothing),
)


class PayoutsApi:
    """The routes; authentication, faults and idempotency around each operation."""

    def __init__(self, plugipay: Plugipay) -> None:
        self._plugipay = plugipay
        self._calls: collections.Counter[str] = collections.Counter()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route(method, prefix + path, self._handler(name, operation))
            for prefix in PREFIXES
            for method, path, name, operation in _ROUTES
        ]

    def _handler(self, name: str, operation: Operation) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await self._serve(request, name, operation)
            except Refused as refused:
                headers = {"Retry-After": "1"} if refused.status in (429, 503) else None
                return _respond(refused.status, self._failure(refused), headers)

        return handle

    async def _serve(self, request: web.Request, name: str, operation: Operation) -> web.StreamResponse:
        plugipay = self._plugipay
        raw = await request.read()
        now = plugipay.runtime.now().timestamp()
        owner = authenticate(
            plugipay.keys, request.headers, method=request.method, path=request.raw_path, body=raw, now=now
        )
        account_id = acts_for(owner, request.headers)
        workspace = plugipay.state.workspaces.get(account_id)
        if workspace is None:
            raise not_found("workspace")
        self._calls[name] += 1
        about = (name, self._calls[name])
        faults = {fault for fault in ANSWERS if plugipay.faults.strikes(fault, *about, operation=name)}
        if "silent_undone" in faults:
            return await self._cut_off(request)
        if "error" in faults:
            raise self._broken(about)
        if "rate_limited" in faults:
            raise Refused(429, "rate_limited", "too many requests")
        api_request = ApiRequest(
            plugipay, workspace, requests.read_object(raw), request.query, request.match_info.get("name", "")
        )
        key = request.headers.get("Idempotency-Key") if request.method != "GET" else None
        status, body = self._execute_once(operation, api_request, key, digest(request.method, request.path, raw), now)
        if "silent" in faults:
            return await self._cut_off(request)
        if "slow" in faults:
            await plugipay.runtime.sleep(plugipay.settings.slow_seconds)
        if "error_done" in faults:
            raise self._broken(about)
        return _respond(status, body)

    def _execute_once(
        self, operation: Operation, api_request: ApiRequest, key: str | None, request_digest: str, now: float
    ) -> tuple[int, str]:
        """The operation's response, or the stored one of this key. A refusal is stored as well."""
        stored_responses, account_id = self._plugipay.stored_responses, api_request.workspace.id
        if key:
            known = stored_responses.find(account_id, key, request_digest, now)
            if known is not None:
                return known.status, known.body
        try:
            answer = operation(api_request)
        except Refused as refused:
            status, body = refused.status, self._failure(refused)
        else:
            status, body = answer.status, self._envelope(answer.data, None, answer.meta or {})
        if key:
            stored_responses.store(StoredResponse(account_id, key, request_digest, now, status, body))
            self._plugipay.changed()
        return status, body

    async def _cut_off(self, request: web.Request) -> web.StreamResponse:
        """Sends no response for a while, then closes the connection."""
        await self._plugipay.runtime.sleep(self._plugipay.settings.hang_seconds)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _broken(self, about: tuple[str, int]) -> Refused:
        code = int(self._plugipay.chance.one_of(("500", "502", "503", "504"), "broken", *about))
        return Refused(code, "internal_error", "something went wrong at Plugipay")

    def _failure(self, refused: Refused) -> str:
        return self._envelope(None, refused.document(), {})

    def _envelope(self, data: Any, error: Any, meta: Mapping[str, Any]) -> str:
        runtime = self._plugipay.runtime
        made = {"requestId": f"req_{runtime.ulid()}", "timestamp": stamp(runtime.now()), **meta}
        return orjson.dumps({"data": data, "error": error, "meta": made}).decode()


def _respond(status: int, body: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)


def build_app(plugipay: Plugipay) -> web.Application:
    """The application; the control's routes can be added to it."""
    app = web.Application(client_max_size=_BODY_BYTES_MAX)
    app.add_routes(PayoutsApi(plugipay).routes())
    return app
