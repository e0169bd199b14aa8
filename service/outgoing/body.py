"""The body of an outgoing webhook: `{type, timestamp, data}`, the same bytes in each attempt."""

from __future__ import annotations

from typing import Final

import orjson

from events.envelope import METADATA, Envelope
from events.payouts.state import Payout
from events.redaction import public_data
from events.values import Data
from service.ledger.payout_document import PayoutDocument, payout_document
from service.outgoing.masks import HIDDEN, Keys, masked_number

_NUMBER: Final = "bankAccountNumber"


def body_of(event: Envelope, name: str, payout: Payout | None, keys: Keys) -> bytes:
    """The body for an event. `name` is its public name; `payout` is its payout, if any, as it was after the event."""
    data = _payout_data(event, payout, keys) if payout is not None else _event_data(event, keys)
    return orjson.dumps({"type": name, "timestamp": event.effective_at, "data": data})


def _payout_data(event: Envelope, payout: Payout, keys: Keys) -> PayoutDocument:
    """The payout as in the API, with the bank account masked."""
    document = payout_document(event.account_id, event.data["payoutId"], payout, None)
    document[_NUMBER] = masked_number(keys, event.account_id, payout.bank_account_number)
    document["bankAccountHolder"] = HIDDEN
    document["bankAccountKnown"] = any(account_id == event.account_id for account_id, _ in keys)
    return document


def _event_data(event: Envelope, keys: Keys) -> Data:
    """The event's data without sealed fields and without the platform's metadata."""
    data = {name: content for name, content in public_data(event).items() if name != METADATA}
    if _NUMBER in event.data:
        data[_NUMBER] = masked_number(keys, event.account_id, event.data[_NUMBER])
    return {"accountId": event.account_id, **data}
