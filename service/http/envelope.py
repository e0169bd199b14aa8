"""The envelope of an answer: `{"data", "error", "meta": {"requestId", "timestamp", ...}}`, and what `meta` may be."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from service.platform.documents import Position, Time

JSON, CSV = "application/json", "text/csv"


class Meta(TypedDict):
    """What every answer says beside its data."""

    requestId: str
    timestamp: Time


class LaneMeta(Meta):
    lane: int


class PositionMeta(LaneMeta):
    """The data is at least as new as this position of this lane."""

    position: Position


class WriteMeta(PositionMeta):
    """What was written: the position of its last event, and the account's version after it."""

    version: int


class PageDocument(TypedDict):
    limit: int
    hasMore: bool
    nextCursor: str | None


class PageMeta(Meta):
    """A page of a list. `cursor` and `hasMore` repeat what `page` says."""

    page: PageDocument
    cursor: Annotated[str | None, Field(description="Where the next page begins; null where this is the last.")]
    hasMore: bool


class PositionPageMeta(PageMeta, PositionMeta):
    """A page that is at least as new as this position of this lane."""


class FeedMeta(LaneMeta):
    """A page of the log."""

    hasMore: bool
    after: Annotated[int, Field(description="The last position of this page: where to go on.")]


class DryRunMeta(Meta):
    dryRun: Annotated[Literal[True], Field(description="Nothing was changed.")]
