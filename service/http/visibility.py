"""What a request may see: the account that it is about, or all that its key is shown of cases and deliveries."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from events.command import AccountId
from service.http.errors import ApiError
from service.http.parameters import ACCOUNT_ID
from service.http.request_context import RequestContext
from service.ledger.access_scope import AccessScope, of_account, of_mode
from service.ledger.account_profile import Profile, read_profile
from service.ledger.api_keys import AUDIT, OPERATOR

_ACCOUNT_ID: TypeAdapter[str] = TypeAdapter(AccountId)


async def visible_profile(context: RequestContext, lane: int) -> Profile:
    """The account that the request is about; 404 where the key does not see it."""
    profile = await read_profile(context.ledger, lane, context.account)
    if profile is None or profile.mode != context.key.mode:
        raise no_such_account(context)
    return profile


async def visible_account(context: RequestContext) -> tuple[int, Profile]:
    """The same, with its lane."""
    lane = await context.lane()
    return lane, await visible_profile(context, lane)


async def account_scope(context: RequestContext) -> AccessScope:
    """The access scope of the account that the request is about; 404 where the key does not see it."""
    access_scope = await of_account(context.ledger, context.key.mode, context.account)
    if access_scope is None:
        raise no_such_account(context)
    return access_scope


def no_such_account(context: RequestContext) -> ApiError:
    return ApiError("NOT_FOUND", f"there is no account {context.account}")


async def access_scope_of(context: RequestContext) -> AccessScope:
    """What the key may see: its account's, or, as the platform's, what operators and auditors see of its mode.

    `?accountId=` narrows it. 404 for an account that the key does not see.
    """
    named = context.read(ACCOUNT_ID)
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
    if named in (None, account_id) and _is_account_id(account_id):
        access_scope = await of_account(context.ledger, context.key.mode, account_id)
    if access_scope is None:
        raise ApiError("NOT_FOUND", f"there is no account {(named or account_id)[:64]}", field="accountId")
    return access_scope


def _is_account_id(text: str) -> bool:
    try:
        _ACCOUNT_ID.validate_python(text)
    except ValidationError:
        return False
    return True
