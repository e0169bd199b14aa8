"""Plugipay's payouts API, under /api/v1 as its SDKs write it and /v1 as its documentation does."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from simulator.provider import envelopes, operations, wishes
from simulator.provider.books import Workspace
from simulator.provider.faults import ANSWERS
from simulator.provider.pages import NumberedEvent, events_page, payouts_page
from simulator.provider.payouts import CANCELLED, FAILED, IN_TRANSIT, PAID, stamp
from simulator.provider.plugipay import Plugipay
from simulator.provider.refused import Refused, not_found
from simulator.provider.repeats import Answered, digest
from simulator.provider.signing import acts_for, authenticate

PREFIXES = ("/api/v1", "/v1")

_BODY_BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in."""

    plugipay: Plugipay
    workspace: Workspace
    body: Mapping[str, Any]
    query: Mapping[str, str]
    name: str
    """The id in the path, where there is one."""


@dataclass(frozen=True, slots=True)
class Answer:
    data: Any
    status: int = 200
    meta: Mapping[str, Any] | None = None


Operation = Callable[[Call], Answer]
"""Done at once, without awaiting: what an idempotency key stands for happens once or not."""


def _create(call: Call) -> Answer:
    wish = wishes.read_wish(call.body, call.workspace.bank)
    payout = call.plugipay.create(
        call.workspace.id, amount=wish.amount, currency=wish.currency, bank=wish.bank, note=wish.note
    )
    return Answer(payout.document(), 201)


def _get(call: Call) -> Answer:
    return Answer(call.plugipay.books.payout(call.name, call.workspace.id).document())


def _list(call: Call) -> Answer:
    data, meta = payouts_page(call.workspace.id, list(call.plugipay.books.payouts.values()), call.query)
    return Answer(data, meta=meta)


def _cancel(call: Call) -> Answer:
    payout = call.plugipay.books.payout(call.name, call.workspace.id)
    call.plugipay.move(payout, CANCELLED)
    return Answer(payout.document())


def _mark(to: str) -> Operation:
    def mark(call: Call) -> Answer:
        payout = call.plugipay.books.payout(call.name, call.workspace.id)
        if to == FAILED:
            call.plugipay.move(payout, to, failure_reason=wishes.read_reason(call.body))
        else:
            call.plugipay.move(payout, to, reference=wishes.read_reference(call.body))
        return Answer(payout.document())

    return mark


def _balance(call: Call) -> Answer:
    return Answer(call.workspace.balance(call.query.get("currency")))


def _bank_account(call: Call) -> Answer:
    bank = call.workspace.bank
    return Answer({**bank.document(), "configured": bank.configured})


def _update_bank_account(call: Call) -> Answer:
    call.workspace.bank = wishes.read_bank(call.body)
    call.plugipay.changed()
    return _bank_account(call)


def _event_types(_: Call) -> Answer:
    return Answer(list(envelopes.TYPES))


def _events(call: Call) -> Answer:
    events = [NumberedEvent(number, event) for number, event in enumerate(call.plugipay.books.events, 1)]
    types = {kind: f"plugipay.payout.{kind}.v1" for kind in {one.event.kind for one in events}}
    page, meta = events_page(call.workspace.id, events, types, call.query)
    return Answer([envelopes.document(one.event, "b", one.event.payout) for one in page], meta=meta)


def _event(call: Call) -> Answer:
    for event in call.plugipay.books.events:
        if (event.id, event.account_id) == (call.name, call.workspace.id):
            return Answer(envelopes.document(event, "b", event.payout))
    raise not_found("event")


def _nothing(_: Call) -> Answer:
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
    """The routes, and what happens to a request before and after its operation."""

    def __init__(self, plugipay: Plugipay) -> None:
        self._plugipay = plugipay
        self._asked: collections.Counter[str] = collections.Counter()

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
        workspace = plugipay.books.workspaces.get(account_id)
        if workspace is None:
            raise not_found("workspace")
        self._asked[name] += 1
        about = (name, self._asked[name])
        struck = {fault for fault in ANSWERS if plugipay.faults.strikes(fault, *about, operation=name)}
        if "silent_undone" in struck:
            return await self._cut(request)
        if "error" in struck:
            raise self._broken(about)
        if "rate_limited" in struck:
            raise Refused(429, "rate_limited", "too many requests")
        call = Call(plugipay, workspace, wishes.read_object(raw), request.query, request.match_info.get("name", ""))
        key = request.headers.get("Idempotency-Key") if request.method != "GET" else None
        status, body = self._once(operation, call, key, digest(request.method, request.path, raw), now)
        if "silent" in struck:
            return await self._cut(request)
        if "slow" in struck:
            await plugipay.runtime.sleep(plugipay.settings.slow_seconds)
        if "error_done" in struck:
            raise self._broken(about)
        return _respond(status, body)

    def _once(
        self, operation: Operation, call: Call, key: str | None, request_digest: str, now: float
    ) -> tuple[int, str]:
        """What the operation answers, or what it answered under this key. A refusal is remembered as well."""
        repeats, account_id = self._plugipay.repeats, call.workspace.id
        if key:
            known = repeats.find(account_id, key, request_digest, now)
            if known is not None:
                return known.status, known.body
        try:
            answer = operation(call)
        except Refused as refused:
            status, body = refused.status, self._failure(refused)
        else:
            status, body = answer.status, self._envelope(answer.data, None, answer.meta or {})
        if key:
            repeats.keep(Answered(account_id, key, request_digest, now, status, body))
            self._plugipay.changed()
        return status, body

    async def _cut(self, request: web.Request) -> web.StreamResponse:
        """Says nothing for a while, then ends the connection."""
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
    """The application, to which the control's routes may be added."""
    app = web.Application(client_max_size=_BODY_BYTES_MAX)
    app.add_routes(PayoutsApi(plugipay).routes())
    return app
