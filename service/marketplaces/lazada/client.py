"""Pulls Lazada: SellerCenter's GetPayoutStatus, and the Open Platform's three finance calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from service.marketplaces.api_calls import ApiSession, SignedRequest
from service.marketplaces.lazada import signing
from service.marketplaces.lazada.credentials import OpenPlatformCredentials, SellerCenterCredentials
from service.marketplaces.pages import PulledPage, ResumePoint, after_page, request_windows

DETAILS_WINDOW = timedelta(days=179)
"""One call covers less than 180 days."""
ACCOUNT_WINDOW = timedelta(days=30)
DETAILS_PAGE = 500
ACCOUNT_PAGE = 100

_DETAILS_PHASE, _ACCOUNT_PHASE = 1, 2


async def pull_sellercenter(
    session: ApiSession,
    credentials: SellerCenterCredentials,
    since: datetime,
    _until: datetime,
    resume: str | None = None,
) -> AsyncIterator[PulledPage]:
    """One call: SellerCenter has no pages, and its period has no end."""
    if ResumePoint.read(resume).phase > 0:
        return

    def sign(now: datetime) -> SignedRequest:
        pairs = [
            ("Action", "GetPayoutStatus"),
            ("CreatedAfter", since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")),
            ("Format", "XML"),
            ("Timestamp", now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")),
            ("UserID", credentials.user_id),
            ("Version", "1.0"),
        ]
        signature = signing.sellercenter(pairs, credentials.api_key.get_secret_value())
        return SignedRequest("GET", f"/?{signing.sellercenter_text(pairs)}&Signature={signature}")

    body, _ = await session.call("GetPayoutStatus", sign)
    yield PulledPage(session.channel, "GetPayoutStatus", body, ResumePoint(1).token())


async def pull_open_platform(
    session: ApiSession,
    credentials: OpenPlatformCredentials,
    since: datetime,
    until: datetime,
    resume: str | None = None,
) -> AsyncIterator[PulledPage]:
    """Statements, then the charges of items, then the movements of the seller's balance."""
    start = ResumePoint.read(resume)
    if start.phase == 0:
        day = since.astimezone(UTC).strftime("%Y-%m-%d")
        body, _ = await _call(session, credentials, "GET", "/finance/payout/status/get", {"created_after": day})
        start = ResumePoint(_DETAILS_PHASE)
        yield PulledPage(session.channel, "payout_status", body, start.token())
    if start.phase == _DETAILS_PHASE:
        async for page in _transaction_details(session, credentials, since, until, start):
            yield page
        start = ResumePoint(_ACCOUNT_PHASE)
    if start.phase == _ACCOUNT_PHASE:
        async for page in _account_transactions(session, credentials, since, until, start):
            yield page


async def _transaction_details(
    session: ApiSession, credentials: OpenPlatformCredentials, since: datetime, until: datetime, start: ResumePoint
) -> AsyncIterator[PulledPage]:
    offset = int(start.cursor or 0)
    for window in request_windows(since, until, DETAILS_WINDOW, start.start):
        while True:
            parameters = {
                "start_time": window.since.strftime("%Y-%m-%d"),
                "end_time": window.until.strftime("%Y-%m-%d"),
                "trans_type": "-1",
                "limit": str(DETAILS_PAGE),
                "offset": str(offset),
            }
            body, answer = await _call(session, credentials, "GET", "/finance/transaction/details/get", parameters)
            count = len(_list(answer, "data"))
            offset += count
            full = count >= DETAILS_PAGE
            next_point = after_page(_DETAILS_PHASE, window, str(offset) if full else None, "0")
            yield PulledPage(session.channel, "transaction_details", body, next_point.token())
            if not full:
                break
        offset = 0


async def _account_transactions(
    session: ApiSession, credentials: OpenPlatformCredentials, since: datetime, until: datetime, start: ResumePoint
) -> AsyncIterator[PulledPage]:
    number = int(start.cursor or 1)
    path = "/finance/transaction/accountTransactions/query"
    for window in request_windows(since, until, ACCOUNT_WINDOW, start.start):
        while True:
            parameters = {
                "start_time": window.since.strftime("%Y%m%d"),
                "end_time": window.until.strftime("%Y%m%d"),
                "page_num": str(number),
                "page_size": str(ACCOUNT_PAGE),
            }
            body, answer = await _call(session, credentials, "POST", path, parameters)
            data = answer.get("data") if isinstance(answer, dict) else None
            full = len(_list(data if isinstance(data, dict) else answer, "transactions")) >= ACCOUNT_PAGE
            number += 1
            next_point = after_page(_ACCOUNT_PHASE, window, str(number) if full else None, "1")
            yield PulledPage(session.channel, "account_transactions", body, next_point.token())
            if not full:
                break
        number = 1


async def _call(
    session: ApiSession, credentials: OpenPlatformCredentials, method: str, path: str, parameters: Mapping[str, str]
) -> tuple[bytes, Any]:
    def sign(now: datetime) -> SignedRequest:
        common = {
            "access_token": credentials.access_token.get_secret_value(),
            "app_key": credentials.app_key,
            "sign_method": "sha256",
            "timestamp": str(int(now.timestamp() * 1000)),
        }
        signature = signing.open_platform(path, {**common, **parameters}, credentials.app_secret.get_secret_value())
        if method == "GET":
            return SignedRequest(method, f"{path}?{_query({**common, **parameters, 'sign': signature})}")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        target = f"{path}?{_query({**common, 'sign': signature})}"
        return SignedRequest(method, target, headers, _query(parameters).encode())

    return await session.call(path, sign)


def _query(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, quote_via=quote, safe="")


def _list(answer: Any, name: str) -> list[Any]:
    found = answer.get(name) if isinstance(answer, dict) else None
    return found if isinstance(found, list) else []
