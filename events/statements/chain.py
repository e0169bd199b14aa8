"""Where an account's own statements stand: the chain that each new statement has to continue.

It is kept in the account's settings, so that every decision has it at hand. A cut lies between two events of the
account: what is recorded up to it is in one statement, what is recorded later, whenever it happened, in the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from events.instants import Instant
from events.statements.events import StatementClosed, StatementCycleSet
from events.statements.periods import DELIVERED_ORDER, Cycle
from events.values import Data, value

SETTING = "statementCycle"
CHANNEL = "ledger"
"""The channel and the source under which the ledger's own statements stand beside the marketplaces'."""


@value
class Link:
    """How the last statement in one currency left it, in minor units."""

    closing: int = 0
    held: int = 0
    number: str | None = None
    count: int = 0
    """How many statements there were."""


@value
class Chain:
    """`cycle` is in force now, since the event at `set_position`; `cycle_at_cut` was at the last cut."""

    cycle: Cycle
    since: Instant
    set_position: int
    set_version: int
    cycle_at_cut: Cycle
    cut_at: Instant
    """The end of the last closed period, or when the first began."""
    through_position: int
    through_version: int
    """The last event that is in a closed statement."""
    due_at: Instant | None
    """From when on somebody has to look whether a period has ended; it may be early, never late."""
    links: Mapping[str, Link]

    def link(self, currency: str) -> Link:
        return self.links.get(currency) or Link()


def read_chain(settings: Data) -> Chain | None:
    """The chain as an account's settings have it; None before a cycle was ever set."""
    kept = settings.get(SETTING)
    if kept is None:
        return None
    return Chain(
        cycle=_cycle_from(kept),
        since=kept["since"],
        set_position=kept["setPosition"],
        set_version=kept["setVersion"],
        cycle_at_cut=_cycle_from(kept["atCut"]),
        cut_at=kept["cutAt"],
        through_position=kept["throughPosition"],
        through_version=kept["throughVersion"],
        due_at=kept["dueAt"],
        links={
            currency: Link(link["closing"], link["held"], link["number"], link["count"])
            for currency, link in kept["currencies"].items()
        },
    )


def _cycle_from(kept: Data) -> Cycle:
    return Cycle(kept["cycle"], kept["zone"], kept["weekStartsOn"])


def _cycle_data(cycle: Cycle) -> Data:
    return {"cycle": cycle.kind, "zone": cycle.zone, "weekStartsOn": cycle.week_starts_on}


def _written(settings: Data, chain: Chain) -> Data:
    kept = {
        **_cycle_data(chain.cycle),
        "since": chain.since,
        "setPosition": chain.set_position,
        "setVersion": chain.set_version,
        "atCut": _cycle_data(chain.cycle_at_cut),
        "cutAt": chain.cut_at,
        "throughPosition": chain.through_position,
        "throughVersion": chain.through_version,
        "dueAt": chain.due_at,
        "currencies": {
            currency: {"closing": link.closing, "held": link.held, "number": link.number, "count": link.count}
            for currency, link in chain.links.items()
        },
    }
    return {**settings, SETTING: kept}


def cycle_of(event: StatementCycleSet | StatementClosed) -> Cycle:
    return Cycle(event.cycle, event.zone, event.week_starts_on)


def with_cycle(
    settings: Data, event: StatementCycleSet, standing: Mapping[str, Link], version: int, position: int
) -> Data:
    """The settings once a cycle was set; the first one begins the chain, with what stood there."""
    chain = read_chain(settings)
    cycle = cycle_of(event)
    # Money of a delivered order may be waiting for its statement at any time.
    due_at = event.since if cycle.kind == DELIVERED_ORDER else event.due_at
    if chain is None:
        chain = Chain(
            cycle=cycle,
            since=event.since,
            set_position=position,
            set_version=version,
            cycle_at_cut=cycle,
            cut_at=event.since,
            through_position=position,
            through_version=version,
            due_at=due_at,
            links=standing,
        )
    else:
        due = [each for each in (chain.due_at, due_at) if each is not None]
        chain = replace(
            chain,
            cycle=cycle,
            since=event.since,
            set_position=position,
            set_version=version,
            due_at=min(due, default=None),
        )
    return _written(settings, chain)


def with_statement(settings: Data, event: StatementClosed) -> Data:
    """The settings once a statement was closed. Those of one cut, a currency each, follow each other."""
    chain = read_chain(settings)
    assert chain is not None, "a statement is closed in a cycle"
    count = chain.link(event.currency).count + 1
    links = {**chain.links, event.currency: Link(event.closing, event.held, event.number, count)}
    # A cycle that was set after the cut is still to be met.
    due_at = event.next_due_at if event.through_position >= chain.set_position else chain.since
    chain = replace(
        chain,
        cycle_at_cut=cycle_of(event),
        cut_at=event.ends_at,
        through_position=event.through_position,
        through_version=event.through_version,
        due_at=due_at,
        links=links,
    )
    return _written(settings, chain)
