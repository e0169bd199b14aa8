"""Pages of lists: a page's `meta`, and lists whose cursor carries their filters and the place where a page ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from service.http.cursors import Cursor, wrong_cursor
from service.http.envelope import PageMeta
from service.http.errors import ApiError
from service.http.parameters import CURSOR
from service.http.request_context import RequestContext
from service.ledger.access_scope import AccessScope

_NONE = "-"


def page_meta(context: RequestContext, limit: int, cursor: str | None) -> PageMeta:
    """`cursor` is where the next page begins; None where there is none."""
    more = cursor is not None
    return {
        **context.meta(),
        "page": {"limit": limit, "hasMore": more, "nextCursor": cursor},
        "cursor": cursor,
        "hasMore": more,
    }


class Listing:
    """A list with filters, whose cursor carries them and the place where a page ended. Neither may hold spaces."""

    def __init__(
        self, context: RequestContext, name: str, access_scope: AccessScope, filters: Sequence[str | None]
    ) -> None:
        self._context = context
        self._owner = f"{name} {access_scope.account_id or context.key.mode}"
        self._filters = [one or _NONE for one in filters]

    def place(self, parts_count: int) -> list[str] | None:
        """Where the page before ended, by the request's cursor. 400 for a cursor of another list or other filters."""
        text = self._context.read(CURSOR)
        if text is None:
            return None
        parts = (Cursor.parse(text, self._owner).filter or "").split(" ")
        filters, place = parts[:-parts_count], parts[-parts_count:]
        if filters != self._filters:
            raise ApiError("VALIDATION_ERROR", "this cursor belongs to a list with other filters", field="cursor")
        return place

    def number(self) -> int | None:
        """A place that is a single number, or None. 400 for a cursor of another list or other filters."""
        parts = self.place(1)
        if parts is None:
            return None
        if not (len(parts) == 1 and parts[0].isdigit() and len(parts[0]) < 19):
            raise wrong_cursor()
        return int(parts[0])

    def cursor(self, place: Sequence[str] | None) -> str | None:
        """The cursor of the place where a page ends; None where there is no more."""
        return Cursor(self._owner, " ".join([*self._filters, *place]), 1).text() if place else None

    def respond(
        self, documents: Sequence[Mapping[str, object]], limit: int, place: Sequence[str] | None
    ) -> web.Response:
        """A page; `place` is where it ends, if there is more."""
        return self._context.respond(documents, page_meta(self._context, limit, self.cursor(place)))
