"""An account's stream in memory, and its statements closed as the service closes them, but for the database."""

from __future__ import annotations

from dataclasses import dataclass, field

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.envelope import Actor, Envelope, Source, encode
from events.evolve import evolve
from events.instants import Instant
from events.statements.chain import read_chain
from events.statements.decide import close
from events.statements.events import StatementClosed
from events.statements.evolve import owed
from projections.own_statements import OpenPeriod, drafts
from tests.spec import ACCOUNT

EXPONENTS = {"IDR": 2, "USD": 2, "VND": 0, "BHD": 3}


@dataclass
class Stream:
    """Facts with the books that they lead to, and what was owed and held after each."""

    state: AccountState = field(default_factory=lambda: AccountState(ACCOUNT))
    events: list[tuple[Envelope, AnyEvent]] = field(default_factory=list)
    standing: list[dict[str, tuple[int, int]]] = field(default_factory=lambda: [{}])

    def record(self, event: AnyEvent, recorded_at: Instant, effective_at: Instant | None = None) -> None:
        name, version, data = encode(event)
        number = len(self.events) + 1
        # Other accounts have events between these.
        position = 10 * number
        envelope = Envelope(
            ledger_id="l",
            lane=1,
            position=position,
            account_id=ACCOUNT,
            version=number,
            event_id=f"e{number}",
            type=name,
            schema_version=version,
            effective_at=effective_at or recorded_at,
            recorded_at=recorded_at,
            actor=Actor("key"),
            source=Source("command"),
            command_key=None,
            command_digest=None,
            correlation_id=None,
            causation_id=None,
            traceparent=None,
            key_generation=1,
            data=data,
        )
        evolve(self.state, event, envelope.effective_at, position)
        self.events.append((envelope, event))
        self.standing.append(
            {currency: (owed(balance), balance.held) for currency, balance in self.state.balances.items()}
        )

    def drafted(self, now: Instant) -> tuple[list[StatementClosed], bool]:
        """The statements that are due, and whether their cut is certain."""
        chain = read_chain(self.state.account.settings) if self.state.account is not None else None
        if chain is None:
            return [], True
        stretch = OpenPeriod(chain)
        cut = None
        for envelope, event in self.events[chain.through_version :]:
            cut = stretch.add(envelope, event)
            if cut is not None:
                break
        else:
            cut = stretch.end(now, now)
        return (drafts(ACCOUNT, chain, cut, EXPONENTS), cut.certain) if cut is not None else ([], True)

    def close(self, now: Instant) -> list[StatementClosed]:
        """Closes everything that is due."""
        made: list[StatementClosed] = []
        while True:
            due, certain = self.drafted(now)
            closed = close(due, self.state, now, certain=certain) if due else []
            for event in closed:
                self.record(event, now)
            made.extend(closed)
            if not closed:
                return made
