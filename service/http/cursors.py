"""Opaque page cursors. A cursor carries the filter of its list, so that it cannot be used in another list."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import orjson

from service.http.errors import ApiError

_PREFIX = "cur_"
_LENGTH_MAX = 2000


def wrong_cursor() -> ApiError:
    return ApiError("VALIDATION_ERROR", "this is not a cursor of this list", field="cursor")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list that is ordered by position: rows added later do not move it."""

    account_id: str
    filter: str | None
    position: int

    def text(self) -> str:
        raw = orjson.dumps([self.account_id, self.filter, self.position])
        return _PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str, account_id: str) -> Cursor:
        """The cursor that `text` gave, in a list of this account; 400 for anything else."""
        wrong = wrong_cursor()
        if not text.startswith(_PREFIX) or len(text) > _LENGTH_MAX:
            raise wrong
        raw = text.removeprefix(_PREFIX)
        try:
            parts = orjson.loads(base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            raise wrong from None
        match parts:
            case [str(owner), None | str() as text_filter, int(position)] if (
                owner == account_id and 0 < position < 2**62
            ):
                # No filter needs more than ASCII, and Postgres has no NUL.
                if position is not True and (
                    text_filter is None or (text_filter.isascii() and text_filter.isprintable())
                ):
                    return cls(owner, text_filter, position)
        raise wrong
