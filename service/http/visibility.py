"""What a request may see of cases and deliveries, and lists of it that go on where a page ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from events.fields import AccountId
from service.http.cursors import Cursor
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.request_context import RequestContext
from service.ledger.access_scope import AccessScope, of_account, of_mode
from service.ledger.api_keys import AUDIT, OPERATOR

_ACCOUNT_ID: TypeAdapter[str] = TypeAdapter(AccountId)
_NONE = "-"


async def sight_of(context: RequestContext) -> AccessScope:
    """What the key may see: its account's, or, as the platform's, what operators and auditors see of its mode.

    `?accountId=` narrows it. 404 for an account that the key does not see.
    """
    named = context.request.query.get("accountId")
    account_id = context.account_id
    if account_id is None:
        if context.key.scopes.isdisjoint((OPERATOR, AUDIT)):
            needed = [OPERATOR, AUDIT]
            message = f"to see more than one account, this key needs the scope {' or '.join(needed)}"
            raise ApiError("FORBIDDEN", message, details={"scopes": needed})
        account_id = named
    if account_id is None:
        return of_mode(context.ledger, context.key.mode)
    access_scope = None
    if named in (None, account_id) and _may_be_one(account_id):
        access_scope = await of_account(context.ledger, context.key.mode, account_id)
    if access_scope is None:
        raise ApiError("NOT_FOUND", f"there is no account {(named or account_id)[:64]}", field="accountId")
    return access_scope


async def account_sight(context: RequestContext) -> AccessScope:
    """The sight of the account that the call is about; 404 where the key does not see it."""
    access_scope = await of_account(context.ledger, context.key.mode, context.account)
    if access_scope is None:
        raise ApiError("NOT_FOUND", f"there is no account {context.account}")
    return access_scope


def _may_be_one(account_id: str) -> bool:
    try:
        _ACCOUNT_ID.validate_python(account_id)
    except ValidationError:
        return False
    return True


def choice(request: web.Request, name: str, choices: Sequence[str]) -> str | None:
    """A query parameter that is one of these, or None."""
    text = request.query.get(name)
    if text is not None and text not in choices:
        raise ApiError("VALIDATION_ERROR", f"{name} is one of {', '.join(choices)}", field=name)
    return text


class Listing:
    """A list with filters, whose cursor carries them and the place where a page ended."""

    def __init__(
        self, context: RequestContext, name: str, access_scope: AccessScope, filters: Sequence[str | None]
    ) -> None:
        self._context = context
        self._owner = f"{name} {access_scope.account_id or context.key.mode}"
        self._filters = [one or _NONE for one in filters]

    def place(self, parts_count: int) -> list[str] | None:
        """Where the page before ended, by the request's cursor. 400 for a cursor of another list or other filters."""
        text = self._context.request.query.get("cursor")
        if not text:
            return None
        kept = (Cursor.parse(text, self._owner).filter or "").split(" ")
        given, place = kept[:-parts_count], kept[-parts_count:]
        if given != self._filters:
            raise ApiError("VALIDATION_ERROR", "this cursor belongs to a list with other filters", field="cursor")
        return place

    def answer(self, documents: list[dict[str, Any]], limit: int, place: Sequence[str] | None) -> web.Response:
        """A page; `place` is where it ends, if there is more."""
        cursor = Cursor(self._owner, " ".join([*self._filters, *place]), 1).text() if place else None
        more = cursor is not None
        return respond(
            success(
                orjson.dumps(documents),
                self._context.request_id,
                self._context.ledger.runtime.instant(),
                page={"limit": limit, "hasMore": more, "nextCursor": cursor},
                cursor=cursor,
                hasMore=more,
            )
        )


def wrong_cursor() -> ApiError:
    return ApiError("VALIDATION_ERROR", "this is not a cursor of this list", field="cursor")
