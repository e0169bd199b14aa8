"""An account's access to its provider: its own key, or the platform's key on its behalf."""

from __future__ import annotations

import base64

import asyncpg
import orjson

from service.ledger.ledger import Ledger
from service.ledger.vault import PROVIDERS, AccountKey
from service.platform import logs
from service.platform.settings import Settings
from service.plugipay.outbound.client import ProviderAccess
from service.plugipay.outbound.provider_address import is_of_the_settings, provider_address_problem
from sql import query

log = logs.get("plugipay")


async def read_access(
    ledger: Ledger, settings: Settings, lane: int, account_id: str
) -> tuple[ProviderAccess | None, AccountKey | None]:
    """The access; and the account key, if not destroyed.

    The access is None where neither the account nor the platform has a key, where the settings do not allow the account's
    address any more, or where the account's row is not as it was written: the platform's key must not take its place.
    """
    row = await ledger.pool.fetchrow(query("provider/access"), lane, account_id)
    if row is None:
        return None, None
    key = _key(ledger, account_id, row)
    if row["key_id"] is not None and not ledger.vault.holds(PROVIDERS, row):
        return None, key
    if row["key_id"] is not None and key is not None:
        base_url = row["base_url"] or settings.plugipay_base_url
        problem = provider_address_problem(base_url, settings)
        if problem is not None:
            log.error("provider_address_not_allowed", account=account_id, problem=problem)
            return None, key
        named_by_account = not is_of_the_settings(base_url, settings)
        secret = key.unseal("secret", row["secret"])
        return ProviderAccess(row["key_id"], secret, base_url, named_by_account=named_by_account), key
    if settings.plugipay_key_id is not None and settings.plugipay_secret is not None:
        platform = ProviderAccess(
            settings.plugipay_key_id,
            settings.plugipay_secret.get_secret_value(),
            settings.plugipay_base_url,
            account_id,
        )
        return platform, key
    return None, key


def _key(ledger: Ledger, account_id: str, row: asyncpg.Record) -> AccountKey | None:
    entries = orjson.loads(row["keys"] or "[]")
    newest = max(entries, key=lambda entry: entry["generation"], default=None)
    if newest is None:
        return None
    return ledger.vault.account_key(account_id, newest["generation"], base64.b64decode(newest["wrapped"]))
