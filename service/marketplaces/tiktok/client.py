"""Pulls TikTok Shop: statements with their transactions, payments, withdrawals, and what is not settled yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from service.marketplaces.api_calls import ApiSession, SignedRequest
from service.marketplaces.pages import PulledPage, ResumePoint
from service.marketplaces.tiktok import signing
from service.marketplaces.tiktok.credentials import TikTokCredentials

PAGE = 100

_STATEMENTS = "/finance/202309/statements"
_PAYMENTS = "/finance/202309/payments"
_WITHDRAWALS = "/finance/202309/withdrawals"
_UNSETTLED = "/finance/202507/orders/unsettled"


async def pull_tiktok(
    session: ApiSession, credentials: TikTokCredentials, since: datetime, until: datetime, resume: str | None = None
) -> AsyncIterator[PulledPage]:
    """Pages of statements, each page with the transactions of its statements after it; then the other calls."""
    start, end = str(int(since.timestamp())), str(int(until.timestamp()))
    created = {"create_time_ge": start, "create_time_lt": end, "sort_field": "create_time", "sort_order": "ASC"}
    at = ResumePoint.read(resume)
    if at.phase == 0:
        timed = {
            "statement_time_ge": start,
            "statement_time_lt": end,
            "sort_field": "statement_time",
            "sort_order": "ASC",
        }
        async for page in _statements(session, credentials, timed, at):
            yield page
        at = ResumePoint(1)
    phases = (
        (1, "payments", _PAYMENTS, created),
        (2, "withdrawals", _WITHDRAWALS, {**created, "types": "WITHDRAW,SETTLE,TRANSFER,REVERSE"}),
        (3, "unsettled", _UNSETTLED, {"sort_field": "order_create_time", "sort_order": "ASC"}),
    )
    for phase, call, path, parameters in phases:
        if at.phase == phase:
            async for page in _pages(session, credentials, call, path, parameters, at):
                yield page
            at = ResumePoint(phase + 1)


async def _statements(
    session: ApiSession, credentials: TikTokCredentials, parameters: Mapping[str, str], at: ResumePoint
) -> AsyncIterator[PulledPage]:
    async for page, answer in _walk(session, credentials, "statements", _STATEMENTS, parameters, at):
        numbers = [str(each["id"]) for each in _data(answer).get("statements") or () if "id" in each]
        # Until the last transactions are ingested, a resumed pull has to repeat the page of statements.
        yield page if not numbers else _resumed(page, at)
        for index, number in enumerate(numbers):
            path = f"/finance/202501/statements/{quote(number, safe='')}/statement_transactions"
            inner = {"sort_field": "order_create_time", "sort_order": "ASC"}
            last = index == len(numbers) - 1
            waiting: PulledPage | None = None
            async for inside, _ in _walk(session, credentials, "statement_transactions", path, inner, ResumePoint()):
                if waiting is not None:
                    yield waiting
                waiting = PulledPage(session.channel, inside.call, inside.body, at.token(), {"statement_id": number})
            if waiting is not None:
                yield _resumed(waiting, ResumePoint.read(page.resume)) if last else waiting
        at = ResumePoint.read(page.resume)


async def _pages(
    session: ApiSession,
    credentials: TikTokCredentials,
    call: str,
    path: str,
    parameters: Mapping[str, str],
    at: ResumePoint,
) -> AsyncIterator[PulledPage]:
    async for page, _ in _walk(session, credentials, call, path, parameters, at):
        yield page


async def _walk(
    session: ApiSession,
    credentials: TikTokCredentials,
    call: str,
    path: str,
    parameters: Mapping[str, str],
    at: ResumePoint,
) -> AsyncIterator[tuple[PulledPage, Any]]:
    token = at.cursor
    while True:
        page = {**parameters, "page_size": str(PAGE)} | ({"page_token": token} if token else {})
        body, answer = await _call(session, credentials, path, page)
        token = str(_data(answer).get("next_page_token") or "")
        next_point = ResumePoint(at.phase, "", token) if token else ResumePoint(at.phase + 1)
        yield PulledPage(session.channel, call, body, next_point.token()), answer
        if not token:
            return


async def _call(
    session: ApiSession, credentials: TikTokCredentials, path: str, parameters: Mapping[str, str]
) -> tuple[bytes, Any]:
    def sign(now: datetime) -> SignedRequest:
        query = {
            **parameters,
            "app_key": credentials.app_key,
            "shop_cipher": credentials.shop_cipher,
            "timestamp": str(int(now.timestamp())),
        }
        query["sign"] = signing.signature(path, query, credentials.app_secret.get_secret_value())
        headers = {
            "x-tts-access-token": credentials.access_token.get_secret_value(),
            "Content-Type": "application/json",
        }
        return SignedRequest("GET", f"{path}?{urlencode(query, quote_via=quote, safe='')}", headers)

    return await session.call(path, sign)


def _resumed(page: PulledPage, at: ResumePoint) -> PulledPage:
    return PulledPage(page.channel, page.call, page.body, at.token(), page.request_fields)


def _data(answer: Any) -> dict[str, Any]:
    found = answer.get("data") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}
