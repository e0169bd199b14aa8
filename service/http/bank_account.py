"""The bank account that an account's payouts go to (S2)."""

from __future__ import annotations

from aiohttp import web
from typing_extensions import TypedDict

from events.accounts.commands import SetBankAccount
from service.http.bodies import command_body
from service.http.command_execution import execute_command, read_command
from service.http.envelope import PositionMeta, WriteMeta
from service.http.operations import Answer, ApiOperation
from service.http.parameters import IDEMPOTENCY, MIN_POSITION
from service.http.read_your_writes import account_at_position
from service.http.request_context import RequestContext
from service.ledger.api_keys import PAYOUT_READ, PAYOUT_WRITE
from service.ledger.commands import Accepted
from service.ledger.payout_document import unsealed

NEW_BANK_ACCOUNT = command_body("NewBankAccount", SetBankAccount)


class BankAccountDocument(TypedDict):
    """Where payouts go. Its fields are null where none is configured."""

    accountId: str
    configured: bool
    bankAccountKnown: bool
    bankCode: str | None
    bankName: str | None
    bankAccountNumber: str | None
    bankAccountHolder: str | None


async def get_bank_account(context: RequestContext) -> web.Response:
    lane, profile = await account_at_position(context)
    bank = profile.bank_account
    document: BankAccountDocument = {
        "accountId": context.account,
        "configured": bank is not None,
        "bankAccountKnown": bank is not None and profile.key is not None,
        "bankCode": bank.bank_code if bank else None,
        "bankName": bank.bank_name if bank else None,
        "bankAccountNumber": unsealed(profile.key, "bankAccountNumber", bank.bank_account_number) if bank else None,
        "bankAccountHolder": unsealed(profile.key, "bankAccountHolder", bank.bank_account_holder) if bank else None,
    }
    return context.respond(document, context.meta_at(lane, profile.position))


async def set_bank_account(context: RequestContext) -> web.Response:
    body = context.document()
    command = read_command(SetBankAccount, accountId=context.account, **body)
    return await execute_command(context, command, body, _bank_account_now)


def _bank_account_now(accepted: Accepted) -> BankAccountDocument:
    bank = accepted.state.bank_account
    assert bank is not None
    return {
        "accountId": accepted.state.account_id,
        "configured": True,
        "bankAccountKnown": True,
        "bankCode": bank.bank_code,
        "bankName": bank.bank_name,
        "bankAccountNumber": accepted.key.unseal("bankAccountNumber", bank.bank_account_number),
        "bankAccountHolder": accepted.key.unseal("bankAccountHolder", bank.bank_account_holder),
    }


OPERATIONS = (
    ApiOperation(
        "GET",
        "/payouts/bank-account",
        get_bank_account,
        id="getBankAccount",
        summary="The configured bank account",
        scopes=(PAYOUT_READ,),
        parameters=(MIN_POSITION,),
        answers=(Answer(data=BankAccountDocument, meta=PositionMeta),),
    ),
    ApiOperation(
        "PATCH",
        "/payouts/bank-account",
        set_bank_account,
        id="setBankAccount",
        summary="Set the bank account",
        scopes=(PAYOUT_WRITE,),
        parameters=IDEMPOTENCY,
        body=NEW_BANK_ACCOUNT,
        answers=(Answer(data=BankAccountDocument, meta=WriteMeta),),
    ),
)
