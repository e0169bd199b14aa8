"""Which rows of the books each command's decision has to see."""

from __future__ import annotations

from events import commands
from events.books.channels import StatementKey
from events.books.money import OrderKey
from events.statements import Kind, case_id
from events.values import value


@value
class Needs:
    """The rows, beside the account and its totals, that a decision has to see."""

    order: OrderKey | None = None
    payout_id: str | None = None
    reserve_id: str | None = None
    dispute_id: str | None = None
    """With the order that it is about."""
    secret_id: str | None = None
    case_id: str | None = None
    provider_payout_id: str | None = None
    """Payouts and cases that the provider knows under this id."""
    entry_id: str | None = None
    match_id: str | None = None
    """A match, and with it its entry."""
    target_payouts: tuple[str, ...] = ()
    target_statements: tuple[StatementKey, ...] = ()


_NOTHING = Needs()


def needs(command: commands.Command) -> Needs:
    """What `decide` must be given for this command."""
    match command:
        case commands.RecordRevenue() | commands.SettleRevenue() | commands.RecordRefund():
            return Needs(order=(command.currency, command.reference))
        case commands.OpenDispute():
            return Needs(order=(command.currency, command.reference), dispute_id=command.dispute_id)
        case commands.ResolveDispute():
            return Needs(dispute_id=command.dispute_id)
        case commands.ReleaseReserve():
            return Needs(reserve_id=command.reserve_id)
        case commands.RetireWebhookSecret():
            return Needs(secret_id=command.secret_id)
        case (
            commands.CancelPayout()
            | commands.MarkInTransit()
            | commands.MarkPaid()
            | commands.MarkFailed()
            | commands.RecordBankReturn()
        ):
            return Needs(payout_id=command.payout_id)
        case commands.ResubmitPayout():
            given_up = case_id(command.account_id, Kind.SUBMISSION_UNKNOWN, command.payout_id)
            return Needs(payout_id=command.payout_id, case_id=given_up)
        case commands.LinkProviderPayout():
            return Needs(payout_id=command.payout_id, provider_payout_id=command.provider_payout_id)
        case commands.CloseCase():
            return Needs(case_id=command.case_id)
        case commands.MakeMatch():
            return Needs(
                entry_id=command.entry_id,
                target_payouts=tuple(target.id for target in command.targets if target.kind == "payout"),
                target_statements=tuple(
                    (target.channel or "", target.seller or "", target.id)
                    for target in command.targets
                    if target.kind == "statement"
                ),
            )
        case commands.UnmakeMatch():
            return Needs(match_id=command.match_id)
        case _:
            return _NOTHING
