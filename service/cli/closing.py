"""`payout-ledger close-statements`: closes the ledger's own statements that are due, now."""

from __future__ import annotations

from events.statements.events import StatementClosed
from service.cli.rendering import show_json, show_rows
from service.cli.target import AsJson, Data, with_ledger
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform.settings import Settings, WrongSettings
from service.workers.statement_closer import StatementCloser


def close_statements(*, account: str | None = None, as_json: AsJson = False, data: Data = None) -> None:
    """Close the ledger's own statements whose periods have ended. The service does so by itself; a repeat changes nothing.

    Parameters
    ----------
    account
        Only this account's.

    """

    async def run(ledger: Ledger, _: Settings) -> list[StatementClosed]:
        closer = StatementCloser(ledger)
        if account is not None:
            lane = await ledger.known_lane_of(account)
            if lane is None:
                raise WrongSettings(f"--account: there is no account {account}")
            try:
                return list((await closer.close_account(lane, account)).closed)
            except Unavailable as problem:
                raise WrongSettings(f"{problem}; run it again") from None
        closed: list[StatementClosed] = []
        for lane in ledger.lanes:
            checked = 1
            while checked:
                checked, more = await closer.close_due(lane)
                closed += more
        return closed

    documents = [
        {
            "statementNumber": event.number,
            "startsAt": event.starts_at,
            "endsAt": event.ends_at,
            "closingBalance": event.content["ClosingBalance"],
            "payout": event.content["Payout"],
        }
        for event in with_ledger(data, run)
    ]
    if as_json:
        show_json(documents)
        return
    show_rows(
        ("statement", "from", "until", "closing balance", "paid out"), (list(each.values()) for each in documents)
    )
