"""What a simulator keeps in a file, so that the next run finds its payouts. It holds test data as it is, unsealed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import orjson

from simulator.provider.books import Disbursement, Event, Money, Workspace
from simulator.provider.deliveries import Attempt, Delivery
from simulator.provider.payouts import Bank, Payout
from simulator.provider.plugipay import Plugipay
from simulator.provider.repeats import Answered

_VERSION = 1


class WrongFile(Exception):
    """The state file is not one of a simulator."""


def save(plugipay: Plugipay, path: Path) -> None:
    """Writes the file whole or not at all, readable by its owner alone."""
    books = plugipay.books
    document = {
        "version": _VERSION,
        "workspaces": list(books.workspaces.values()),
        "payouts": list(books.payouts.values()),
        "events": books.events,
        "disbursements": books.disbursements,
        "deliveries": list(plugipay.deliveries.kept.values()),
        "answered": list(plugipay.repeats.answered.values()),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(document))
    Path(temporary).replace(path)


def load(plugipay: Plugipay, path: Path) -> None:
    """Takes in what an earlier run left, where there is something, and lets it go on. WrongFile where it cannot."""
    try:
        document = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return
    except orjson.JSONDecodeError:
        raise WrongFile(f"{path} is not a simulator's state: move it away to begin anew") from None
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise WrongFile(f"{path} is not a simulator's state of this release: move it away to begin anew")
    _restore(plugipay, document)


def _restore(plugipay: Plugipay, document: dict[str, Any]) -> None:
    books = plugipay.books
    for row in document["workspaces"]:
        money = {code: Money(**one) for code, one in row["money"].items()}
        books.workspaces[row["id"]] = Workspace(row["id"], row["currency"], money, Bank(**row["bank"]))
    for row in document["payouts"]:
        payout = Payout(**{**row, "bank": Bank(**row["bank"])})
        books.payouts[payout.id] = payout
    books.events = [Event(**row) for row in document["events"]]
    books.disbursements = [Disbursement(**row) for row in document["disbursements"]]
    for row in document["answered"]:
        plugipay.repeats.keep(Answered(**row))
    for row in document["deliveries"]:
        plugipay.deliveries.resume(Delivery(**{**row, "attempts": [Attempt(**one) for one in row["attempts"]]}))
    for payout in books.payouts.values():
        plugipay.resume(payout)
