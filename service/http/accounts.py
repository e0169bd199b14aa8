"""Accounts: listed by id, and read one by one."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from typing_extensions import TypedDict

from events.accounts.state import CLOSED, FROZEN, LIVE, MANUAL, OPEN, PLUGIPAY, TEST
from service.http.cursors import Cursor
from service.http.envelope import PageMeta
from service.http.errors import ApiError
from service.http.operations import Answer, ApiOperation
from service.http.paging import page_meta
from service.http.parameters import CURSOR, LIMIT, id_in_path
from service.http.request_context import RequestContext
from service.ledger.api_keys import AUDIT, COMMAND_WRITE, PAYOUT_READ
from service.platform.documents import Time, one_of
from sql import query

ACCOUNT = id_in_path("account_id", "The account's id.")

_READERS = (PAYOUT_READ, COMMAND_WRITE, AUDIT)


class AccountDocument(TypedDict):
    id: str
    mode: Annotated[str, one_of(LIVE, TEST)]
    backend: Annotated[str, one_of(MANUAL, PLUGIPAY)]
    status: Annotated[str, one_of(OPEN, FROZEN, CLOSED)]
    currencies: list[str]
    openedAt: Time
    version: int
    lane: int


async def list_accounts(context: RequestContext) -> web.Response:
    """The accounts that the key may see, by id: a platform's all of its mode, an account's its own."""
    limit = context.read(LIMIT)
    after = ""
    if text := context.read(CURSOR):
        after = Cursor.parse(text, "accounts").filter or ""
    rows = await context.ledger.pool.fetch(
        query("accounts/page"), context.key.mode, after, limit + 1, context.account_id
    )
    shown = rows[:limit]
    cursor = Cursor("accounts", shown[-1]["account_id"], 1).text() if len(rows) > limit else None
    return context.respond([_document(dict(row)) for row in shown], page_meta(context, limit, cursor))


async def get_account(context: RequestContext) -> web.Response:
    return context.respond(_document(await find_account(context, context.id_in_path(ACCOUNT))))


async def find_account(context: RequestContext, account_id: str) -> dict[str, Any]:
    """The account's row, where the key may see it; 404 otherwise."""
    row = None
    if context.account_id in (None, account_id):
        row = await context.ledger.pool.fetchrow(query("accounts/page"), context.key.mode, "", 1, account_id)
    if row is None:
        raise ApiError("NOT_FOUND", f"there is no account {account_id}", field="accountId")
    return dict(row)


def _document(row: dict[str, Any]) -> AccountDocument:
    return {
        "id": row["account_id"],
        "mode": row["mode"],
        "backend": row["backend"],
        "status": row["status"],
        "currencies": row["currencies"],
        "openedAt": row["opened_at"],
        "version": row["version"],
        "lane": row["lane"],
    }


OPERATIONS = (
    ApiOperation(
        "GET",
        "/accounts",
        list_accounts,
        id="listAccounts",
        summary="The accounts that the key may see",
        scopes=_READERS,
        parameters=(LIMIT, CURSOR),
        answers=(Answer(data=list[AccountDocument], meta=PageMeta),),
    ),
    ApiOperation(
        "GET",
        "/accounts/{account_id}",
        get_account,
        id="getAccount",
        summary="One account",
        scopes=_READERS,
        parameters=(ACCOUNT,),
        answers=(Answer(data=AccountDocument),),
    ),
)
