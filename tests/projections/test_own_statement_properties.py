"""Whatever happens in an account, its statements tie out to the books at each cut, and do not depend on who is late."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import event as noted
from hypothesis import given, settings
from hypothesis import strategies as st

from events.channels.observe import AMOUNTS
from events.decision_context import DecisionContext
from events.instants import Instant, from_datetime
from events.refusals import Refusal
from events.statements.commands import SetStatementCycle
from events.statements.decide import set_cycle
from events.statements.events import StatementClosed
from events.statements.periods import CYCLES
from projections.statement_fields import lines
from tests.events.lives import LIVES, happens
from tests.events.steps import Step
from tests.spec import ACCOUNT
from tests.support.streams import EXPONENTS, Stream

BEGIN = datetime(2026, 5, 13, 10, 42, tzinfo=UTC)
HOURS = st.lists(st.sampled_from([0, 0, 1, 30, 200]), min_size=70, max_size=70)
CLOSERS = st.lists(st.integers(0, 69), max_size=6)
CHANGES = st.dictionaries(
    st.integers(3, 60), st.tuples(st.sampled_from(CYCLES), st.sampled_from(["UTC", "Asia/Jakarta"])), max_size=4
)
LATER = from_datetime(BEGIN + timedelta(days=500))


def lived(steps: list[Step], hours: list[int], closers: list[int], changes: dict[int, tuple[str, str]]) -> Stream:
    """A life in which somebody closes what is due at some steps, and once more at the end."""
    stream, at = Stream(), BEGIN
    for number, step in enumerate(steps):
        at += timedelta(hours=hours[number])
        now = from_datetime(at)
        if number in closers:
            stream.close(now)
        if number in changes or number == 2:
            change(stream, changes.get(number, ("weekly", "Asia/Jakarta")), now)
        if step[0] in ("cut", "cycle"):
            continue
        outcome, effective_at = happens(step, number, stream.state)
        if not isinstance(outcome, Refusal):
            for event in outcome:
                stream.record(event, now, effective_at)
    stream.close(LATER)
    return stream


def change(stream: Stream, cycle: tuple[str, str], now: Instant) -> None:
    account = stream.state.account
    assert account is not None
    command = SetStatementCycle.model_validate({"account_id": ACCOUNT, "cycle": cycle[0], "zone": cycle[1]})
    for event in set_cycle(command, account, DecisionContext(now, now, "", "live")):
        stream.record(event, now)


def closed(stream: Stream) -> list[StatementClosed]:
    return [event for _, event in stream.events if isinstance(event, StatementClosed)]


def number_of(text: str, exponent: int) -> int:
    found = Decimal(text.split(maxsplit=1)[0]).scaleb(exponent)
    assert found == found.to_integral_value()
    return int(found)


@settings(max_examples=150, deadline=None)
@given(LIVES, HOURS, CLOSERS, CHANGES)
def test_every_statement_ties_out_to_the_books_and_its_lines_add_up_to_it(
    steps: list[Step], hours: list[int], closers: list[int], changes: dict[int, tuple[str, str]]
) -> None:
    stream = lived(steps, hours, closers, changes)
    made = closed(stream)
    noted(f"{min(len(made), 5)} statements")
    assert len({event.number for event in made}) == len(made)
    before: dict[str, StatementClosed] = {}
    for event in made:
        standing = stream.standing[event.through_version]
        assert (event.closing, event.held) == standing.get(event.currency, (0, 0))
        figures = {name: number_of(event.content[name], EXPONENTS[event.currency]) for name in AMOUNTS}
        assert figures["Subtotal1"] == figures["ItemRevenue"] + figures["OtherRevenueTotal"] - figures["FeesTotal"]
        assert figures["Subtotal2"] == figures["Subtotal1"] - figures["Refunds"]
        change = figures["GuaranteeDeposit"] - event.held_before
        assert figures["OpeningBalance"] + figures["Subtotal2"] - change - figures["Payout"] == event.closing
        assert figures["ClosingBalance"] == event.closing
        previous = before.get(event.currency)
        if previous is not None:
            assert (event.previous, event.opening, event.held_before) == (
                previous.number,
                previous.closing,
                previous.held,
            )
            assert event.after_version >= previous.through_version
            assert event.starts_at >= previous.ends_at
        before[event.currency] = event
        sums: Counter[str] = Counter({"GuaranteeDeposit": event.held_before})
        for envelope, each in stream.events[event.after_version : event.through_version]:
            for line in lines(envelope, each, event.currency):
                sums[line.field] += line.amount
                if line.within is not None:
                    sums[line.within] += line.amount
        named = ("ItemRevenue", "OtherRevenueTotal", "FeesTotal", "Refunds", "Payout", "GuaranteeDeposit")
        for name in (*named, "ShipmentFee", "FeesOnRefundsTotal"):
            assert sums[name] == figures[name], name


@settings(max_examples=100, deadline=None)
@given(LIVES, HOURS, CLOSERS, CHANGES)
def test_late_closers_close_the_same_statements(
    steps: list[Step], hours: list[int], closers: list[int], changes: dict[int, tuple[str, str]]
) -> None:
    punctual, late = (lived(steps, hours, when, changes) for when in (closers, []))
    assert [comparable(punctual, event) for event in closed(punctual)] == [
        comparable(late, event) for event in closed(late)
    ]


def comparable(stream: Stream, event: StatementClosed) -> StatementClosed:
    """The statement but for when it was closed; places are counted without the statements that stand between."""

    def place(version: int) -> int:
        return sum(not isinstance(each, StatementClosed) for _, each in stream.events[:version])

    content = {name: text for name, text in event.content.items() if name not in ("CreatedAt", "UpdatedAt")}
    return replace(
        event,
        content=content,
        created_at="",
        after_position=0,
        through_position=0,
        after_version=place(event.after_version),
        through_version=place(event.through_version),
    )
