"""The receipt of files that were read anew: what of them changed, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from service.imports.kept_files import Readings
from service.imports.receipt import Receipt
from service.imports.stated import Shown, Stated, Withdrawal
from service.platform.documents import Count

CHANGES_MAX = 1000
"""Changes that a receipt shows. All of them are events."""


class ShownDocument(TypedDict):
    """What a person recognises a record by. The amount is in major units."""

    date: str | None
    currency: str
    amount: str | None


class ChangeDocument(TypedDict):
    """What a record stated, and states now: null where it stated, or states, nothing."""

    importId: str
    place: str
    before: ShownDocument | None
    after: ShownDocument | None


class NotRereadDocument(TypedDict):
    """An import that cannot be read anew, and what to do."""

    importId: str
    file: str
    reason: str


class RereadDocument(TypedDict):
    """What became of the records of files that were read anew."""

    imports: Annotated[list[str], Field(description="The imports that were read anew.")]
    notReread: list[NotRereadDocument]
    read: Count
    unchanged: Annotated[Count, Field(description="Of what the records state, and files of their balances, as before.")]
    changed: Annotated[Count, Field(description="Withdrawn as they were read, and booked as they are read now.")]
    booked: Annotated[Count, Field(description="Booked, and not before.")]
    withdrawn: Annotated[Count, Field(description="Withdrawn, and nothing is booked in their place.")]
    leftOut: Count
    unreadable: Count
    notWithdrawn: Annotated[list[str], Field(description="What could not be withdrawn, and why.")]
    changes: Annotated[list[ChangeDocument], Field(max_length=CHANGES_MAX)]


def nothing_reread() -> RereadDocument:
    """The receipt before the first file."""
    return {
        "imports": [],
        "notReread": [],
        "read": 0,
        "unchanged": 0,
        "changed": 0,
        "booked": 0,
        "withdrawn": 0,
        "leftOut": 0,
        "unreadable": 0,
        "notWithdrawn": [],
        "changes": [],
    }


def add_file(
    document: RereadDocument,
    import_id: str,
    readings: Readings,
    receipt: Receipt,
    withdrawals: Sequence[Withdrawal],
) -> None:
    """Adds what reading one file anew came to."""
    document["imports"].append(import_id)
    document["read"] += receipt.read
    document["leftOut"] += sum(receipt.left_out.values())
    document["unreadable"] += receipt.unreadable
    document["unchanged"] += readings.stated_again
    fresh: dict[str, list[Stated]] = {}
    for each in readings.stated_newly:
        fresh.setdefault(each.place, []).append(each)
    for withdrawal in withdrawals:
        if withdrawal.refused is not None:
            document["notWithdrawn"].append(f"{withdrawal.stated.place}: {withdrawal.refused}")
        if not withdrawal.done:
            continue
        place = withdrawal.stated.place
        now = fresh.get(place)
        after = now.pop(0) if now else None
        document["changed" if after is not None else "withdrawn"] += 1
        _add_change(document, import_id, place, withdrawal.stated, after)
    for place, left in fresh.items():
        for each in left:
            document["booked"] += 1
            _add_change(document, import_id, place, None, each)


def _add_change(
    document: RereadDocument, import_id: str, place: str, before: Stated | None, after: Stated | None
) -> None:
    if len(document["changes"]) < CHANGES_MAX:
        document["changes"].append(
            {"importId": import_id, "place": place, "before": _shown(before), "after": _shown(after)}
        )


def _shown(stated: Stated | None) -> ShownDocument | None:
    if stated is None:
        return None
    shown: Shown = stated.shown
    return {"date": shown.date, "currency": shown.currency, "amount": shown.amount}


def is_nothing(document: dict[str, Any] | RereadDocument) -> bool:
    """Whether nothing could be read."""
    return document["read"] == 0
