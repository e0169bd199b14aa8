"""`payout-ledger cases`: list, show, close what a person has to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import orjson
from cyclopts import App
from pydantic import ValidationError

from events.envelope import SYSTEM_ACCOUNT
from events.provider.commands import CloseCase
from service.cli.rendering import (
    By,
    Why,
    access_scope_of,
    check_limit,
    document_of,
    operator_origin,
    show_fields,
    show_json,
    show_rows,
)
from service.cli.target import AsJson, Data, with_ledger
from service.ledger import cases
from service.ledger.access_scope import of_everything
from service.ledger.cases import FoundCase, case_document
from service.ledger.commands import Accepted, CommandRequest
from service.ledger.ledger import Ledger
from service.platform.settings import Settings, WrongSettings

app = App(name="cases", help="What a person has to look at: list, show, close.")

Document = Mapping[str, Any]


@app.command(name="list")
def list_cases(
    *,
    status: Literal["open", "closed", "any"] = "open",
    kind: str | None = None,
    account: str | None = None,
    limit: int = 50,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """List cases, newest first: by default the open ones.

    Parameters
    ----------
    kind
        Only cases of this kind, such as amount_differs.
    account
        Only this account's.
    limit
        How many at most.

    """
    if kind is not None and kind not in cases.KINDS:
        raise WrongSettings(f"--kind: the kinds are {', '.join(cases.KINDS)}")
    check_limit(limit)

    async def run(ledger: Ledger, _: Settings) -> list[Document]:
        access_scope = await access_scope_of(ledger, account)
        wanted = None if status == "any" else status
        found = await cases.page(ledger, access_scope, status=wanted, kind=kind, after=None, limit=limit)
        return [one.document() for one in found]

    documents = with_ledger(data, run)
    if as_json:
        show_json(documents)
        return
    names = ("id", "accountId", "kind", "status", "payoutId", "known", "said", "openedAt")
    columns = ("case", "account", "kind", "status", "payout", "the ledger had", "reported", "opened")
    show_rows(columns, ([document[name] for name in names] for document in documents))


@app.command
def show(case_id: str, *, as_json: AsJson = False, data: Data = None) -> None:
    """Show a case: what the ledger had, what was reported, and the reports that were not applied."""
    document = with_ledger(data, lambda ledger, _: _find(ledger, case_id)).document()
    show_json(document) if as_json else show_fields(document)


async def _find(ledger: Ledger, case_id: str) -> FoundCase:
    found = await cases.find(ledger, of_everything(ledger), case_id)
    if found is None:
        raise WrongSettings(f"there is no case {case_id}")
    return found


@app.command
def close(
    case_id: str, *, reason: Why, by: By, apply: bool = False, as_json: AsJson = False, data: Data = None
) -> None:
    """Close a case, with a reason.

    Parameters
    ----------
    apply
        First apply the provider's reports that were not applied.

    """

    async def run(ledger: Ledger, _: Settings) -> Document:
        found = await _find(ledger, case_id)
        origin = operator_origin(ledger, by, "cases", found.mode)
        try:
            command = CloseCase(account_id=found.account_id, case_id=case_id, reason=reason, apply=apply)
        except ValidationError as problem:
            raise WrongSettings(f"--reason: {problem.errors()[0]['msg']}") from None
        if apply and found.account_id == SYSTEM_ACCOUNT:
            raise WrongSettings("--apply: nobody knows whose payout this is, so there is no account to apply it to")

        def render(done: Accepted) -> bytes:
            case = done.state.cases[case_id]
            return orjson.dumps(case_document(found.account_id, case_id, case, done.lane))

        request = CommandRequest(command, b"", 200, render)
        [outcome] = await ledger.execute([request], origin, in_lane=found.lane)
        return document_of(outcome)

    document = with_ledger(data, run)
    show_json(document) if as_json else show_fields(document)
