"""What arrived, as it is kept: for people to look through, and to be read again."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

import orjson
from pydantic import Field
from typing_extensions import TypedDict

from events.chain import SYSTEM_ACCOUNT
from events.instants import Instant, to_datetime
from service.ledger.access_scope import AccessScope
from service.ledger.commands import Erased
from service.ledger.ledger import Ledger
from service.ledger.vault import AccountKey, CannotUnseal, Vault
from service.marketplaces.booking import UNREADABLE
from service.platform.documents import Time, one_of
from service.plugipay.inbound import topic
from service.plugipay.inbound.delivery_unit import ACCEPTED, DUPLICATE, PARKED, REJECTED
from sql import query

VERDICTS = (ACCEPTED, DUPLICATE, REJECTED, PARKED, UNREADABLE)
REPLAYED, DISMISSED = "replayed", "dismissed"
"""How a parking ends."""


class ParkingDocument(TypedDict):
    waiting: Annotated[bool, Field(description="Whether a person has to look at it.")]
    endedAt: Time | None
    how: Annotated[str | None, one_of(REPLAYED, DISMISSED, None)]
    by: str | None


class DeliveryReplayDocument(TypedDict):
    verdict: Annotated[str, one_of(*VERDICTS)]


class DeliveryBodyDocument(TypedDict):
    """What arrived: as text where it is text, else in base64."""

    body: str
    bodyEncoding: Annotated[str, one_of("utf-8", "base64")]


class DeliveryDocument(TypedDict):
    """What arrived from a provider, and what became of it."""

    id: str
    accountId: Annotated[str | None, Field(description="Null where nobody could be named.")]
    lane: int
    provider: str
    eventId: str | None
    verdict: Annotated[str, one_of(*VERDICTS)]
    reason: str | None
    signed: bool
    receivedAt: Time | None
    recordedAt: Time
    origin: str
    parking: ParkingDocument | None


class DeliveryWithBodyDocument(DeliveryDocument, DeliveryBodyDocument):
    """A delivery with what arrived."""


class ResolvedDeliveryDocument(DeliveryDocument):
    replay: Annotated[DeliveryReplayDocument | None, Field(description="What the replay made of it.")]


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A delivery without its bytes, or with them (`raw`, sealed)."""

    lane: int
    delivery_id: str
    account_id: str
    provider: str
    event_id: str | None
    signed: bool
    received_at: Instant | None
    recorded_at: Instant
    verdict: str
    reason: str | None
    origin: str
    parked: bool
    ended_at: Instant | None
    ended_how: str | None
    ended_by: str | None
    mode: str = ""
    signature: str | None = None
    raw: bytes = b""
    keys: str | None = field(default=None, repr=False)

    @property
    def waits(self) -> bool:
        """Whether a person has to look at it."""
        return self.parked and self.ended_at is None

    def document(self) -> DeliveryDocument:
        parking: ParkingDocument = {
            "waiting": self.waits,
            "endedAt": self.ended_at,
            "how": self.ended_how,
            "by": self.ended_by,
        }
        return {
            "id": self.delivery_id,
            "accountId": self.account_id if self.account_id != SYSTEM_ACCOUNT else None,
            "lane": self.lane,
            "provider": self.provider,
            "eventId": self.event_id,
            "verdict": self.verdict,
            "reason": self.reason,
            "signed": self.signed,
            "receivedAt": self.received_at,
            "recordedAt": self.recorded_at,
            "origin": self.origin,
            "parking": parking if self.parked else None,
        }

    def unsealed(self, vault: Vault) -> bytes:
        """The bytes as they arrived. Erased where the key is gone; CannotUnseal where none of those that are left fits."""
        keys = self._keys(vault)
        for key in keys:
            try:
                return key.unseal_bytes("delivery", self.raw)
            except CannotUnseal:
                # Where the account had no key, the lane's own was taken.
                continue
        if any(entry["account_id"] == self.account_id for entry in orjson.loads(self.keys or "[]")):
            raise CannotUnseal("it was sealed with a key that this ledger does not have")
        raise Erased

    def newest_key(self, vault: Vault) -> AccountKey:
        """The account's key, else the lane's own: what its answers are sealed with."""
        return self._keys(vault)[0]

    def _keys(self, vault: Vault) -> list[AccountKey]:
        """The account's keys, if it has any, before the lane's; the newest first."""
        entries = orjson.loads(self.keys or "[]")
        entries.sort(key=lambda entry: (entry["account_id"] != self.account_id, -entry["generation"]))
        return [
            vault.account_key(entry["account_id"], entry["generation"], base64.b64decode(entry["wrapped"]))
            for entry in entries
        ]

    def headers_in_transit(self) -> dict[str, bytes]:
        """The headers that it had on the topic if our own receiver had sealed it."""
        headers = {topic.SEALED: topic.SEALED_HOW, topic.SIGNATURE: (self.signature or "").encode()}
        if self.received_at is not None:
            milliseconds = round(to_datetime(self.received_at).timestamp() * 1000)
            headers[topic.RECEIVED_AT] = str(milliseconds).encode()
        return headers


_COLUMNS = tuple(f.name for f in fields(StoredDelivery))


def _stored(row: Any) -> StoredDelivery:
    return StoredDelivery(**{name: row[name] for name in _COLUMNS if name in row})


async def page(
    ledger: Ledger, access_scope: AccessScope, *, verdict: str | None, waiting: bool, before: str | None, limit: int
) -> list[StoredDelivery]:
    """Deliveries, newest first, without their bytes; after the one with the id `before`."""
    rows = await ledger.pool.fetch(
        query("deliveries/page"),
        list(access_scope.lanes),
        list(access_scope.modes),
        access_scope.account_id,
        # What waits was parked: saying so lets the index find it.
        PARKED if waiting and verdict is None else verdict,
        waiting,
        before,
        limit,
    )
    return [_stored(dict(row)) for row in rows]


async def find(ledger: Ledger, access_scope: AccessScope, delivery_id: str) -> StoredDelivery | None:
    """One delivery with its bytes, where it may be seen."""
    row = await ledger.pool.fetchrow(
        query("deliveries/find"),
        list(access_scope.lanes),
        list(access_scope.modes),
        access_scope.account_id,
        delivery_id,
    )
    return _stored(dict(row)) if row is not None else None


def body_document(raw: bytes) -> DeliveryBodyDocument:
    try:
        return {"body": raw.decode(), "bodyEncoding": "utf-8"}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(raw).decode(), "bodyEncoding": "base64"}
