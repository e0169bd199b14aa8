"""Commands given to a ledger directly, without HTTP."""

from __future__ import annotations

from events.accounts.commands import OpenAccount, SetBankAccount
from events.accounts.state import LIVE
from events.balances.commands import RecordRevenue, SettleRevenue
from events.catalog import AnyCommand
from events.envelope import Actor, Source
from service.ledger.commands import Accepted, CommandRequest, Executed, Outcome, RequestOrigin
from service.ledger.ledger import Ledger


def origin(request_id: str = "req_test") -> RequestOrigin:
    return RequestOrigin(Actor("key", "key_test"), Source("command", "key_test"), LIVE, request_id)


def _created(accepted: Accepted) -> bytes:
    """The answer: the id of what the command made, if it made something."""
    return (accepted.created_id or "").encode()


def work(command: AnyCommand, key: str | None = None) -> CommandRequest:
    return CommandRequest(command, repr(command.model_dump()).encode(), 200, _created, key)


async def execute(ledger: Ledger, command: AnyCommand, key: str | None = None) -> Outcome:
    [outcome] = await ledger.execute([work(command, key)], origin())
    return outcome


async def fund(ledger: Ledger, account_id: str, available: int, *, opened: bool = False) -> None:
    """Opens the account with a bank account, unless it is, and puts money into it."""
    commands: list[AnyCommand] = [
        OpenAccount(account_id=account_id, currency="IDR"),
        SetBankAccount(
            account_id=account_id, bank_name="BCA", bank_account_number="0000000099", bank_account_holder="A"
        ),
    ]
    reference = f"order-{available}"
    commands = ([] if opened else commands) + [
        RecordRevenue(account_id=account_id, amount=available, currency="IDR", reference=reference),
        SettleRevenue(account_id=account_id, amount=available, currency="IDR", reference=reference),
    ]
    outcomes = await ledger.execute([work(command) for command in commands], origin())
    assert all(isinstance(outcome, Executed) for outcome in outcomes), outcomes
