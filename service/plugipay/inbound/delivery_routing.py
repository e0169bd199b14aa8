"""Routing of deliveries: their account, their lane, and whether their signature is valid. The same for each transport."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from events.envelope import SYSTEM_ACCOUNT
from events.instants import Instant, from_datetime, to_datetime
from service.ledger.ledger import Ledger
from service.ledger.vault import PROVIDERS, WEBHOOK_SECRETS, CannotUnseal
from service.platform import logs
from service.platform.settings import Settings
from service.plugipay.inbound import webhook
from service.plugipay.inbound.delivery_unit import Delivery
from sql import query

log = logs.get("plugipay")

SIGNATURE_BYTES_MAX = 1000
_FUTURE_SECONDS_MAX = 300
_EPOCH_DIGITS_MAX = 13
"""Milliseconds until the year 2286. `datetime` has no year after 9999."""


@dataclass(frozen=True, slots=True)
class ArrivedWebhook:
    """A webhook as received. `origin` names the transport. With a `quarantine_reason`, a person has to look at it.

    `signatures` are its signature headers: one of them has to be valid.
    """

    raw: bytes
    signatures: tuple[str, ...]
    received_at: Instant | None
    origin: str
    quarantine_reason: str | None = None
    parsed: webhook.Webhook | str = field(init=False)
    """The parsed body, or why it cannot be parsed."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parsed", _read(self.raw))


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook secret of an account."""

    text: str = field(repr=False)
    retired_at: Instant | None


@dataclass(frozen=True, slots=True)
class Route:
    """The account of a delivery, its lane, and the secrets that may sign for it."""

    account_id: str
    lane: int
    secrets: tuple[Secret, ...]

    def secrets_at(self, received_at: Instant) -> list[str]:
        """The secrets that were valid at the receipt."""
        # A secret that was added after the receipt is valid too: the sender had it. One retired before it is not.
        return [s.text for s in self.secrets if s.retired_at is None or received_at < s.retired_at]


class DeliveryRouter:
    """Decides the account and lane of each webhook, and whether its signature is valid."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        platform = settings.plugipay_webhook_secret
        self.platform_secrets = [platform.get_secret_value()] if platform is not None else []

    async def read_routes(self, claimed_ids: Collection[str]) -> dict[str, Route]:
        """The routes of these account or workspace ids, from the database. An unknown id has none."""
        if not claimed_ids:
            return {}
        rows = await self._ledger.pool.fetch(query("deliveries/route"), list(claimed_ids))
        by_account = {row["account_id"]: self._route_from_row(row) for row in rows}
        # A workspace that an account has set goes before an account that has the same id.
        claimed = {
            row["named"]: by_account[row["account_id"]]
            for row in rows
            if row["named"] != row["account_id"] and self._ledger.vault.holds(PROVIDERS, orjson.loads(row["provider"]))
        }
        return by_account | claimed

    def secrets(self, route: Route | None, received_at: Instant) -> list[str]:
        """The secrets that were valid at the receipt: the platform's and the account's."""
        return [*self.platform_secrets, *(route.secrets_at(received_at) if route is not None else [])]

    def route(self, arrived: ArrivedWebhook, routes: Mapping[str, Route]) -> tuple[int, Delivery]:
        """The lane, and the delivery to ingest there: accepted, or with the reason why it is rejected or parked."""
        parsed = arrived.parsed
        signature = arrived.signatures[0] if arrived.signatures else None
        if isinstance(parsed, str):
            lane = self._ledger.lane_for_new(arrived.origin)
            return lane, Delivery(
                SYSTEM_ACCOUNT,
                arrived.raw,
                signature,
                arrived.received_at,
                arrived.origin,
                rejection_reason=parsed,
                quarantine_reason=arrived.quarantine_reason,
            )
        route = routes.get(parsed.claimed_id)
        reason = None
        if arrived.received_at is not None and arrived.quarantine_reason is None:
            moment = to_datetime(arrived.received_at).timestamp()
            secrets = self.secrets(route, arrived.received_at)
            signature, reason = webhook.verify(arrived.raw, arrived.signatures, secrets, moment)
        return route.lane if route is not None else self._ledger.lane_for_new(parsed.claimed_id), Delivery(
            route.account_id if route is not None else SYSTEM_ACCOUNT,
            arrived.raw,
            signature,
            arrived.received_at,
            arrived.origin,
            observation=parsed.observation,
            mentions=parsed.mentions,
            rejection_reason=reason,
            quarantine_reason=arrived.quarantine_reason,
        )

    def _route_from_row(self, row: Any) -> Route:
        return Route(row["account_id"], row["lane"], tuple(self._secrets_of(row)))

    def _secrets_of(self, row: Any) -> Iterator[Secret]:
        """The secrets that can be read. One that cannot be read must not stop other accounts' webhooks."""
        entries = orjson.loads(row["secrets"] or "[]")
        if not entries or row["keys"] is None:
            return
        newest = max(orjson.loads(row["keys"]), key=lambda entry: entry["generation"])
        wrapped = base64.b64decode(newest["wrapped"])
        for entry in entries:
            if not self._ledger.vault.holds(WEBHOOK_SECRETS, entry):
                continue
            try:
                key = self._ledger.vault.account_key(row["account_id"], newest["generation"], wrapped)
                yield Secret(key.unseal("secret", entry["secret"]), entry["retired_at"])
            except CannotUnseal:
                log.exception("webhook_secret_not_readable", account=row["account_id"])


def _read(raw: bytes) -> webhook.Webhook | str:
    try:
        return webhook.read(raw)
    except webhook.Malformed as problem:
        return str(problem)


def printable(value: bytes) -> str:
    """A header as text that can be stored: at most 1,000 bytes, and what is not printable ASCII is replaced."""
    text = value[:SIGNATURE_BYTES_MAX].decode("ascii", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def read_received_at(text: str, now: datetime) -> tuple[Instant | None, str | None]:
    """The time of receipt, from epoch milliseconds; or None, and why that time cannot be used."""
    if not (text.isascii() and text.isdigit() and len(text) <= _EPOCH_DIGITS_MAX):
        return None, "no received-at header says when it was received: it is no time in epoch milliseconds"
    moment = now.fromtimestamp(int(text) / 1000, tz=now.tzinfo)
    if (moment - now).total_seconds() > _FUTURE_SECONDS_MAX:
        return None, "its received-at header lies in the future"
    return from_datetime(moment), None
