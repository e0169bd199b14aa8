"""SellerCenter's `GetPayoutStatus`, at `/lazada`, and at `/` where the query has an `Action`.

Clients that were written for SellerCenter get its answers: errors are HTTP 200 too, with SellerCenter's codes.
"""

from __future__ import annotations

import re
from datetime import datetime

import orjson
from aiohttp import web

from events.instants import to_datetime
from events.statements.chain import CHANNEL as OWN
from service.formats.times import read_moment
from service.http.app_keys import KEYS, LEDGER, RUNTIME
from service.http.envelope import JSON as JSON_MEDIA
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
FORMAT = any_text("Format", f"{XML} is the default.", {"enum": [XML, JSON]})

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class SellerCenterRefusal(Exception):
    """Ends a request with one of SellerCenter's errors."""

    def __init__(self, fault: Fault, what: str = "") -> None:
        super().__init__(fault.message(what))
        self.fault = fault
        self.what = what


async def serve_root(request: web.Request) -> web.Response:
    """404 where the query has no `Action`: then it is none of SellerCenter's requests."""
    if "Action" not in request.query:
        raise web.HTTPNotFound
    return await serve(request)


async def serve(request: web.Request) -> web.Response:
    pairs = query_pairs(request.raw_path.partition("?")[2].partition("#")[0])
    asked = dict(pairs)
    action = _shown(asked.get("Action", ""))
    wanted = asked.get("Format", XML)
    try:
        _check_form(pairs, asked)
        tree = await _answer(request, pairs, asked)
    except SellerCenterRefusal as refused:
        log.info("sellercenter_refused", code=refused.fault.code)
        tree = failure(refused.fault, action, refused.what)
    except OUTAGES:
        log.warning("sellercenter_unavailable")
        tree = failure(Fault.INTERNAL, action)
    if wanted == JSON:
        return web.Response(body=as_json(tree), content_type=JSON_MEDIA, charset="utf-8")
    return web.Response(body=as_xml(tree), content_type=XML_MEDIA, charset="utf-8")


def _check_form(pairs: list[tuple[str, str]], asked: dict[str, str]) -> None:
    """Refuses a parameter that stands twice: it is not clear which one is meant."""
    if len(asked) != len(pairs) or asked.get("Format", XML) not in (XML, JSON):
        raise SellerCenterRefusal(Fault.FORMAT)


def _shown(text: str) -> str:
    return text[:SHOWN_MAX].encode("utf-8", "replace").decode()


async def _answer(request: web.Request, pairs: list[tuple[str, str]], asked: dict[str, str]) -> Tree:
    for parameter in PARAMETERS:
        if not asked.get(parameter.name):
            raise SellerCenterRefusal(Fault.MANDATORY, parameter.name)
    if asked["Version"] != VERSION:
        raise SellerCenterRefusal(Fault.VERSION)
    signed_at = _time(asked["Timestamp"], "UTC")
    key = await _caller(request, pairs, asked["UserID"])
    now = request.app[RUNTIME].now()
    if abs((now - signed_at).total_seconds()) > SKEW_SECONDS:
        raise SellerCenterRefusal(Fault.EXPIRED)
    if asked["Action"] != ACTION:
        raise SellerCenterRefusal(Fault.ACTION)
    if not asked.get(CREATED_AFTER.name):
        raise SellerCenterRefusal(Fault.MANDATORY, CREATED_AFTER.name)
    return success(await _statements(request, key, asked[CREATED_AFTER.name]), now)


async def _caller(request: web.Request, pairs: list[tuple[str, str]], user_id: str) -> ApiKey:
    """The caller's key: the one of this user that made the signature."""
    keys = request.app[KEYS]
    known = await keys.by_user(user_id) if user_id.isascii() and user_id.isprintable() else []
    if not known:
        raise SellerCenterRefusal(Fault.NO_SELLER, _shown(user_id))
    key = next((each for each in known if sellercenter_verified(pairs, keys.secret_of(each))), None)
    if key is None:
        raise SellerCenterRefusal(Fault.LOGIN)
    return key


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

OPERATIONS = (
    OpenOperation(
        "GET",
        "/lazada",
        serve,
        id="getPayoutStatus",
        summary="SellerCenter's GetPayoutStatus; the signature is the credential",
        parameters=(*PARAMETERS, CREATED_AFTER, FORMAT),
        answers=_ANSWERS,
    ),
    OpenOperation(
        "GET",
        "/",
        serve_root,
        id="getPayoutStatusAtRoot",
        summary="The same, where the query has an Action",
        parameters=(*PARAMETERS, CREATED_AFTER, FORMAT),
        answers=_ANSWERS,
    ),
)
