"""A bank account, a secret: in plain text only in the answers to those who may read it."""

from __future__ import annotations

import json
from typing import Any

from service.platform.settings import Settings
from tests.support.api import Api, Caller, serving
from tests.support.command_line import environment, serve_process
from tests.support.described import checked_session
from tests.support.tables import places_of, read_tables

NUMBER, HOLDER = "8830441276", "Siti Rahmawati"
ONE_OFF_NUMBER, ONE_OFF_HOLDER = "5550119823", "Holder of One Payout"
SIGNING, WEBHOOK = "sk_live_signing_secret_77", "whsec_believe_me_77"
PERSONAL = (NUMBER, HOLDER, ONE_OFF_NUMBER, ONE_OFF_HOLDER, SIGNING, WEBHOOK)

BANK = {"bankName": "BCA", "bankAccountNumber": NUMBER, "bankAccountHolder": HOLDER}
ONE_OFF = {
    "amount": 100,
    "currency": "IDR",
    "bankAccountNumber": ONE_OFF_NUMBER,
    "bankAccountHolder": ONE_OFF_HOLDER,
}


async def live_a_life(merchant: Caller) -> None:
    """Sends every kind of personal data and secret, with keys so that the answers are kept, and reads it again."""
    set_ = await merchant.patch("/v1/payouts/bank-account", BANK, **{"Idempotency-Key": "bank-1"})
    assert set_.data["bankAccountNumber"] == NUMBER
    created = await merchant.post("/v1/payouts", ONE_OFF, **{"Idempotency-Key": "payout-1"})
    assert (created.data["bankAccountNumber"], created.data["bankAccountHolder"]) == (ONE_OFF_NUMBER, ONE_OFF_HOLDER)
    again = await merchant.post("/v1/payouts", ONE_OFF, **{"Idempotency-Key": "payout-1"})
    assert again.raw == created.raw
    await merchant.accepted(type="setProvider", workspaceId="ws_1", keyId="pk_1", secret=SIGNING, idempotencyKey="p-1")
    await merchant.accepted(type="addWebhookSecret", secret=WEBHOOK, idempotencyKey="w-1")
    assert (await merchant.get("/v1/payouts/bank-account")).data["bankAccountHolder"] == HOLDER


async def refuse_a_life(merchant: Caller) -> None:
    """Sends personal data in requests that fail, one in each way."""
    wrong: list[dict[str, Any]] = [
        {**ONE_OFF, "amount": 10**9},
        {**ONE_OFF, "amount": "100"},
        {**ONE_OFF, "bankName": NUMBER * 100},
        {**ONE_OFF, "unknown": HOLDER},
    ]
    for body in wrong:
        assert (await merchant.post("/v1/payouts", body)).status in (400, 409)
    await merchant.call("POST", "/v1/payouts", raw=json.dumps(ONE_OFF).encode()[:-1])
    await merchant.patch("/v1/payouts/bank-account", {**BANK, "bankAccountNumber": NUMBER * 10})


async def test_no_table_holds_a_bank_account_or_a_secret_in_plain_text(api: Api, settings: Settings) -> None:
    merchant = await api.merchant(available=1000, bank=False)
    await api.give_workspace("acc_1", "ws_1")
    await live_a_life(merchant)
    await refuse_a_life(merchant)
    tables = await read_tables(settings)
    assert {"events", "answers", "payouts", "bank_accounts", "api_keys"} <= tables.keys()
    for text in (*PERSONAL, merchant.key.secret):
        assert places_of(text, tables) == set()
    assert "events" in places_of("bankAccountNumber", tables), "the search does find what is there"


async def test_equal_numbers_are_not_equal_in_the_tables(api: Api, settings: Settings) -> None:
    for account in ("acc_1", "acc_2"):
        merchant = await api.merchant(account, bank=False)
        for _ in range(2):
            await merchant.patch("/v1/payouts/bank-account", BANK)
    events = (await read_tables(settings, "events"))["events"]
    envelopes = [json.loads(row[7]) for row in events]
    sealed = [e["data"]["bankAccountNumber"] for e in envelopes if e["type"] == "account.bank_account_set"]
    assert len(sealed) == 4
    assert len(set(sealed)) == 4, "a nonce each: equal ciphertexts would tell who banks where"
    assert {text.split(":")[0] for text in sealed} == {"enc1"}
    answers = await read_tables(settings, "answers")
    assert answers["answers"] == []


async def test_the_log_tells_who_did_what_where_and_never_a_secret_or_a_bank_account(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant = await api.merchant(available=1000, bank=False)
        await api.give_workspace("acc_1", "ws_1")
    async with (
        serve_process(environment(settings, LOG_LEVEL="debug")) as served,
        checked_session() as session,
    ):
        caller = Caller(session, served.base, merchant.key)
        await live_a_life(caller)
        await refuse_a_life(caller)
        created = await caller.post("/v1/payouts", {"amount": 1, "currency": "IDR"})
    [line] = [line for line in served.lines if line.get("request_id") == created.meta["requestId"]]
    assert (line["event"], line["account"], line["command"]) == ("command_accepted", "acc_1", "requestPayout")
    assert (line["lane"], line["position"]) == (created.meta["lane"], created.meta["position"])
    refusals = [line for line in served.lines if line["event"] in ("request_refused", "command_refused")]
    assert {"INSUFFICIENT_BALANCE", "VALIDATION_ERROR"} <= {line["code"] for line in refusals}
    for text in (*PERSONAL, merchant.key.secret, settings.master_key.get_secret_value()):
        assert text.encode() not in served.raw
