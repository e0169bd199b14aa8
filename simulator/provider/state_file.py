"""The state file of a simulator, from which the next run continues. It has test data in it, not sealed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import orjson

from simulator.provider.deliveries import Attempt, Delivery
from simulator.provider.idempotency import StoredResponse
from simulator.provider.payouts import Bank, Payout
from simulator.provider.plugipay import Plugipay
from simulator.provider.state import Disbursement, Event, Money, Workspace

_VERSION = 1


class WrongFile(Exception):
    """The state file is not one of a simulator."""


def save(plugipay: Plugipay, path: Path) -> None:
    """Writes the file whole or not at all, readable by its owner alone."""
    state = plugipay.state
    document = {
        "version": _VERSION,
        "workspaces": list(state.workspaces.values()),
        "payouts": list(state.payouts.values()),
        "events": state.events,
        "disbursements": state.disbursements,
        "deliveries": list(plugipay.deliveries.stored.values()),
        "answered": list(plugipay.stored_responses.responses.values()),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(document))
    Path(temporary).replace(path)


def load(plugipay: Plugipay, path: Path) -> None:
    """Restores the state of an earlier run, if there is one, and continues from it. WrongFile where it cannot."""
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
    state = plugipay.state
    for row in document["workspaces"]:
        money = {code: Money(**one) for code, one in row["money"].items()}
        state.workspaces[row["id"]] = Workspace(row["id"], row["currency"], money, Bank(**row["bank"]))
    for row in document["payouts"]:
        payout = Payout(**{**row, "bank": Bank(**row["bank"])})
        state.payouts[payout.id] = payout
    state.events = [Event(**row) for row in document["events"]]
    state.disbursements = [Disbursement(**row) for row in document["disbursements"]]
    for row in document["answered"]:
        plugipay.stored_responses.store(StoredResponse(**row))
    for row in document["deliveries"]:
        plugipay.deliveries.resume(Delivery(**{**row, "attempts": [Attempt(**one) for one in row["attempts"]]}))
    for payout in state.payouts.values():
        plugipay.resume(payout)
