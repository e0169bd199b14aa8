"""The marketplaces, and what each of them can tell: seed 000's table as it stands here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from events.values import value
from service.marketplaces.blibli.reader import Blibli
from service.marketplaces.lazada.reader import Lazada
from service.marketplaces.observations import By, Level, Measure, RecordSource, Way
from service.marketplaces.shopee.reader import Shopee
from service.marketplaces.tiktok.reader import TikTok
from service.marketplaces.tokopedia.reader import Tokopedia

SOURCES: Mapping[str, RecordSource] = {
    source.name: source for source in (Lazada(), Shopee(), Tokopedia(), TikTok(), Blibli())
}


@value
class Availability:
    """One cell of the table: whether a measure can be had at a level, by what best, and by what else."""

    channel: str
    measure: Measure
    level: Level | None
    by: By
    ways: tuple[Way, ...]

    @property
    def available(self) -> bool:
        return self.by is not By.NOT_AVAILABLE


def table() -> Iterator[Availability]:
    """Every cell of every channel, in the table's own order."""
    for source in SOURCES.values():
        for (measure, level), ways in source.capabilities.items():
            yield Availability(source.name, measure, level, ways[0].by, ways)
