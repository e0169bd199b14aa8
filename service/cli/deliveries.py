"""`payout-ledger deliveries`: list, show; replay or dismiss parked ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import orjson
from cyclopts import App
from pydantic import ValidationError

from events.refusals import Refusal
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
from service.ledger.access_scope import of_everything
from service.ledger.commands import Outcome
from service.ledger.ledger import Ledger
from service.ledger.vault import CannotUnseal
from service.platform.settings import Settings, WrongSettings
from service.plugipay.inbound import stored_deliveries
from service.plugipay.inbound.stored_deliveries import StoredDelivery, body_document
from service.plugipay.quarantine import quarantine
from service.plugipay.quarantine.quarantine import REASON, ResolveRequest

app = App(name="deliveries", help="Webhooks from the provider: list, show, replay, dismiss.")

Document = Mapping[str, Any]


@app.command(name="list")
def list_deliveries(
    *,
    verdict: Literal["accepted", "duplicate", "rejected", "parked"] | None = None,
    waiting: bool = False,
    account: str | None = None,
    limit: int = 50,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """List deliveries, newest first, without their bodies.

    Parameters
    ----------
    waiting
        Only those that are parked and wait for a person.
    account
        Only this account's.
    limit
        How many at most.

    """
    check_limit(limit)

    async def run(ledger: Ledger, _: Settings) -> list[Document]:
        access_scope = await access_scope_of(ledger, account)
        found = await stored_deliveries.page(
            ledger, access_scope, verdict=verdict, waiting=waiting, before=None, limit=limit
        )
        return [one.document() for one in found]

    documents = with_ledger(data, run)
    if as_json:
        show_json(documents)
        return
    columns = ("delivery", "account", "event", "verdict", "waiting", "reason", "recorded")
    names = ("id", "accountId", "eventId", "verdict", "waiting", "reason", "recordedAt")
    rows = ({**document, "waiting": _state(document["parking"])} for document in documents)
    show_rows(columns, ([row[name] for name in names] for row in rows))


def _state(parking: Document | None) -> str:
    if parking is None:
        return ""
    return "yes" if parking["waiting"] else f"{parking['how']} by {parking['by']}"


@app.command
def show(delivery_id: str, *, body: bool = False, as_json: AsJson = False, data: Data = None) -> None:
    """Show a delivery.

    Parameters
    ----------
    body
        Also the body as received, which may have a bank account in it.

    """

    async def run(ledger: Ledger, _: Settings) -> Document:
        stored = await _find(ledger, delivery_id)
        document: Document = stored.document()
        if body:
            try:
                document = {**document, **body_document(stored.unsealed(ledger.vault))}
            except (CannotUnseal, Refusal) as problem:
                raise WrongSettings(f"--body: {problem}") from None
        return document

    document = with_ledger(data, run)
    show_json(document) if as_json else show_fields(document)


@app.command
def replay(delivery_id: str, *, by: By, as_json: AsJson = False, data: Data = None) -> None:
    """Ingest a parked delivery as if it came now; its signature is verified again."""
    _act(data, delivery_id, by, quarantine.replay, as_json=as_json)


@app.command
def dismiss(delivery_id: str, *, reason: Why, by: By, as_json: AsJson = False, data: Data = None) -> None:
    """End the wait of a parked delivery without ingesting it, with a reason."""
    try:
        REASON.validate_python(reason)
    except ValidationError as problem:
        raise WrongSettings(f"--reason: {problem.errors()[0]['msg']}") from None
    _act(data, delivery_id, by, lambda ledger, _, request: quarantine.dismiss(ledger, request, reason), as_json=as_json)


def _act(
    data: Path | None,
    delivery_id: str,
    by: str,
    act: Callable[[Ledger, Settings, ResolveRequest], Awaitable[Outcome]],
    *,
    as_json: bool,
) -> None:
    async def run(ledger: Ledger, settings: Settings) -> Document:
        stored = await _find(ledger, delivery_id)
        origin = operator_origin(ledger, by, "deliveries", stored.mode)
        try:
            outcome = await act(
                ledger, settings, ResolveRequest(stored, origin, b"", lambda document, _: orjson.dumps(document))
            )
        except Refusal as refusal:
            outcome = refusal
        return document_of(outcome)

    document = with_ledger(data, run)
    show_json(document) if as_json else show_fields(document)


async def _find(ledger: Ledger, delivery_id: str) -> StoredDelivery:
    try:
        found = await stored_deliveries.find(ledger, of_everything(ledger), str(UUID(delivery_id)))
    except ValueError:
        found = None
    if found is None:
        raise WrongSettings(f"there is no delivery {delivery_id}")
    return found
