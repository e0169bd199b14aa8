"""Deliveries as they are stored: to list them, to show them, and to replay them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

import orjson
from pydantic import Field
from typing_extensions import TypedDict

from events.envelope import SYSTEM_ACCOUNT
from events.instants import Instant, to_datetime
from service.imports.import_source import UNREADABLE
from service.ledger.access_scope import AccessScope
from service.ledger.commands import Erased
from service.ledger.ledger import Ledger
from service.ledger.vault import AccountKey, CannotUnseal, Vault
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
    """A stored delivery. A list has it without its bytes (`raw`, sealed)."""

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
        """Whether it is parked and waits for a person."""
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
        """The bytes as received. Erased where the key was destroyed; CannotUnseal where no existing key opens them."""
        keys = self._keys(vault)
        for key in keys:
            try:
                return key.unseal_bytes("delivery", self.raw)
            except CannotUnseal:
                # An account without a key: the delivery was sealed with the lane's own.
                continue
        if any(entry["account_id"] == self.account_id for entry in orjson.loads(self.keys or "[]")):
            raise CannotUnseal("it was sealed with a key that this ledger does not have")
        raise Erased

    def newest_key(self, vault: Vault) -> AccountKey:
        """The key for stored answers: the account's newest, or the lane's own."""
        return self._keys(vault)[0]

    def _keys(self, vault: Vault) -> list[AccountKey]:
        """The account's keys, then the lane's; the newest first."""
        entries = orjson.loads(self.keys or "[]")
        entries.sort(key=lambda entry: (entry["account_id"] != self.account_id, -entry["generation"]))
        return [
            vault.account_key(entry["account_id"], entry["generation"], base64.b64decode(entry["wrapped"]))
            for entry in entries
        ]

    def topic_headers(self) -> dict[str, bytes]:
        """The headers that our receiver would have given it on the topic."""
        headers = {topic.SEALED: topic.SEAL_VERSION, topic.SIGNATURE: (self.signature or "").encode()}
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
    """Deliveries without their bytes, newest first; those older than the one with the id `before`."""
    rows = await ledger.pool.fetch(
        query("deliveries/page"),
        list(access_scope.lanes),
        list(access_scope.modes),
        access_scope.account_id,
        # Every waiting delivery is parked: with that condition Postgres can use the index.
        PARKED if waiting and verdict is None else verdict,
        waiting,
        before,
        limit,
    )
    return [_stored(dict(row)) for row in rows]


async def find(ledger: Ledger, access_scope: AccessScope, delivery_id: str) -> StoredDelivery | None:
    """One delivery with its bytes, if the access scope includes it."""
    row = await ledger.pool.fetchrow(
        query("deliveries/find"),
        list(access_scope.lanes),
        list(access_scope.modes),
        access_scope.account_id,
        delivery_id,
    )
    return _stored(dict(row)) if row is not None else None


def body_document(raw: bytes) -> DeliveryBodyDocument:
    """The body as received: as text if it is UTF-8, else in base64."""
    try:
        return {"body": raw.decode(), "bodyEncoding": "utf-8"}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(raw).decode(), "bodyEncoding": "base64"}
