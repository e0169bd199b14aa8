"""Opening, configuring, freezing and closing an account."""

from __future__ import annotations

import pytest

from events.accounts.commands import (
    AddWebhookSecret,
    CloseAccount,
    FreezeAccount,
    OpenAccount,
    RetireWebhookSecret,
    SetBackend,
    SetBankAccount,
    SetProvider,
    UnfreezeAccount,
)
from events.accounts.events import (
    AccountClosed,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    BackendSet,
    BankAccountSet,
    LedgerBegun,
    ProviderSet,
    WebhookSecretAdded,
    WebhookSecretRetired,
)
from events.accounts.state import Account, BankAccount, Provider, WebhookSecret
from events.balances.events import FeeCharged, ReserveHeld, RevenueRecorded
from events.catalog import AnyEvent
from events.payouts.events import PayoutPaid, PayoutRequested
from tests.spec import ACCOUNT, BEFORE, NEW_ID, NOW, earned, given, opened

BANK = BankAccountSet(
    bank_code="bca", bank_name="Bank Central Asia", bank_account_number="sealed:1", bank_account_holder="sealed:2"
)
SECRET_ID = f"whs_{NEW_ID}"
SECRET = WebhookSecretAdded(secret_id=SECRET_ID, secret="sealed:whsec")
OPEN = OpenAccount(account_id=ACCOUNT, currency="IDR", backend="plugipay")
FREEZE = FreezeAccount(account_id=ACCOUNT, reason="fraud check")
UNFREEZE = UnfreezeAccount(account_id=ACCOUNT, reason="cleared")
CLOSE = CloseAccount(account_id=ACCOUNT, reason="left us")


@pytest.mark.parametrize("mode", ["live", "test"])
def test_an_account_opens_in_the_mode_of_the_key_that_asks(mode: str) -> None:
    state = given().when(OPEN, mode=mode).then(AccountOpened(mode=mode, backend="plugipay", currency="IDR"))
    assert state.account == Account(mode=mode, backend="plugipay", currencies=("IDR",), status="open", opened_at=NOW)


def test_an_account_is_manual_unless_it_says_otherwise() -> None:
    asked = OpenAccount(account_id=ACCOUNT, currency="VND")
    given().when(asked).then(AccountOpened(mode="live", backend="manual", currency="VND"))


def test_an_account_opens_once() -> None:
    given(opened()).when(OPEN).then_refused("ACCOUNT_EXISTS", "accountId")


def test_a_closed_account_is_not_opened_again() -> None:
    given(opened(), AccountClosed(reason="left us")).when(OPEN).then_refused("ACCOUNT_EXISTS", "accountId")


def test_a_key_of_the_other_mode_sees_no_account_even_to_open_it() -> None:
    given(opened(mode="test")).when(OPEN, mode="live").then_refused("NOT_FOUND", "accountId")


def test_nobody_commands_a_lanes_own_stream() -> None:
    genesis = LedgerBegun(digest_version=1, exponents={"IDR": 2})
    for mode in ("live", "test"):
        given(genesis).when(FREEZE, mode=mode).then_refused("NOT_FOUND", "accountId")
        given(genesis).when(OPEN, mode=mode).then_refused("NOT_FOUND", "accountId")


def test_payouts_can_be_sent_another_way_from_now_on() -> None:
    state = (
        given(opened("manual"))
        .when(SetBackend(account_id=ACCOUNT, backend="plugipay"))
        .then(BackendSet(backend="plugipay"))
    )
    assert state.account is not None
    assert state.account.backend == "plugipay"


def test_choosing_the_backend_that_is_chosen_changes_nothing() -> None:
    given(opened("manual")).when(SetBackend(account_id=ACCOUNT, backend="manual")).then_nothing_changes()


def test_an_open_account_can_be_frozen() -> None:
    state = given(opened()).when(FREEZE).then(AccountFrozen(reason="fraud check"))
    assert state.account is not None
    assert state.account.status == "frozen"


def test_a_frozen_account_is_not_frozen_twice() -> None:
    given(opened(), AccountFrozen(reason="fraud check")).when(FREEZE).then_refused("INVALID_TRANSITION")


def test_a_frozen_account_can_be_unfrozen() -> None:
    frozen = given(opened(), AccountFrozen(reason="fraud check"))
    state = frozen.when(UNFREEZE).then(AccountUnfrozen(reason="cleared"))
    assert state.account is not None
    assert state.account.status == "open"


def test_an_open_account_cannot_be_unfrozen() -> None:
    given(opened()).when(UNFREEZE).then_refused("INVALID_TRANSITION")


def test_an_empty_account_can_be_closed() -> None:
    state = given(opened()).when(CLOSE).then(AccountClosed(reason="left us"))
    assert state.account is not None
    assert state.account.status == "closed"


def test_a_frozen_account_can_be_closed() -> None:
    given(opened(), AccountFrozen(reason="fraud")).when(CLOSE).then(AccountClosed(reason="left us"))


REQUESTED = PayoutRequested("pout_1", 500, "IDR", "manual", None, "BCA", "sealed:1", "sealed:2")


@pytest.mark.parametrize(
    ("moved", "left"),
    [
        ([RevenueRecorded(500, "IDR", "o")], {"pending": 500, "available": 0, "reserved": 0, "held": 0}),
        (earned(500), {"pending": 0, "available": 500, "reserved": 0, "held": 0}),
        ([*earned(500), REQUESTED], {"pending": 0, "available": 0, "reserved": 500, "held": 0}),
        (
            [*earned(500), ReserveHeld("rsv_1", 500, "IDR", "dispute")],
            {"pending": 0, "available": 0, "reserved": 0, "held": 500},
        ),
        ([FeeCharged(500, "IDR", "f", "monthly")], {"pending": 0, "available": -500, "reserved": 0, "held": 0}),
    ],
    ids=["pending", "available", "reserved", "held", "owed"],
)
def test_an_account_is_not_closed_while_money_is_in_it(moved: list[AnyEvent], left: dict[str, int]) -> None:
    given(opened(), *moved).when(CLOSE).then_refused("INVALID_TRANSITION", details={"balances": {"IDR": left}})


def test_an_account_that_paid_everything_out_can_be_closed() -> None:
    paid = given(opened(), *earned(500), REQUESTED, PayoutPaid("pout_1", 500, "IDR"))
    paid.when(CLOSE).then(AccountClosed(reason="left us"))


def test_a_bank_account_is_set_with_its_time() -> None:
    asked = SetBankAccount(
        account_id=ACCOUNT,
        bank_code="bca",
        bank_name="Bank Central Asia",
        bank_account_number="sealed:1",
        bank_account_holder="sealed:2",
    )
    state = given(opened()).when(asked).then(BANK)
    assert state.bank_account == BankAccount("bca", "Bank Central Asia", "sealed:1", "sealed:2", updated_at=NOW)


@pytest.mark.parametrize("backend", ["manual", "plugipay"])
def test_only_plugipay_requires_a_bank_code(backend: str) -> None:
    asked = SetBankAccount(
        account_id=ACCOUNT, bank_name="BCA", bank_account_number="sealed:1", bank_account_holder="sealed:2"
    )
    outcome = given(opened(backend)).when(asked)
    if backend == "manual":
        outcome.then(BankAccountSet(None, "BCA", "sealed:1", "sealed:2"))
    else:
        outcome.then_refused("VALIDATION_ERROR", "bankCode")


def test_a_later_bank_account_replaces_the_earlier_whole() -> None:
    asked = SetBankAccount(
        account_id=ACCOUNT, bank_name="BNI", bank_account_number="sealed:3", bank_account_holder="sealed:4"
    )
    state = given(opened(), BANK).when(asked).then(BankAccountSet(None, "BNI", "sealed:3", "sealed:4"))
    assert state.bank_account == BankAccount(None, "BNI", "sealed:3", "sealed:4", updated_at=NOW)


def test_a_provider_is_set() -> None:
    asked = SetProvider(
        account_id=ACCOUNT, workspace_id="ws_1", key_id="pk_1", secret="sealed:secret", base_url="https://p.example/v1"
    )
    state = given(opened()).when(asked).then(ProviderSet("ws_1", "pk_1", "sealed:secret", "https://p.example/v1"))
    assert state.provider == Provider("ws_1", "pk_1", "sealed:secret", "https://p.example/v1")


def test_a_workspace_that_another_account_has_is_not_this_ones_too() -> None:
    asked = SetProvider(account_id=ACCOUNT, workspace_id="ws_1", key_id="pk_1", secret="sealed:secret")
    given(opened()).when(asked.with_workspace_taken()).then_refused("WORKSPACE_TAKEN", "workspaceId")
    assert not asked.workspace_is_taken, "only the one that was told"
    sealed = asked.with_workspace_taken().model_copy(update={"secret": "sealed:again"})
    given(opened()).when(sealed).then_refused("WORKSPACE_TAKEN", "workspaceId")


def test_a_webhook_secret_is_added_beside_those_already_active() -> None:
    earlier = WebhookSecretAdded(secret_id="whs_0", secret="sealed:old")
    asked = AddWebhookSecret(account_id=ACCOUNT, secret="sealed:whsec")
    state = given(opened(), earlier).when(asked).then(SECRET)
    assert state.secrets == {
        "whs_0": WebhookSecret("sealed:old", added_at=BEFORE),
        SECRET_ID: WebhookSecret("sealed:whsec", added_at=NOW),
    }


def test_a_webhook_secret_is_retired_once() -> None:
    retire = RetireWebhookSecret(account_id=ACCOUNT, secret_id=SECRET_ID)
    retired = WebhookSecretRetired(secret_id=SECRET_ID)
    state = given(opened(), SECRET).when(retire).then(retired)
    assert state.secrets[SECRET_ID] == WebhookSecret("sealed:whsec", added_at=BEFORE, retired_at=NOW)
    given(opened(), SECRET, retired).when(retire).then_refused("NOT_FOUND", "secretId")


def test_a_webhook_secret_that_never_was_cannot_be_retired() -> None:
    retire = RetireWebhookSecret(account_id=ACCOUNT, secret_id="whs_other")
    given(opened(), SECRET).when(retire).then_refused("NOT_FOUND", "secretId")
