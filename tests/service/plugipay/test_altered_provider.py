"""A payout goes where the ledger says that the account's provider is, and not where somebody put it into a view's row."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from service.plugipay.outbound.access import read_access
from simulator.provider.lifespan import simulated_plugipay
from simulator.provider.settings import SimulatorSettings
from tests.support.granting import rebuilt
from tests.support.plugipay import ACCOUNT, WORKSPACE, Loop

HIS = SimulatorSettings(workspaces=(WORKSPACE,), moves=False)


@pytest.mark.parametrize(
    "change", ["base_url = $1", "base_url = $1, mac = NULL", "base_url = $1, mac = (SELECT mac FROM webhook_secrets)"]
)
async def test_a_planted_address_is_not_asked(loop: Loop, change: str) -> None:
    payout_id = await loop.request()
    async with simulated_plugipay(HIS) as his:
        await loop.ledger.pool.execute(f"UPDATE providers SET {change}", his.url)
        # The settings' own check of addresses is not what keeps it.
        loop.dispatcher._settings = loop.settings.model_copy(update={"plugipay_base_url": his.url})
        assert await loop.attempt(payout_id) is not None, "it waits"
        assert his.control.payouts() == loop.control.payouts() == []
    loop.dispatcher._settings = loop.settings
    await rebuilt(loop.ledger)
    await loop.attempt(payout_id)
    assert len(loop.control.payouts()) == 1


@pytest.mark.parametrize(
    "change", ["key_id = 'ak_2'", "workspace_id = 'ws_2'", "base_url = NULL", "secret = ''", "mac = NULL"]
)
async def test_a_changed_row_gives_no_access_and_the_platform_s_key_does_not_take_its_place(
    loop: Loop, change: str
) -> None:
    settings = loop.settings.model_copy(
        update={"plugipay_key_id": "ak_platform", "plugipay_secret": SecretStr("sk_platform")}
    )
    assert (await read_access(loop.ledger, settings, 1, ACCOUNT))[0] is not None
    await loop.ledger.pool.execute(f"UPDATE providers SET {change}")
    assert (await read_access(loop.ledger, settings, 1, ACCOUNT))[0] is None
