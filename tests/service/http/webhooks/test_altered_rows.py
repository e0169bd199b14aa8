"""A webhook is believed for what the ledger wrote: not for a secret or a workspace that somebody put into a view's row."""

from __future__ import annotations

import pytest

from tests.service.http.webhooks.sending import a_payout, an_account, initiated, paid, post
from tests.support.api import Api
from tests.support.granting import rebuilt
from tests.support.webhooks import SECRET, signature

LEAKED = "whsec_that_leaked_and_was_retired"

COPY = (
    "INSERT INTO webhook_secrets SELECT lane, account_id, 'whs_his', secret, added_at, NULL, {mac} FROM webhook_secrets"
    " WHERE retired_at IS NOT NULL"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE webhook_secrets SET retired_at = NULL",
        "UPDATE webhook_secrets SET retired_at = now() + interval '1 day' WHERE retired_at IS NOT NULL",
        "UPDATE webhook_secrets SET retired_at = NULL, mac = (SELECT mac FROM webhook_secrets WHERE retired_at IS NULL)",
        COPY.format(mac="mac"),
        COPY.format(mac="NULL"),
    ],
    ids=["un-retired", "retired later", "un-retired, with another's MAC", "copied", "without a MAC"],
)
async def test_a_retired_secret_stays_retired(api: Api, statement: str) -> None:
    merchant, _ = await an_account(api)
    leaked = (await merchant.accepted(type="addWebhookSecret", secret=LEAKED))["id"]
    await merchant.accepted(type="retireWebhookSecret", secretId=leaked)
    payout_id = await a_payout(merchant)
    await api.ledger.pool.execute(statement)
    assert (await post(api, paid("evt_1"), signature(paid("evt_1"), secret=LEAKED))).status == 401
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "pending"
    await rebuilt(api.ledger)
    assert (await post(api, paid("evt_1"), signature(paid("evt_1"), secret=LEAKED))).status == 401
    assert (await post(api, paid("evt_2"), signature(paid("evt_2"), secret=SECRET))).status == 200
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"


async def test_a_workspace_that_was_put_into_a_row_names_nobody(api: Api) -> None:
    """Who moves another account's workspace to his own account would answer for its payouts with his own secret."""
    await an_account(api, "acc_1", "whsec_of_the_first")
    his, _ = await an_account(api, "acc_2", LEAKED)
    await a_payout(his)
    await api.ledger.pool.execute("UPDATE providers SET workspace_id = 'ws_x' WHERE account_id = 'acc_1'")
    await api.ledger.pool.execute("UPDATE providers SET workspace_id = 'ws_acc_1' WHERE account_id = 'acc_2'")
    assert (await post(api, initiated(), signature(initiated(), secret=LEAKED))).status == 401
    await rebuilt(api.ledger)
    assert (await post(api, initiated(), signature(initiated(), secret="whsec_of_the_first"))).status == 200
