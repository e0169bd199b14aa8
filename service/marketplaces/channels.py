"""The marketplaces. This is the only list of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from events.refusals import InvalidCommand
from events.values import value
from service.marketplaces.blibli.channel import BLIBLI
from service.marketplaces.lazada.channel import LAZADA
from service.marketplaces.marketplace import AvailableBy, Marketplace, Measure, Way
from service.marketplaces.observations import Level
from service.marketplaces.shopee.channel import SHOPEE
from service.marketplaces.tiktok.channel import TIKTOK
from service.marketplaces.tokopedia.channel import TOKOPEDIA

CHANNELS: Mapping[str, Marketplace] = {
    marketplace.name: marketplace for marketplace in (LAZADA, SHOPEE, TOKOPEDIA, TIKTOK, BLIBLI)
}

PAYS_BY_ORDER = tuple(name for name, marketplace in CHANNELS.items() if marketplace.books_at is Level.ORDER)
"""Channels that pay order by order. Their totals are sums."""


def marketplace_named(channel: str) -> Marketplace:
    """The marketplace; InvalidCommand for any other name."""
    marketplace = CHANNELS.get(channel)
    if marketplace is None:
        raise InvalidCommand(
            f"{channel[:40]!r} is not a marketplace that can be read: there are {', '.join(CHANNELS)}", field="channel"
        )
    return marketplace


@value
class Availability:
    """Whether a measure is available at a level: in the best way, and in the other ones."""

    channel: str
    measure: Measure
    level: Level | None
    by: AvailableBy
    ways: tuple[Way, ...]

    @property
    def available(self) -> bool:
        return self.by is not AvailableBy.NOT_AVAILABLE


def availability() -> Iterator[Availability]:
    """Every measure of every channel at every level."""
    for marketplace in CHANNELS.values():
        for (measure, level), ways in marketplace.capabilities.items():
            yield Availability(marketplace.name, measure, level, ways[0].by, ways)
