"""What a webhook endpoint is told: `{type, timestamp, data}`, the same bytes for each attempt."""

from __future__ import annotations

from typing import Final

import orjson

from events.chain import Envelope
from events.codec import METADATA
from events.payouts.state import Payout
from events.redaction import public_data
from events.values import Data
from service.ledger.payout_document import PayoutDocument, payout_document
from service.outgoing.masks import HIDDEN, Keys, masked_number

_NUMBER: Final = "bankAccountNumber"


def body_of(event: Envelope, name: str, payout: Payout | None, keys: Keys) -> bytes:
    """The body for an event under its public name; `payout` is the one it is about, as it stood after the event."""
    data = _payout(event, payout, keys) if payout is not None else _public(event, keys)
    return orjson.dumps({"type": name, "timestamp": event.effective_at, "data": data})


def _payout(event: Envelope, payout: Payout, keys: Keys) -> PayoutDocument:
    """The payout as the API shows it, but for the bank account."""
    document = payout_document(event.account_id, event.data["payoutId"], payout, None)
    document[_NUMBER] = masked_number(keys, event.account_id, payout.bank_account_number)
    document["bankAccountHolder"] = HIDDEN
    document["bankAccountKnown"] = any(account_id == event.account_id for account_id, _ in keys)
    return document


def _public(event: Envelope, keys: Keys) -> Data:
    """The event's data without what is sealed, and without what the platform's services keep beside it."""
    data = {name: content for name, content in public_data(event).items() if name != METADATA}
    if _NUMBER in event.data:
        data[_NUMBER] = masked_number(keys, event.account_id, event.data[_NUMBER])
    return {"accountId": event.account_id, **data}
