"""What each marketplace can tell, and by what."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from service.http.operations import Answer, ApiOperation
from service.http.request_context import RequestContext
from service.http.visibility import account_scope
from service.ledger.api_keys import PAYOUT_READ
from service.marketplaces.channels import CHANNELS, availability
from service.platform.documents import one_of


class WayDocument(TypedDict):
    """One way to a measure, and how well it is attested."""

    by: str
    grade: str
    through: str


class CellDocument(TypedDict):
    """Whether a measure can be had at a level."""

    measure: str
    level: str | None
    available: bool
    by: str
    ways: list[WayDocument]


class ChannelDocument(TypedDict):
    """A marketplace, and what it can tell."""

    channel: Annotated[str, one_of(*CHANNELS)]
    period: str
    booksAt: Annotated[str, Field(description="The level that its money is booked at.")]
    reads: Annotated[list[str], Field(description="The formats of its files.")]
    pulls: Annotated[bool, Field(description="Whether its API can be asked.")]
    cells: list[CellDocument]


async def list_channels(context: RequestContext) -> web.Response:
    """Seed 000's availability as it stands here: each cell with what it can be had by, and how well that is attested."""
    if context.account_id is not None:
        await account_scope(context)
    cells: dict[str, list[CellDocument]] = {name: [] for name in CHANNELS}
    for cell in availability():
        cells[cell.channel].append(
            {
                "measure": cell.measure.value,
                "level": cell.level.value if cell.level is not None else None,
                "available": cell.available,
                "by": cell.by.value,
                "ways": [{"by": way.by.value, "grade": way.grade, "through": way.through} for way in cell.ways],
            }
        )
    documents: list[ChannelDocument] = [
        {
            "channel": name,
            "period": marketplace.period,
            "booksAt": marketplace.books_at.value,
            "reads": sorted(marketplace.formats),
            "pulls": marketplace.pulls,
            "cells": cells[name],
        }
        for name, marketplace in CHANNELS.items()
    ]
    return context.respond(documents)


OPERATIONS = (
    ApiOperation(
        "GET",
        "/channels",
        list_channels,
        id="listChannels",
        summary="Marketplaces: what each can tell, and through what",
        scopes=(PAYOUT_READ,),
        answers=(Answer(data=list[ChannelDocument]),),
    ),
)
