"""Random lives of an account: steps that are drawn first and made into commands or statements when their turn comes.

A step is relative to the books it meets (this payout, all that is available), since commands drawn blindly are
nearly all refused and prove little.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from hypothesis import strategies as st

from events.account_state import AccountState
from events.accounts.state import LIVE
from events.catalog import AnyEvent
from events.channels.observe import observe_statement
from events.decide import decide
from events.decision_context import DecisionContext
from events.instants import Instant
from events.policies.decide import due
from events.policies.schedule import WEEKENDS
from events.provider.observe import observe
from events.refusals import Refusal
from events.settlements.observe import observe_settlement
from tests.events.lived_commands import OTHER_TYPES, command_of
from tests.events.lived_observations import (
    entry_of,
    observation_of,
    outcome_of,
    seen_by_settlement,
    seen_by_statement,
    settlement_of,
    statement_of,
    statements_of,
    withdrawn,
)
from tests.events.steps import CURRENCIES, MOST, Step, later, moment
from tests.spec import seen_by

KINDS = [
    *["revenue", "settle"] * 5,
    *["payout", "start"] * 8,
    *["send", "pay"] * 4,
    *["provider"] * 10,
    *["silence", "apply"] * 5,
    *["refused", "give up", "forgotten", "resubmit", "keep", "look"] * 3,
    "dismiss",
    *["statement", "settlement"] * 4,
    *["policy"] * 2,
    *["tick", "dispute"] * 4,
    *["resolve"] * 5,
    "channel",
    *["cycle", "cut"] * 2,
    *["entry", "match", "unmatch"] * 2,
    *["tolerance", "terms", "bank statement"],
    *["refund", "fee", "adjust", "hold", "release", "cancel", "fail", "return", "link", "backend", "bank"] * 2,
    *["freeze", "unfreeze", "unfreeze", "close", "open", "secret", "retire", "workspace"],
    *OTHER_TYPES * 3,
    *["withdraw"] * 3,
]
AMOUNTS = st.integers(1, 30) | st.integers(1, MOST)
STEP: st.SearchStrategy[Step] = st.tuples(
    st.sampled_from(KINDS), st.integers(0, 3), AMOUNTS, st.sampled_from(CURRENCIES), st.booleans()
)


def beginning(through_plugipay: bool, with_money: bool = True) -> list[Step]:
    opening: list[Step] = [("open", 0, 1, "IDR", through_plugipay), ("bank", 0, 1, "IDR", True)]
    earning: list[Step] = [("revenue", 0, 100_000, "IDR", False), ("settle", 0, 90_000, "IDR", False)]
    return [*opening, *(earning if with_money else [])]


LIVES: st.SearchStrategy[list[Step]] = st.builds(
    lambda through_plugipay, steps: [*beginning(through_plugipay), *steps],
    st.booleans(),
    st.lists(STEP, min_size=25, max_size=60),
)


NOTED = ("start", "silence", "refused", "give up", "forgotten", "keep", "dismiss")


def _withdrawn(step: Step, state: AccountState) -> Sequence[AnyEvent] | Refusal:
    try:
        return withdrawn(step, state) if state.account else []
    except Refusal as refusal:
        return refusal


def happens(step: Step, number: int, state: AccountState) -> tuple[Sequence[AnyEvent] | Refusal, Instant]:
    """What the step leads to and when it happened; the books stay as they are."""
    before = state.copy()
    outcome: Sequence[AnyEvent] | Refusal
    if step[0] == "provider":
        observation, payout_id = observation_of(step, number, state)
        outcome = observe(observation, state, payout_id, f"{number:026}")
        effective_at = observation.occurred_at
    elif step[0] == "statement":
        observed, effective_at = statement_of(step, number), moment(number)
        outcome = observe_statement(observed, seen_by_statement(observed, state)) if state.account else []
        assert not state.account or outcome == observe_statement(observed, state), "those rows suffice"
    elif step[0] == "settlement":
        record, effective_at = settlement_of(step, number), moment(number)
        outcome = observe_settlement(record, seen_by_settlement(record, state)) if state.account else []
        assert not state.account or outcome == observe_settlement(record, state), "those rows suffice"
    elif step[0] == "cut":
        outcome, effective_at = statements_of(number, state), moment(number)
    elif step[0] in ("entry", "bank statement"):
        outcome, effective_at = entry_of(step, state), moment(number)
    elif step[0] == "withdraw":
        outcome, effective_at = _withdrawn(step, state), moment(number)
    elif step[0] == "tick":
        ids = count(number * 1000)
        outcome, effective_at = due(state, later(number), lambda: f"{next(ids):026}", WEEKENDS), moment(number)
    elif step[0] in NOTED:
        outcome, effective_at = outcome_of(step, state), moment(number)
    else:
        command, effective_at = command_of(step, state), moment(number)
        seen = seen_by(command, state)
        untouched = seen.copy()
        try:
            outcome = decide(command, seen, DecisionContext(effective_at, moment(0), new_id=f"{number:026}", mode=LIVE))
        except Refusal as refusal:
            outcome = refusal
        assert seen == untouched, "a decision never writes in the books, and least of all a refusal"
    assert state == before
    return outcome, effective_at
