"""Refusals: why a command is not carried out. A refusal changes nothing and may be tried again.

    Refusal
    ├── InvalidCommand            a field is wrong for this account
    ├── AccountNotFound, PayoutNotFound, ReserveNotFound, SecretNotFound, CaseNotFound, DisputeNotFound
    ├── BankEntryNotFound, MatchNotFound, StatementNotFound
    ├── AccountExists
    ├── AccountIsFrozen, AccountIsClosed
    ├── InsufficientBalance
    ├── BelowMinimum              the payout policy wants larger payouts
    ├── BankAccountNotSet
    ├── BankAccountChanged        the bank account has to stand for a while before money goes to it
    ├── FourEyes                  somebody else has to decide about the payout
    ├── AlreadyMatched            the entry's money is claimed by other matches
    ├── WorkspaceTaken            the workspace at the provider is another account's
    ├── InvalidTransition         the payout (or account) is not in a state that allows it
    └── VersionConflict           the account has moved on from the version the caller saw

`code` is part of the API (docs/api.md); the HTTP status that goes with it is paired in `service/http/errors.py`.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """The command is refused."""

    code: ClassVar[str]

    def __init__(self, message: str, *, field: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.details = details


class InvalidCommand(Refusal):
    code = "VALIDATION_ERROR"


class AccountNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, account_id: str) -> None:
        super().__init__(f"there is no account {account_id}", field="accountId")


class PayoutNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, payout_id: str) -> None:
        super().__init__(f"there is no payout {payout_id}", field="payoutId")


class ReserveNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, reserve_id: str) -> None:
        super().__init__(f"there is no reserve {reserve_id}", field="reserveId")


class SecretNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, secret_id: str) -> None:
        super().__init__(f"there is no active webhook secret {secret_id}", field="secretId")


class CaseNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, case_id: str) -> None:
        super().__init__(f"there is no case {case_id}", field="caseId")


class BankEntryNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, entry_id: str) -> None:
        super().__init__(f"there is no bank entry {entry_id}", field="entryId")


class MatchNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, match_id: str) -> None:
        super().__init__(f"there is no match {match_id}", field="matchId")


class StatementNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, channel: str, number: str, *, field: str) -> None:
        super().__init__(f"there is no statement {number} of {channel} (and of this seller)", field=field)


class AlreadyMatched(Refusal):
    code = "ALREADY_MATCHED"

    def __init__(self, *, entry_id: str, asked: int, left: int, currency: str) -> None:
        super().__init__(
            f"of bank entry {entry_id}, {left} {currency} (minor units) are not claimed yet"
            + (f", and {asked} are asked for: give each target its amount" if left > 0 else ": unmake a match first"),
            field="targets",
            details={"left": left, "currency": currency},
        )


class DisputeNotFound(Refusal):
    code = "NOT_FOUND"

    def __init__(self, dispute_id: str) -> None:
        super().__init__(f"there is no dispute {dispute_id}", field="disputeId")


class AccountExists(Refusal):
    code = "ACCOUNT_EXISTS"

    def __init__(self, account_id: str) -> None:
        super().__init__(f"account {account_id} is open already", field="accountId")


class AccountIsFrozen(Refusal):
    code = "ACCOUNT_FROZEN"

    def __init__(self, account_id: str) -> None:
        super().__init__(f"account {account_id} is frozen: no payout leaves it until it is unfrozen")


class AccountIsClosed(Refusal):
    code = "ACCOUNT_CLOSED"

    def __init__(self, account_id: str) -> None:
        super().__init__(f"account {account_id} is closed: it takes no more commands")


class InsufficientBalance(Refusal):
    code = "INSUFFICIENT_BALANCE"

    def __init__(self, *, asked: int, available: int, currency: str, bucket: str = "available") -> None:
        super().__init__(
            f"{asked} {currency} asked for, {available} {currency} {bucket} (minor units)",
            field="amount",
            details={bucket: available, "currency": currency},
        )


class BelowMinimum(Refusal):
    code = "BELOW_MINIMUM"

    def __init__(self, *, asked: int, minimum: int, currency: str) -> None:
        super().__init__(
            f"{asked} {currency} asked for, and payouts are of {minimum} {currency} at least (minor units): wait until "
            "more is available, or have the payout policy changed",
            field="amount",
            details={"minimum": minimum, "currency": currency},
        )


class BankAccountNotSet(Refusal):
    code = "BANK_ACCOUNT_NOT_SET"

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"no bank account is configured, and the request does not carry a whole one: {missing} is missing",
            field=missing,
        )


class BankAccountChanged(Refusal):
    code = "BANK_ACCOUNT_CHANGED"

    def __init__(self, *, hours: float, until: str | None) -> None:
        if until is None:
            message = "payouts go to the configured bank account only: set it with setBankAccount"
        else:
            message = f"the bank account was changed: payouts go to it from {until} on"
        super().__init__(
            f"{message} (a changed one waits for {hours:g} hours)", details=None if until is None else {"until": until}
        )


class FourEyes(Refusal):
    code = "FOUR_EYES"

    def __init__(self, reason: str) -> None:
        super().__init__(f"this payout is not decided about by this key: {reason}", field="payoutId")


class WorkspaceTaken(Refusal):
    code = "WORKSPACE_TAKEN"

    def __init__(self, workspace_id: str) -> None:
        super().__init__(
            f"the workspace {workspace_id} is another account's: what the provider says of it can be of one account only",
            field="workspaceId",
        )


class InvalidTransition(Refusal):
    code = "INVALID_TRANSITION"


class VersionConflict(Refusal):
    code = "VERSION_CONFLICT"

    def __init__(self, *, expected: int, actual: int) -> None:
        super().__init__(
            f"the account is at version {actual}, not at the expected {expected}: read it again and decide again",
            field="expectedVersion",
            details={"version": actual},
        )
