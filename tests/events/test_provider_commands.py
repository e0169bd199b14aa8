"""What the provider tells of a payout, with everything that commands and the dispatcher may do in between.

Every sequence of up to six steps is walked, deliveries and commands in any order, and judged by a model of its own.
Sequences that lead to the same books and the same model state go on as one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from events.account_state import AccountState
from events.accounts.state import LIVE
from events.catalog import AnyCommand, AnyEvent
from events.decide import decide
from events.decision_context import DecisionContext
from events.instants import shifted
from events.payouts import submissions
from events.payouts.commands import CancelPayout, LinkProviderPayout, RecordBankReturn, ResubmitPayout
from events.provider.commands import CloseCase
from events.provider.observe import observe
from events.provider.reports import ReportedStatus
from events.refusals import Refusal
from tests.events.deliveries import MAY_2, MAY_3, MAY_4, MAY_9, REQUESTED, delivery, open_kinds
from tests.events.provider_model import balance, conflicts, place, shown, times
from tests.spec import ACCOUNT, ACTOR, EARLIEST, NEW_ID, NOW, fold, given, seen_by

LATER = shifted(NOW, timedelta(days=1))

DELIVERIES = {
    said.event_id: said
    for said in (
        delivery(ReportedStatus.CREATED, MAY_2, "created"),
        delivery(ReportedStatus.IN_TRANSIT, MAY_3, "in_transit"),
        delivery(ReportedStatus.PAID, MAY_4, "paid"),
        delivery(ReportedStatus.FAILED, MAY_3, "failed"),
        delivery(ReportedStatus.FAILED, MAY_9, "failed later"),
        delivery(ReportedStatus.CANCELLED, MAY_3, "cancelled"),
        delivery(ReportedStatus.PAID, LATER, "paid later"),
    )
}


@dataclass(frozen=True)
class Model:
    """What is so, by the documents alone."""

    told: frozenset[tuple[str, str]] = frozenset()
    heard: frozenset[str] = frozenset()
    submission: str | None = None
    attempt: int = 0
    linked: bool = False
    asked: bool = False
    cases: frozenset[str] = frozenset()
    forgotten: bool = False
    """Whether a person was told once that the provider does not know the payout: by the same id, once is enough."""

    @property
    def status(self) -> str:
        return place(self.told).status

    def telling(self, says: str, when: str) -> Model:
        """Something is said: all that it contradicts stands open, also where it had been closed.

        Unless it was said to have happened before as well as after: then it is one more of the same.
        """
        known = times(self.told, says)
        now = self.told | {(says, when)}
        if known and known[0] <= when <= known[-1]:
            return replace(self, told=now)
        return replace(self, told=now, cases=self.cases | conflicts(now))


def _deliver(event_id: str, model: Model) -> Model:
    said = DELIVERIES[event_id]
    if event_id in model.heard:
        return model
    model = replace(model, heard=model.heard | {event_id}, submission="accepted", linked=True)
    return model.telling(said.says.value, said.occurred_at)


def _cancel(model: Model) -> Model | None:
    if model.status != "pending":
        return None
    return model.telling("cancelled", NOW) if model.submission is None else replace(model, asked=True)


def _start(model: Model) -> Model:
    if model.status != "pending" or model.submission is not None or model.linked:
        return model
    return replace(model, submission="started", attempt=1)


def _silent(model: Model) -> Model:
    return replace(model, submission="unknown") if _unanswered(model) else model


def _unanswered(model: Model) -> bool:
    return model.status == "pending" and model.submission in ("started", "unknown")


def _refused(model: Model) -> Model:
    return model.telling("refused", NOW) if _unanswered(model) else model


def _given_up(model: Model) -> Model:
    return replace(model, cases=model.cases | {"submission_unknown"}) if _unanswered(model) else model


def _forgotten(model: Model) -> Model:
    if not model.linked or model.forgotten or model.status not in ("pending", "in_transit"):
        return model
    return replace(model, cases=model.cases | {"unknown_to_provider"}, forgotten=True)


def _resubmit(model: Model) -> Model | None:
    kind = "submission_unknown" if model.submission in ("started", "unknown") else "unknown_to_provider"
    if model.status != "pending" or kind not in model.cases:
        return None
    again = replace(model, submission="started", attempt=model.attempt + 1, cases=model.cases - {kind})
    # What was said of a payout that the provider has lost is not said of the new one.
    return replace(again, linked=False, told=frozenset()) if model.linked else again


def _return(model: Model) -> Model | None:
    if model.status != "paid" or times(model.told, "paid")[-1] >= NOW:
        return None
    # What we say ourselves contradicts nobody: cases are about the provider's word.
    return replace(model, told=model.told | {("failed", NOW)})


def _close(kind: str, model: Model) -> Model | None:
    return replace(model, cases=model.cases - {kind}) if kind in model.cases else None


BY_MODEL: dict[str, Callable[[Model], Model | None]] = {
    "cancel": _cancel,
    "cancel refused": lambda model: replace(model, asked=False),
    "start": _start,
    "silent": _silent,
    "refused": _refused,
    "given up": _given_up,
    "forgotten": _forgotten,
    "resubmit": _resubmit,
    "link": lambda model: model if model.linked else replace(model, linked=True, submission="accepted"),
    "return": _return,
    "close submission_unknown": lambda model: _close("submission_unknown", model),
    "close unknown_to_provider": lambda model: _close("unknown_to_provider", model),
    "close paid_after_failure": lambda model: _close("paid_after_failure", model),
    "close cancelled_and_ended": lambda model: _close("cancelled_and_ended", model),
    "close moved_after_end": lambda model: _close("moved_after_end", model),
}
"""What each step leads to; None where it has to be refused."""


def _command(step: str, state: AccountState) -> AnyCommand:
    payout = {"account_id": ACCOUNT, "payout_id": "pout_1"}
    match step:
        case "cancel":
            return CancelPayout.model_validate(payout)
        case "resubmit":
            return ResubmitPayout.model_validate({**payout, "reason": "they have no trace of it"})
        case "link":
            return LinkProviderPayout.model_validate({**payout, "provider_payout_id": "po_1"})
        case "return":
            return RecordBankReturn.model_validate({**payout, "reason": "account closed"})
    kind = step.removeprefix("close ")
    case_id = next((name for name, case in state.cases.items() if case.kind == kind), "case_none")
    return CloseCase(account_id=ACCOUNT, case_id=case_id, reason="looked into")


def _facts(step: str, state: AccountState) -> list[AnyEvent] | None:
    """What really follows; None for a refusal."""
    payout, account = state.payouts["pout_1"], state.account
    assert account is not None
    match step:
        case "start":
            may = submissions.may_be_submitted(payout, account)
            return list(submissions.start("pout_1", payout)) if may else []
        case "silent":
            return list(submissions.silent("pout_1", payout, "timed out"))
        case "refused":
            return list(submissions.refused("pout_1", payout, "INVALID_DESTINATION"))
        case "given up":
            return list(submissions.given_up(ACCOUNT, "pout_1", payout, "no trace of it"))
        case "forgotten":
            return list(submissions.unknown_to_provider(state, "pout_1"))
        case "cancel refused":
            return list(submissions.cancel_refused("pout_1", payout, "too late"))
    try:
        command = _command(step, state)
        context = DecisionContext(now=NOW, earliest=EARLIEST, new_id=NEW_ID, mode=LIVE, actor=ACTOR)
        return list(decide(command, seen_by(command, state), context))
    except Refusal:
        return None


def _check(state: AccountState, model: Model, path: tuple[str, ...]) -> None:
    payout = state.payouts["pout_1"]
    assert shown(payout) == place(model.told), path
    assert state.balances == {"IDR": balance(model.status)}, path
    assert open_kinds(state) == set(payout.contradictions) == model.cases, path
    assert (payout.submission, payout.attempt) == (model.submission, model.attempt), path
    assert (payout.provider_payout_id is not None, payout.cancel_asked_at is not None) == (model.linked, model.asked)
    assert set(state.observed) == model.heard, path


def _take(step: str, state: AccountState, model: Model) -> tuple[AccountState, Model, int]:
    if step in DELIVERIES:
        follows = list(observe(DELIVERIES[step], state, "pout_1", NEW_ID))
        assert len(follows) > 0 or step in model.heard, "no delivery is dropped"
        return fold(state, follows, DELIVERIES[step].occurred_at), _deliver(step, model), len(follows)
    expected, found = BY_MODEL[step](model), _facts(step, state)
    assert (expected is None) == (found is None), (step, model, found)
    return fold(state, found or [], NOW), expected or model, len(found or [])


def alike(state: AccountState, others: AccountState) -> bool:
    """Whether all that shows of the payout, and all that decides how it goes on, is the same."""
    one, other = state.payouts["pout_1"], others.payouts["pout_1"]
    return one == other and state.balances == others.balances


STEPS = (*DELIVERIES, *BY_MODEL)
LONGEST = 6


def test_every_interleaving_of_up_to_six_steps_ends_where_the_model_says() -> None:
    beginning = given(*REQUESTED).state
    _check(beginning, Model(), ())
    reached: dict[Model, tuple[AccountState, tuple[str, ...]]] = {Model(): (beginning, ())}
    frontier, taken = [Model()], set[str]()
    for _ in range(LONGEST):
        following: list[Model] = []
        for at in frontier:
            state, path = reached[at]
            for step in STEPS:
                after, model, moved = _take(step, state, at)
                if moved:
                    taken.add(step)
                else:
                    assert model == at, (path, step)
                    continue
                if model in reached:
                    assert alike(after, reached[model][0]), (path, step)
                    continue
                _check(after, model, (*path, step))
                reached[model] = after, (*path, step)
                following.append(model)
        frontier = following
    assert taken == set(STEPS), "every step led somewhere"
