"""The demo accounts of `make run`: S2's worked example, and one whose payouts a simulated Plugipay executes."""

from __future__ import annotations

import contextlib
import hmac
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from events.accounts.commands import OpenAccount, SetBankAccount
from events.accounts.state import LIVE, MANUAL, PLUGIPAY
from events.balances.commands import RecordRevenue, SettleRevenue
from events.catalog import AnyCommand
from events.refusals import AccountExists, Refusal
from service.ledger.api_keys import SCOPES, KeyRing, NewKey, create_key, list_keys
from service.ledger.ledger import Ledger
from service.ledger.system_commands import execute_system_commands, open_account
from service.platform.settings import Settings
from simulator.provider.lifespan import Simulated, simulated_plugipay
from simulator.provider.settings import SimulatorSettings, WorkspaceSettings

ACCOUNT, PROVIDER_ACCOUNT = "acc_demo", "acc_demo_plugipay"
AVAILABLE, PENDING = 5_230_000, 750_000
_LABEL = "demo of make run"
_KEY_ID = "ak_demo"
_TIME_SCALE = 60
"""A minute of Plugipay's time takes a second: a payout is in transit after one second, and paid after ten more."""


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """The simulated Plugipay of the second account, and the settings to reach it."""

    simulated: Simulated
    settings: dict[str, Any]
    webhook_secret: str


@contextlib.asynccontextmanager
async def demo_provider(data: Path, master_key: str) -> AsyncIterator[DemoProvider]:
    """Runs it. Its payouts are stored in `data`; its secrets are derived from the master key, so they never change."""

    def secret(name: str) -> str:
        return hmac.digest(master_key.encode(), f"demo {name}".encode(), "sha256").hex()

    workspace = WorkspaceSettings(
        id=PROVIDER_ACCOUNT, key_id=_KEY_ID, secret=f"sk_{secret('key')}", balances={"IDR": AVAILABLE}
    )
    simulator_settings = SimulatorSettings(
        workspaces=(workspace,), time_scale=_TIME_SCALE, state_file=data / "plugipay.json"
    )
    async with simulated_plugipay(simulator_settings) as simulated:
        webhook_secret = f"whsec_{secret('webhook')}"
        yield DemoProvider(
            simulated,
            {
                "plugipay_base_url": simulated.url,
                "plugipay_key_id": _KEY_ID,
                "plugipay_secret": workspace.secret,
                "plugipay_webhook_secret": webhook_secret,
            },
            webhook_secret,
        )


async def show_demo(settings: Settings, provider: DemoProvider, ledger: Ledger, port: int) -> None:
    """Opens the demo accounts if they are missing, and prints the address, their keys and requests to try."""
    for account, backend in ((ACCOUNT, MANUAL), (PROVIDER_ACCOUNT, PLUGIPAY)):
        opened = await open_account(ledger, OpenAccount(account_id=account, currency="IDR", backend=backend), LIVE)
        if not isinstance(opened, AccountExists):
            await _fill(ledger, account)
    base = f"http://{settings.host}:{port}/v1"
    provider.simulated.control.endpoint(
        PROVIDER_ACCOUNT, f"http://{settings.host}:{port}/webhooks/plugipay", provider.webhook_secret
    )
    by_hand, through_provider = await _key(ledger, ACCOUNT), await _key(ledger, PROVIDER_ACCOUNT)
    body = """'{"amount":50000,"currency":"IDR","note":"April revenue"}'"""
    lines = [
        "",
        f"payout-ledger is at {base}  (stop it with Ctrl-C; its data stays)",
        f"account {ACCOUNT}, paid out by hand, key {by_hand.secret}",
        f"account {PROVIDER_ACCOUNT}, paid out through a simulated Plugipay, key {through_provider.secret}",
        f"Kafka, for webhooks, is at {settings.kafka_bootstrap_servers}; Plugipay at {provider.simulated.url}",
        "",
        f"curl -s {base}/payouts/balance {_bearer(by_hand)}",
        f'curl -s -X POST {base}/payouts {_bearer(by_hand)} -H "Content-Type: application/json" -d {body}',
        f"curl -s {base}/payouts {_bearer(by_hand)}",
        "",
        "and a payout that moves by itself: in transit after a second, paid after ten more",
        f'curl -s -X POST {base}/payouts {_bearer(through_provider)} -H "Content-Type: application/json" -d {body}',
        f"curl -s {base}/payouts {_bearer(through_provider)}",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _bearer(key: NewKey) -> str:
    return f'-H "Authorization: Bearer {key.secret}"'


async def _key(ledger: Ledger, account: str) -> NewKey:
    """The key of an earlier run, if it is still active, so that what was printed then still works."""
    for row in await list_keys(ledger.pool, ledger.vault):
        if row["label"] == _LABEL and row["account_id"] == account and row["valid"]:
            ring = KeyRing(ledger.pool, ledger.vault, ledger.runtime)
            known = await ring.by_id(row["key_id"])
            assert known is not None
            return NewKey(known.key_id, ring.secret_of(known))
    return await create_key(
        ledger.pool, ledger.vault, ledger.runtime, mode=LIVE, scopes=SCOPES, account_id=account, label=_LABEL
    )


async def _fill(ledger: Ledger, account: str) -> None:
    revenue = {"account_id": account, "currency": "IDR"}
    commands: list[AnyCommand] = [
        SetBankAccount(
            account_id=account,
            bank_code="bca",
            bank_name="BCA",
            bank_account_number="0000000099",
            bank_account_holder="Demo Merchant",
        ),
        RecordRevenue(**revenue, amount=AVAILABLE, reference="order-1001", channel="storefront"),
        SettleRevenue(**revenue, amount=AVAILABLE, reference="order-1001"),
        RecordRevenue(**revenue, amount=PENDING, reference="order-1002", channel="storefront"),
    ]
    for outcome in await execute_system_commands(ledger, commands, LIVE, "demo"):
        if isinstance(outcome, Refusal):
            raise outcome
