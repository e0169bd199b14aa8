"""A marketplace: all that the service knows of it, as one object in the marketplace's own folder.

`channels.py` lists the objects. No other module names a marketplace.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from events.values import value
from projections.reconciliation import Terms
from service.marketplaces.api_calls import ApiSession
from service.marketplaces.credentials import ApiCredentials
from service.marketplaces.observations import Level, Observation, Shop
from service.marketplaces.pages import PulledPage
from service.marketplaces.refusals import Failure

C = TypeVar("C", bound=ApiCredentials)


class AvailableBy(enum.StrEnum):
    """How a measure is available."""

    API = "api"
    FILE = "file"
    DERIVED = "derived"
    NOT_AVAILABLE = "not_available"


class Measure(enum.StrEnum):
    """What can be asked of a marketplace: what it pays, what it takes, and when it pays."""

    PAYOUT = "payout"
    COMMISSION = "commission"
    PERIOD = "period"


@value
class Way:
    """One way to a measure: how, how well attested, and through which call, report or sum.

    Grades: A is an official document or a live answer, B one source, C sources that disagree, D our own choice.
    """

    by: AvailableBy
    grade: str
    through: str


Capability = tuple[Measure, Level | None]
"""A measure at a level. The period has no level."""


class ReadRecords(Protocol):
    """Reads a file or an answer of the marketplace."""

    def __call__(
        self, stream: BinaryIO, shop: Shop, request_fields: Mapping[str, Any] | None = None
    ) -> Iterator[Observation]:
        """All that it says, in its order and in constant memory.

        `request_fields` is what only the request said, such as the settlement that the answer belongs to.
        """


@dataclass(frozen=True, slots=True)
class Api(Generic[C]):
    """One API of a marketplace, with the credentials that it takes."""

    name: str
    """The name under which pulls are recorded. Stored: it never changes."""
    credentials: type[C]
    pull: Callable[[ApiSession, C, datetime, datetime, str | None], AsyncIterator[PulledPage]]
    """The pages from a time up to and without another, after the page with this resume token. PullFailed ends it."""
    base_url: str | None = None
    """The API's address; None where it differs from country to country."""
    example_url: str = ""
    """An example of the address, where there is none for all countries."""
    identified_by: str | None = None
    """The field that only these credentials have, where the marketplace has several APIs."""
    names_currency: bool = True
    """Whether all of its answers name their currency."""


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One marketplace."""

    name: str
    """The channel's name in events, rows, files and addresses. Stored: it never changes."""
    formats: frozenset[str]
    """Of `json` (JSON and JSON lines), `xml`, `csv`, `xlsx`."""
    read: ReadRecords
    books_at: Level
    """`global`: statements book its money. `order`: orders do. All other records explain it."""
    period: str
    """When it usually pays: `weekly` or `delivered_order`."""
    terms: Terms
    """By when it usually has to have paid. An account can set its own terms."""
    capabilities: Mapping[Capability, tuple[Way, ...]]
    """Every measure at every level, with the ways to it, the best first (`GET /v1/channels`)."""
    failure: Callable[[Any], Failure | None]
    """The refusal that a decoded answer is; None for any other answer."""
    overlap: timedelta
    """How far a pull goes back before the end of the last one: for so long the marketplace may change what it said."""
    apis: tuple[Api[Any], ...]
    """The first one is taken for credentials that no other one is identified by."""
    column_names: tuple[str, ...] = ()
    """The names that a seller can give the headings of a report for: nobody attests these headings."""
    takes_types: bool = False
    """Whether a seller can give the meaning of types that nobody attests."""
    cash_sources: frozenset[str] = frozenset()
    """Sources that report the same money again as it moves: no total is made of them, unless they book it."""

    @property
    def pulls(self) -> bool:
        """Whether it has an API that can be pulled."""
        return bool(self.apis)

    def api_for(self, fields: Mapping[str, Any]) -> Api[Any]:
        """The API that these fields of credentials are for."""
        return next((api for api in self.apis if api.identified_by in fields), self.apis[0])
