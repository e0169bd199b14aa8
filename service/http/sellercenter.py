"""SellerCenter's `GetPayoutStatus`, at `/lazada` and `/lazada/`, and at `/` where there is an `Action`; by GET and POST.

Clients that were written for SellerCenter get its answers: errors are HTTP 200 too, with SellerCenter's codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import orjson
from aiohttp import web

from events.instants import to_datetime
from events.statements.chain import CHANNEL as OWN
from service.formats.times import read_moment
from service.http.app_keys import KEYS, LEDGER, RUNTIME
from service.http.bodies import FileBody
from service.http.body_encoding import read_body
from service.http.envelope import JSON as JSON_MEDIA
from service.http.errors import ApiError
from service.http.middleware import RATE_LIMITS
from service.http.operations import Answer, OpenOperation
from service.http.parameters import any_text
from service.http.sellercenter_documents import SellerCenterError, SellerCenterSuccess
from service.ledger.api_keys import ApiKey
from service.marketplaces.lazada.names import CHANNEL
from service.marketplaces.lazada.sellercenter_responses import (
    ACTION,
    JSON,
    VERSION,
    XML,
    Fault,
    Tree,
    as_json,
    as_xml,
    failure,
    success,
)
from service.marketplaces.lazada.signing import query_pairs, sellercenter_verified
from service.marketplaces.observations import DEFAULT_ZONE
from service.platform import logs
from service.platform.database import OUTAGES
from sql import query

log = logs.get("sellercenter")

SKEW_SECONDS = 7200
"""How far a request's timestamp may be from now: what Lazada's own Open Platform allows."""
SHOWN_MAX = 100
"""How much of a caller's text an error repeats."""

XML_MEDIA = "text/xml"
FORM_MEDIA = ("application/x-www-form-urlencoded", "application/octet-stream")
"""A body without a type comes as the second one."""
MULTIPART_MEDIA = "multipart/form-data"

Pairs = list[tuple[str, str]]
"""Names and values of parameters, in their order."""

_TIME_FORM = "ISO 8601; without a zone it is in "
PARAMETERS = (
    any_text("Action", "What is asked for.", {"const": ACTION}, required=True),
    any_text("Version", "Of SellerCenter's API.", {"const": VERSION}, required=True),
    any_text("UserID", "The e-mail address that the caller's key was made for.", required=True),
    any_text("Timestamp", f"When it is asked: {_TIME_FORM}UTC.", required=True),
    any_text("Signature", "The hex HMAC-SHA256 of the other parameters, sorted by name.", required=True),
)
CREATED_AFTER = any_text(
    "CreatedAfter", f"Only statements created later: {_TIME_FORM}the channel's zone.", required=True
)
FORMAT = any_text("Format", f"{XML} or {JSON}, in capitals or not; {XML} is the default.")

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class SellerCenterRefusal(Exception):
    """Ends a request with one of SellerCenter's errors."""

    def __init__(self, fault: Fault, what: str = "") -> None:
        super().__init__(fault.message(what))
        self.fault = fault
        self.what = what


async def serve_root(request: web.Request) -> web.StreamResponse:
    """404 where neither the query nor a form has an `Action`: then it is none of SellerCenter's requests."""
    readings = await _readings(request)
    if "Action" not in dict(readings[0]):
        raise web.HTTPNotFound
    return await _respond(request, readings)


async def serve(request: web.Request) -> web.StreamResponse:
    return await _respond(request, await _readings(request))


async def _respond(request: web.Request, readings: Sequence[Pairs]) -> web.Response:
    """The answer, or the error, in the format that is asked for, whatever else is wrong with the request."""
    asked = dict(readings[0])
    action, wanted = _shown(asked.get("Action", "")), asked.get("Format", XML).upper()
    try:
        tree = await _answer(request, readings)
    except ApiError:
        # SellerCenter has no error for a key or an account that asks too often.
        raise
    except SellerCenterRefusal as refused:
        log.info("sellercenter_refused", code=refused.fault.code)
        tree = failure(refused.fault, action, refused.what)
    except OUTAGES:
        log.warning("sellercenter_unavailable")
        tree = failure(Fault.INTERNAL, action)
    except Exception:
        log.exception("sellercenter_failed")
        tree = failure(Fault.INTERNAL, action)
    if wanted == JSON:
        return web.Response(body=as_json(tree), content_type=JSON_MEDIA, charset="utf-8")
    return web.Response(body=as_xml(tree), content_type=XML_MEDIA, charset="utf-8")


async def _readings(request: web.Request) -> list[Pairs]:
    """What the request can mean; its signature says which of them it does mean. There is at least one.

    A plus is a plus, or a space. The parameters of a POST are those of its query and its form, or of its query alone:
    SellerCenter signs no bodies, and what nobody signed is not read.
    """
    query_text = request.raw_path.partition("?")[2].partition("#")[0]
    form_text, form = await _form(request)
    readings: list[Pairs] = []
    for plus_is_space in (False, True):
        in_query = query_pairs(query_text, plus_is_space=plus_is_space)
        in_form = [*form, *query_pairs(form_text, plus_is_space=plus_is_space)]
        # What a client says in both places it says once.
        for reading in ([*in_query, *(pair for pair in in_form if pair not in in_query)], in_query):
            if reading not in readings and (reading or not readings):
                readings.append(reading)
    return readings


async def _form(request: web.Request) -> tuple[str, Pairs]:
    """The form of a POST: its text, and what is decoded already. A body that is no form has no parameters."""
    if request.method != "POST" or not request.can_read_body:
        return "", []
    if request.content_type == MULTIPART_MEDIA:
        return "", [(name, text) for name, text in (await request.post()).items() if isinstance(text, str)]
    body = await read_body(request)
    return (body.decode("utf-8", "surrogateescape").strip() if request.content_type in FORM_MEDIA else ""), []


def _check_form(pairs: Pairs, asked: Mapping[str, str]) -> None:
    """Refuses a parameter that stands twice: it is not clear which one is meant."""
    if len(asked) != len(pairs) or asked.get("Format", XML).upper() not in (XML, JSON):
        raise SellerCenterRefusal(Fault.FORMAT)


def _shown(text: str) -> str:
    return text[:SHOWN_MAX].encode("utf-8", "replace").decode()


async def _answer(request: web.Request, readings: Sequence[Pairs]) -> Tree:
    pairs, key = await _signed_reading(request, readings)
    asked = dict(pairs)
    _check_form(pairs, asked)
    for parameter in PARAMETERS:
        if not asked.get(parameter.name):
            raise SellerCenterRefusal(Fault.MANDATORY, parameter.name)
    if asked["Version"] != VERSION:
        raise SellerCenterRefusal(Fault.VERSION)
    signed_at = _time(asked["Timestamp"], "UTC")
    if key is None:
        known = await _keys_of(request, asked["UserID"])
        raise (
            SellerCenterRefusal(Fault.LOGIN) if known else SellerCenterRefusal(Fault.NO_SELLER, _shown(asked["UserID"]))
        )
    limits = request.app[RATE_LIMITS]
    limits.check_key(request, key)
    limits.check_account(key.account_id)
    now = request.app[RUNTIME].now()
    if abs((now - signed_at).total_seconds()) > SKEW_SECONDS:
        raise SellerCenterRefusal(Fault.EXPIRED)
    if asked["Action"] != ACTION:
        raise SellerCenterRefusal(Fault.ACTION)
    if not asked.get(CREATED_AFTER.name):
        raise SellerCenterRefusal(Fault.MANDATORY, CREATED_AFTER.name)
    return success(await _statements(request, key, asked[CREATED_AFTER.name]), now)


async def _signed_reading(request: web.Request, readings: Sequence[Pairs]) -> tuple[Pairs, ApiKey | None]:
    """The reading that a key of its user has signed, and that key; else the first one."""
    secret_of = request.app[KEYS].secret_of
    for pairs in readings:
        asked = dict(pairs)
        if len(asked) != len(pairs) or not asked.get("UserID") or not asked.get("Signature"):
            continue
        for key in await _keys_of(request, asked["UserID"]):
            if sellercenter_verified(pairs, secret_of(key)):
                return pairs, key
    return readings[0], None


async def _keys_of(request: web.Request, user_id: str) -> Sequence[ApiKey]:
    return await request.app[KEYS].by_user(user_id) if user_id.isascii() and user_id.isprintable() else ()


def _time(text: str, zone: str) -> datetime:
    moment = read_moment(text, zone) if _DATE.match(text) else None
    if moment is None or moment.instant is None:
        raise SellerCenterRefusal(Fault.TIMESTAMP)
    return to_datetime(moment.instant)


async def _statements(request: web.Request, key: ApiKey, created_after: str) -> list[dict[str, object]]:
    ledger = request.app[LEDGER]
    assert key.account_id is not None, "keys of users are bound to an account"
    lane = await ledger.known_lane_of(key.account_id)
    if lane is None:
        _time(created_after, DEFAULT_ZONE)
        return []
    channel = await ledger.pool.fetchrow(query("statements/channel"), lane, key.account_id, CHANNEL)
    after = _time(created_after, (channel and channel["zone"]) or DEFAULT_ZONE)
    channels = [CHANNEL, OWN]
    rows = await ledger.pool.fetch(query("statements/created_after"), lane, key.account_id, channels, after, key.mode)
    return [{"content": orjson.loads(row["content"]), "currency": row["currency"], "paid": row["paid"]} for row in rows]


_ANSWERS = (
    Answer(
        data=SellerCenterSuccess | SellerCenterError,
        enveloped=False,
        media_types=(XML_MEDIA, JSON_MEDIA),
        description="The statements, or SellerCenter's error.",
    ),
)

_OPTIONAL = tuple(
    any_text(parameter.name, parameter.description, parameter.schema) for parameter in (*PARAMETERS, CREATED_AFTER)
)
"""As parameters of a POST: there they may stand in the form."""

_FORM = FileBody(FORM_MEDIA[0], "The parameters that the query does not have, as a form.")


def _operation(path: str, method: Literal["GET", "POST"], name: str, summary: str) -> OpenOperation:
    gets = method == "GET"
    return OpenOperation(
        method,
        path,
        serve_root if path == "/" else serve,
        id=name,
        summary=summary,
        parameters=(*((*PARAMETERS, CREATED_AFTER) if gets else _OPTIONAL), FORMAT),
        body=None if gets else _FORM,
        answers=_ANSWERS,
    )


OPERATIONS = (
    _operation("/lazada", "GET", "getPayoutStatus", "SellerCenter's GetPayoutStatus; the signature is the credential"),
    _operation("/lazada", "POST", "postPayoutStatus", "The same, with a form"),
    _operation("/lazada/", "GET", "getPayoutStatusAtSlash", "The same"),
    _operation("/lazada/", "POST", "postPayoutStatusAtSlash", "The same, with a form"),
    _operation("/", "GET", "getPayoutStatusAtRoot", "The same, where the query has an Action"),
    _operation("/", "POST", "postPayoutStatusAtRoot", "The same, where the query or a form has an Action"),
)
