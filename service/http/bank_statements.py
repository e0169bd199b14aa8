"""Imports of banks' statements, and the bank entries that they hold."""

from __future__ import annotations

import tempfile
from datetime import date
from typing import Annotated, Any, NotRequired

import orjson
from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from service.banks.columns import Layout
from service.banks.import_source import BankOptions, read_columns
from service.banks.recipes import RECIPES
from service.http.app_keys import IMPORTS
from service.http.bodies import FileBody
from service.http.errors import ApiError
from service.http.operations import Answer, ApiOperation
from service.http.parameters import any_text, choice, id_in_path
from service.http.request_context import RequestContext
from service.http.uploads import FILE, receive
from service.http.visibility import visible_account
from service.imports.import_source import ImportRequest
from service.imports.ingestion import import_file
from service.imports.receipt import ReceiptDocument
from service.ledger.api_keys import COMMAND_WRITE, PAYOUT_READ
from service.ledger.findings import FindingDocument
from service.ledger.vault import ERASED
from service.platform.documents import Count, MinorUnits, Position, Time
from sql import query

ENTRY_ID = id_in_path("entry_id", "The bank entry's id.")
BANK_ACCOUNT = any_text("bankAccount", "The bank account's number, for files that name none.")
CURRENCY = any_text("currency", "For tables that name none; an account with one currency needs none.")
COLUMNS = any_text("columns", "A table's headings, as date=Tanggal;amount=Jumlah, where they are not common ones.")
DECIMAL = any_text("decimal", "What decimals stand behind, where amounts leave it open.", {"enum": ["comma", "dot"]})
FORMAT = any_text("format", "The bank's own table, where its headings leave it open.", {"enum": list(RECIPES)})
DATES = choice("dates", ("dmy", "mdy"), "The order of 11/09/2026; day first is the default.")


class MatchedTargetDocument(TypedDict):
    """What an entry's money is for, and how much of it."""

    kind: str
    id: str
    channel: NotRequired[str]
    seller: NotRequired[str]
    amount: MinorUnits


class BankMatchDocument(TypedDict):
    """What a person said that an entry is for. An unmade match counts no more."""

    id: str
    targets: list[MatchedTargetDocument]
    reason: str
    madeBy: str
    madeAt: Time
    unmadeAt: Time | None
    unmadeBy: str | None
    unmadeReason: str | None


class BankEntryDocument(TypedDict):
    """What a bank booked."""

    id: str
    accountId: str
    bankAccount: Annotated[str, Field(description="The digest of the bank account's number.")]
    currency: str
    amount: MinorUnits
    claimed: Annotated[int, Field(description="How much of it matches claim, in the currency's minor unit.")]
    bookedOn: date
    valueOn: date | None
    reference: str | None
    references: list[str]
    remittance: Annotated[str | None, Field(description="What the sender wrote.")]
    counterparty: str | None
    reversal: bool
    source: str
    findings: list[FindingDocument]
    position: Position
    matches: list[BankMatchDocument]


class BankProblemDocument(TypedDict):
    """A record that cannot be read. It is stored as the delivery of this id."""

    place: str
    reason: str
    deliveryId: str


class ImportedBankFileDocument(TypedDict):
    """What an import did with the records of a bank's file."""

    id: str
    read: Count
    new: Count
    known: Count
    leftOut: Count
    statements: Count
    unreadable: Count
    receipt: ReceiptDocument
    problems: list[BankProblemDocument]


async def get_entry(context: RequestContext) -> web.Response:
    """A bank entry with the text that the bank wrote, and all matches of it, unmade ones too."""
    entry_id = context.id_in_path(ENTRY_ID)
    lane, profile = await visible_account(context)
    row = await context.ledger.pool.fetchrow(query("reconciliation/bank_entry"), lane, context.account, entry_id)
    if row is None:
        raise ApiError("NOT_FOUND", f"there is no bank entry {entry_id}", field=ENTRY_ID.documented_name)
    matches = await context.ledger.pool.fetch(query("reconciliation/matches_of_entry"), lane, context.account, entry_id)

    def unsealed(name: str) -> str | None:
        if row[name] is None:
            return None
        return profile.key.unseal(name, row[name]) if profile.key is not None else ERASED

    document: BankEntryDocument = {
        "id": row["entry_id"],
        "accountId": context.account,
        "bankAccount": row["bank_account"],
        "currency": row["currency"],
        "amount": row["amount"],
        "claimed": row["claimed"],
        "bookedOn": row["booked_on"],
        "valueOn": row["value_on"],
        "reference": row["reference"],
        "references": row["references"],
        "remittance": unsealed("remittance"),
        "counterparty": unsealed("counterparty"),
        "reversal": row["reversal"],
        "source": row["source"],
        "findings": orjson.loads(row["findings"]),
        "position": row["position"],
        "matches": [_match(dict(match)) for match in matches],
    }
    return context.respond(document)


def _match(row: dict[str, Any]) -> BankMatchDocument:
    return {
        "id": row["match_id"],
        "targets": orjson.loads(row["targets"]),
        "reason": row["reason"],
        "madeBy": row["made_by"],
        "madeAt": row["made_at"],
        "unmadeAt": row["unmade_at"],
        "unmadeBy": row["unmade_by"],
        "unmadeReason": row["unmade_reason"],
    }


async def post_bank_statement(context: RequestContext) -> web.Response:
    """Imports the body as a bank's statement: camt, MT940, or a table whose columns may be named; or a zip file of these."""
    dates = context.read(DATES)
    columns = read_columns(context.read(COLUMNS) or "")
    layout = Layout(columns, context.read(DECIMAL), month_first=dates == "mdy", recipe=context.read(FORMAT))
    options = BankOptions(context.read(BANK_ACCOUNT), context.read(CURRENCY), layout)
    request = ImportRequest(context.account, context.read(FILE), options)
    request.check()
    jobs = context.request.app[IMPORTS]
    with jobs.place(context.account), tempfile.TemporaryFile() as stream:
        await receive(context.request, stream)
        async with jobs.reading():
            found = await import_file(context.ledger, request, stream, context.origin())
    return context.respond(found.document())


OPERATIONS = (
    ApiOperation(
        "GET",
        "/bank-entries/{entry_id}",
        get_entry,
        id="getBankEntry",
        summary="A bank entry and its matches",
        scopes=(PAYOUT_READ,),
        parameters=(ENTRY_ID,),
        answers=(Answer(data=BankEntryDocument),),
    ),
    ApiOperation(
        "POST",
        "/bank-statements",
        post_bank_statement,
        id="importBankStatement",
        summary="Import a bank's statement: camt, MT940, CSV or XLSX, or a zip file of these",
        scopes=(COMMAND_WRITE,),
        parameters=(BANK_ACCOUNT, CURRENCY, FORMAT, COLUMNS, DECIMAL, DATES, FILE),
        body=FileBody("application/octet-stream", "The bank's file.", streamed=True),
        answers=(Answer(data=ImportedBankFileDocument),),
    ),
)
