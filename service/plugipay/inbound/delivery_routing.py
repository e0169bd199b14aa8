"""Whose a delivery is, which lane takes it in, and whether it is believed; the same for every way in."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from events.chain import SYSTEM_ACCOUNT
from events.instants import Instant, from_datetime, to_datetime
from service.ledger.ledger import Ledger
from service.ledger.vault import CannotUnseal
from service.platform import logs
from service.platform.settings import Settings
from service.plugipay.inbound import webhook
from service.plugipay.inbound.delivery_unit import Delivery
from sql import query

log = logs.get("plugipay")

SIGNATURE_BYTES_MAX = 1000
_FUTURE_SECONDS_MAX = 300
_EPOCH_DIGITS_MAX = 13
"""Milliseconds up to the year 2286; beyond the year 9999 there is no such moment at all."""


@dataclass(frozen=True, slots=True)
class ArrivedWebhook:
    """What came in, whichever way; `origin` says which. Where `doubt` says something, a person has to look at it."""

    raw: bytes
    signature: str | None
    received_at: Instant | None
    origin: str
    doubt: str | None = None
    hook: webhook.Webhook | str = field(init=False)
    """What the body says, or why it cannot be read."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "hook", _read(self.raw))


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook secret of an account."""

    text: str = field(repr=False)
    retired_at: Instant | None


@dataclass(frozen=True, slots=True)
class Route:
    """Where deliveries about an account go, and who may sign them."""

    account_id: str
    lane: int
    secrets: tuple[Secret, ...]

    def secrets_at(self, received_at: Instant) -> list[str]:
        """The secrets that were valid when it was received."""
        # Added later is no reason to doubt: who signs with it had it. Retired before is one.
        return [s.text for s in self.secrets if s.retired_at is None or received_at < s.retired_at]


class DeliveryRouter:
    """Says of each arrival where it belongs and whether it is believed."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        platform = settings.plugipay_webhook_secret
        self.platform_secrets = [platform.get_secret_value()] if platform is not None else []

    async def routes(self, named: Collection[str]) -> dict[str, Route]:
        """What the database knows of these accounts or workspaces; nothing for those that it does not know."""
        if not named:
            return {}
        rows = await self._ledger.pool.fetch(query("deliveries/route"), list(named))
        by_account = {row["account_id"]: self._route(row) for row in rows}
        # A workspace that an account claims for itself wins over an account that happens to have the same id.
        claimed = {row["named"]: by_account[row["account_id"]] for row in rows if row["named"] != row["account_id"]}
        return by_account | claimed

    def secrets(self, route: Route | None, received_at: Instant) -> list[str]:
        """All that may have signed what was received then: the platform's secret, and the account's."""
        return [*self.platform_secrets, *(route.secrets_at(received_at) if route is not None else [])]

    def sort(self, arrival: ArrivedWebhook, routes: Mapping[str, Route]) -> tuple[int, Delivery]:
        """The lane that takes it in, and the delivery as it is to be kept: believed, rejected or parked, and why."""
        hook = arrival.hook
        if isinstance(hook, str):
            lane = self._ledger.lane_for_new(arrival.origin)
            return lane, Delivery(
                SYSTEM_ACCOUNT,
                arrival.raw,
                arrival.signature,
                arrival.received_at,
                arrival.origin,
                rejected_because=hook,
                parked_because=arrival.doubt,
            )
        route = routes.get(hook.named)
        reason = None
        if arrival.received_at is not None and arrival.doubt is None:
            moment = to_datetime(arrival.received_at).timestamp()
            secrets = self.secrets(route, arrival.received_at)
            reason = webhook.refused_because(arrival.raw, arrival.signature, secrets, moment)
        return route.lane if route is not None else self._ledger.lane_for_new(hook.named), Delivery(
            route.account_id if route is not None else SYSTEM_ACCOUNT,
            arrival.raw,
            arrival.signature,
            arrival.received_at,
            arrival.origin,
            observation=hook.observation,
            mentions=hook.mentions,
            rejected_because=reason,
            parked_because=arrival.doubt,
        )

    def _route(self, row: Any) -> Route:
        return Route(row["account_id"], row["lane"], tuple(self._secrets_of(row)))

    def _secrets_of(self, row: Any) -> Iterator[Secret]:
        """Those that can be read; one account's trouble is not the others'."""
        entries = orjson.loads(row["secrets"] or "[]")
        if not entries or row["keys"] is None:
            return
        newest = max(orjson.loads(row["keys"]), key=lambda entry: entry["generation"])
        wrapped = base64.b64decode(newest["wrapped"])
        for entry in entries:
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
    """A header as text that can be kept: whatever is not printable ASCII is replaced, and there is an end to it."""
    text = value[:SIGNATURE_BYTES_MAX].decode("ascii", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def receipt(text: str, now: datetime) -> tuple[Instant | None, str | None]:
    """When the receiver got it, from its epoch milliseconds; and why that cannot be believed."""
    if not (text.isascii() and text.isdigit() and len(text) <= _EPOCH_DIGITS_MAX):
        return None, "no received-at header says when it was received"
    moment = now.fromtimestamp(int(text) / 1000, tz=now.tzinfo)
    if (moment - now).total_seconds() > _FUTURE_SECONDS_MAX:
        return None, "its received-at header lies in the future"
    return from_datetime(moment), None
