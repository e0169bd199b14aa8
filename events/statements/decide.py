"""The ledger's own statements: choosing their cycle, and closing one so that it continues the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events.account_state import AccountState, replace
from events.accounts.state import Account
from events.catalog import AnyEvent
from events.decision_context import DecisionContext
from events.instants import Instant
from events.refusals import InvalidCommand
from events.statements.chain import Chain, read_chain
from events.statements.commands import SetStatementCycle, StatementCommand
from events.statements.events import StatementClosed, StatementCycleSet
from events.statements.evolve import owed
from events.statements.periods import OFF, WEEKDAYS, WEEKLY, Cycle, end_after, local_text, zone_named


def decide(
    command: StatementCommand, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    match command:
        case SetStatementCycle():
            return set_cycle(command, account, context)
        case _:
            assert_never(command)


def set_cycle(command: SetStatementCycle, account: Account, context: DecisionContext) -> Sequence[AnyEvent]:
    chain = read_chain(account.settings)
    if command.week_starts_on is not None and command.cycle != WEEKLY:
        raise InvalidCommand("only weekly statements have a day that their week starts on", field="weekStartsOn")
    if chain is None and command.cycle == OFF:
        return []
    zone = command.zone or (chain.cycle.zone if chain is not None else None)
    if zone is None:
        raise InvalidCommand("in which time zone days begin has to be said, such as Asia/Jakarta", field="zone")
    try:
        zone_named(zone)
    except ValueError as problem:
        raise InvalidCommand(str(problem), field="zone") from None
    cycle = Cycle(command.cycle, zone, command.week_starts_on or _week_start(command, chain))
    if chain is not None and chain.cycle == cycle:
        return []
    return [
        StatementCycleSet(
            cycle=cycle.kind,
            zone=cycle.zone,
            week_starts_on=cycle.week_starts_on,
            since=context.now,
            due_at=end_after(cycle, context.now),
        )
    ]


def _week_start(command: SetStatementCycle, chain: Chain | None) -> str:
    stays = chain is not None and chain.cycle.kind == command.cycle == WEEKLY
    return chain.cycle.week_starts_on if chain is not None and stays else WEEKDAYS[0]


class NotYet(Exception):
    """Something was recorded after the statements were drawn up that may belong in them: read on and draw them again."""


class DoesNotTie(Exception):
    """A statement's closing balance is not the account's: it must not be stated."""


def close(
    drafts: Sequence[StatementClosed], state: AccountState, now: Instant, *, certain: bool
) -> Sequence[StatementClosed]:
    """The statements of one cut, a currency each; none where they do not continue the chain: somebody closed it before.

    `certain` says that nothing recorded from now on can belong before the cut. Otherwise the cut has to be the
    account's last event as it stands here, and the period has to be over by the clock that records.
    """
    account = state.account
    assert account is not None, "an account's first event is that it was opened"
    chain = read_chain(account.settings)
    if chain is None or not all(_continues(draft, chain) for draft in drafts):
        return []
    for draft in drafts:
        if draft.ends_at > now or (state.version != draft.through_version and not certain):
            raise NotYet
        balance = state.balance(draft.currency)
        if state.version == draft.through_version and (owed(balance), balance.held) != (draft.closing, draft.held):
            raise DoesNotTie(
                f"statement {draft.number} closes at {draft.closing} with {draft.held} held, "
                f"and the account has {owed(balance)} with {balance.held} held"
            )
    return [
        replace(draft, created_at=now, content={**draft.content, **dict.fromkeys(("CreatedAt", "UpdatedAt"), text)})
        for draft in drafts
        for text in (local_text(draft.zone, now),)
    ]


def _continues(draft: StatementClosed, chain: Chain) -> bool:
    link = chain.link(draft.currency)
    return (draft.after_position, draft.opening, draft.held_before, draft.previous) == (
        chain.through_position,
        link.closing,
        link.held,
        link.number,
    )
