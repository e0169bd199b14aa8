"""Open, configure, freeze and close an account."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import PrivateAttr, StringConstraints

from events.command import (
    Backend,
    BankAccountHolder,
    BankAccountNumber,
    BankCode,
    BankName,
    Command,
    Currency,
    Identifier,
    Reason,
    Secret,
)
from events.read_set import ReadSet


class OpenAccount(Command):
    """Open an account with its first currency; it is in the mode of the key that opens it."""

    type: Literal["openAccount"] = "openAccount"
    scope = "command:write"
    effect = "settings"
    example = {"currency": "IDR", "backend": "plugipay"}
    currency: Currency
    backend: Backend = "manual"


class SetBackend(Command):
    """Choose how payouts requested from now on go out."""

    type: Literal["setBackend"] = "setBackend"
    scope = "operator"
    effect = "trust"
    example = {"backend": "manual"}
    backend: Backend


class FreezeAccount(Command):
    """Stop payouts from leaving."""

    type: Literal["freezeAccount"] = "freezeAccount"
    scope = "operator"
    effect = "trust"
    example = {"reason": "fraud check"}
    reason: Reason


class UnfreezeAccount(Command):
    """Let payouts leave again."""

    type: Literal["unfreezeAccount"] = "unfreezeAccount"
    scope = "operator"
    effect = "trust"
    example = {"reason": "cleared"}
    reason: Reason


class CloseAccount(Command):
    """Take no more commands; refused while money is in it."""

    type: Literal["closeAccount"] = "closeAccount"
    scope = "operator"
    effect = "trust"
    example = {"reason": "left us"}
    reason: Reason


class SetBankAccount(Command):
    """Set where payouts go. The number is not validated here: the provider does that when it pays."""

    type: Literal["setBankAccount"] = "setBankAccount"
    scope = "payout:write"
    effect = "trust"
    sealed = ("bank_account_number", "bank_account_holder")
    example = {
        "bankCode": "bca",
        "bankName": "Bank Central Asia",
        "bankAccountNumber": "1234567890",
        "bankAccountHolder": "Siti Rahma",
    }
    bank_code: BankCode | None = None
    bank_name: BankName
    bank_account_number: BankAccountNumber
    bank_account_holder: BankAccountHolder


class SetProvider(Command):
    """Say how to reach this account's workspace at Plugipay, which is no other account's."""

    type: Literal["setProvider"] = "setProvider"
    scope = "operator"
    effect = "trust"
    sealed = ("secret",)
    also_when_closed = True
    example = {"workspaceId": "ws_1", "keyId": "pk_1", "secret": "sk_live_secret", "baseUrl": "https://p.example"}
    workspace_id: Identifier
    key_id: Identifier
    secret: Secret
    base_url: Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[^\s\x00]+$")] | None = None
    _workspace_is_taken: bool = PrivateAttr(default=False)

    @property
    def workspace_is_taken(self) -> bool:
        """Whether another account has the workspace: only the service can know, and says so before this is decided."""
        return self._workspace_is_taken

    def with_workspace_taken(self) -> SetProvider:
        command = self.model_copy()
        command._workspace_is_taken = True  # noqa: SLF001 - of its own class
        return command


class AddWebhookSecret(Command):
    """Believe deliveries signed with this secret, beside those already active."""

    type: Literal["addWebhookSecret"] = "addWebhookSecret"
    scope = "operator"
    effect = "trust"
    sealed = ("secret",)
    example = {"secret": "whsec_secret"}
    secret: Secret


class RetireWebhookSecret(Command):
    """Stop believing deliveries received from now on that are signed with this secret."""

    type: Literal["retireWebhookSecret"] = "retireWebhookSecret"
    scope = "operator"
    effect = "trust"
    example = {"secretId": "whs_1"}
    secret_id: Identifier

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.secrets.add((self.account_id, self.secret_id))


AccountCommand = (
    OpenAccount
    | SetBackend
    | FreezeAccount
    | UnfreezeAccount
    | CloseAccount
    | SetBankAccount
    | SetProvider
    | AddWebhookSecret
    | RetireWebhookSecret
)
