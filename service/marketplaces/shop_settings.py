"""What sellers say of their own files: the headings of a report, and the meaning of a source's types.

Both are texts: `orderNo=No. Pesanan;totalPayment=Dibayar` and `1002=commission:-1;1003=shipping`, or a JSON object of
the same names and texts, for names with a semicolon or an equals sign. The channel's setting keeps them as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

import orjson

from events.channels.commands import SETTING_MAX
from events.refusals import InvalidCommand
from service.marketplaces.observations import Kind

COLUMNS, TYPES = "columns", "types"
_SIGNS = {"": 0, "1": 1, "+1": 1, "-1": -1, "+": 1, "-": -1}


@lru_cache(32)
def read_columns(text: str | None, names: Collection[str]) -> Mapping[str, str]:
    """The heading of each name. InvalidCommand for a name that is none of `names`, and for a text of another form."""
    found = _pairs(text, COLUMNS, "orderNo=No. Pesanan;totalPayment=Dibayar")
    unknown = sorted(set(found) - set(names))
    if unknown:
        raise InvalidCommand(f"{', '.join(unknown)[:80]}: the names are {', '.join(names)}", field=COLUMNS)
    if len(set(found.values())) < len(found):
        raise InvalidCommand("two names have one heading: a column has one meaning", field=COLUMNS)
    return found


@lru_cache(32)
def read_types(text: str | None) -> Mapping[str, tuple[Kind, int]]:
    """The kind of each type, and 1 or -1 by which its amounts become what the seller sees; 0 keeps their own sign."""
    types: dict[str, tuple[Kind, int]] = {}
    for name, meaning in _pairs(text, TYPES, "1002=commission:-1;1003=shipping").items():
        kind, _, sign = (part.strip() for part in meaning.partition(":"))
        if kind not in set(Kind):
            raise InvalidCommand(f"{kind[:40]!r} is no kind: there are {', '.join(Kind)}", field=TYPES)
        if sign not in _SIGNS:
            raise InvalidCommand(
                f"the sign of {name[:40]} is 1 or -1, or left out for amounts with a sign", field=TYPES
            )
        types[name] = (Kind(kind), _SIGNS[sign])
    return types


def _pairs(text: str | None, field: str, example: str) -> dict[str, str]:
    if text is None:
        return {}
    if len(text) > SETTING_MAX or not text.isprintable():
        raise InvalidCommand(f"{field} is up to {SETTING_MAX} printable characters", field=field)
    wrong = InvalidCommand(
        f"{field} is a text such as {example}, or a JSON object of these names and texts", field=field
    )
    if text.lstrip().startswith("{"):
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise wrong from None
        pairs = list(document.items())
        if not all(isinstance(value, str) for _, value in pairs):
            raise wrong
    else:
        pairs = [tuple(part.split("=", 1)) for part in text.split(";") if part.strip()]
        if not all(len(pair) == 2 for pair in pairs):
            raise wrong
    found = {name.strip(): value.strip() for name, value in pairs}
    if not found or len(found) < len(pairs) or not all(found) or not all(found.values()):
        raise wrong
    return found
