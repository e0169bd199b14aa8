"""What a record said of money before it was read anew is withdrawn: the set changes, and with it what is booked.

As in `observe`, what is booked is the change from the money of the set before to the money of the set after, with its
adjustments. So what is withdrawn and observed anew ends where it had ended if the record had been read rightly at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from events.account_state import AccountState, BucketChange, owed_change
from events.balances.state import OrderKey
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.channels.withdraw import BOOKED_BEFORE
from events.instants import Instant
from events.observations import contents_of, without
from events.refusals import InvalidTransition
from events.settlements.adjustments import Adjustment, adjusted, row_name, standing
from events.settlements.events import SettlementWithdrawn
from events.settlements.evolve import known_key
from events.settlements.observe import paid_after
from events.settlements.release import (
    after_withdrawal,
    comes_back,
    gone_of,
    release_mark,
    released_no_more,
    worth_of,
)
from events.settlements.state import Settlement, SettlementKey
from events.values import Data, value


@value
class SaidOfMoney:
    """What a source's record said of some money.

    `key` names the money. `reference` is that of the record: where it is another than the money's, it is an adjustment.
    `by_commands` is False where it is known that commands recorded nothing for its order.
    """

    key: SettlementKey
    source: str
    reference: str
    content: str
    releases: str | None = None
    occurred_at: Instant | None = None
    by_commands: bool = True


def withdraw_settlement(
    said: SaidOfMoney, reason: str, state: AccountState, exponents: Mapping[str, int]
) -> Sequence[AnyEvent]:
    """The events that withdraw what a source's record said of some money; none where it does not stand.

    `exponents` are the decimals of each currency's major unit. InvalidTransition where a dispute holds what the money counts
    for, and it has to be resolved first; and where the money's row does not know what commands had to do with it.
    """
    found = _find(said, state)
    if found is None:
        return []
    key, known, entry, adjusts = found
    channel, seller, _ = key
    # An adjustment is let go of by its own row, and releases nothing else.
    releases = said.releases if adjusts is None else None
    after = after_withdrawal(known, said.source, said.reference, said.content, adjusts, releases)
    _refuse_unknown_worth(known, after)
    heard, of = (
        (known.sources, said.source) if adjusts is None else (known.adjustments, row_name(said.source, said.reference))
    )
    changes = [(known, after)]
    if releases is not None and releases != said.reference:
        other = state.settlements.get(known_key(state, channel, seller or None, releases))
        if other is not None:
            mark = release_mark(said.source, said.reference, said.content)
            changes.append((other, released_no_more(other, mark)))
    withdrawn = SettlementWithdrawn(
        channel=channel,
        source=said.source,
        reference=said.reference,
        content=said.content,
        digest=entry[1],
        currency=known.currency,
        counts_for=known.counts_for,
        reason=reason,
        is_all=not contents_of(without(heard, of, said.content), of),
        seller=seller or None,
        releases=releases,
        adjusts=adjusts,
        adjustments=_adjustments_after(*changes[-1], exponents),
    )
    return [withdrawn, *_booked(channel, changes, said, state)]


def _find(said: SaidOfMoney, state: AccountState) -> tuple[SettlementKey, Settlement, list[Any], str | None] | None:
    """The key of the money that this was said of, the money, what is kept of it, and what it adjusts."""
    channel, seller, reference = said.key
    if said.reference != reference:
        key = known_key(state, channel, seller or None, reference)
        money = state.settlements.get(key)
        rows = {} if money is None else contents_of(money.adjustments, row_name(said.source, said.reference))
        if money is not None and said.content in rows:
            return key, money, rows[said.content], reference
    # An older release knew it under a reference of its own.
    key = known_key(state, channel, seller or None, said.reference)
    money = state.settlements.get(key)
    contents = {} if money is None else contents_of(money.sources, said.source)
    if money is None or said.content not in contents:
        return None
    return key, money, contents[said.content], None


def _refuse_unknown_worth(known: Settlement, after: Settlement) -> None:
    """Older releases did not keep what each source said that money is worth: there is nothing to go back to."""
    if known.booked is None or after.booked is not None:
        return
    if any(len(entry) < 3 for source in after.sources for entry in contents_of(after.sources, source).values()):
        raise InvalidTransition(
            "an earlier release booked the same money, and did not keep by what: it stays as it is, and the command"
            " adjust corrects it"
        )


def _adjustments_after(before: Settlement, after: Settlement, exponents: Mapping[str, int]) -> Data | None:
    """How the adjustments stand, of the order that the record was about or let go of; None where none was ever told."""
    if not (before.adjusted or before.adjustments or after.adjusted or after.adjustments):
        return None
    return standing(after, exponents[after.currency])


@value
class _Commands:
    """What commands had to do with money that stands otherwise now, beside what the channel's records moved."""

    absorbed: int = 0
    """What they had recorded of the money: it is theirs again."""
    settled: int = 0
    """What they had settled of it before the records took it away: it is available again."""
    short: int = 0
    """What they had settled of it before it was let go of: it left nothing."""

    def __add__(self, other: _Commands) -> _Commands:
        return _Commands(self.absorbed + other.absorbed, self.settled + other.settled, self.short + other.short)

    @property
    def pending(self) -> int:
        """What of it all is pending again."""
        return self.absorbed - self.settled - self.short


def _commands_of(before: Settlement, after: Settlement, said: SaidOfMoney) -> _Commands:
    """What commands had to do with the money. InvalidTransition where that counts, and the money's row does not know it."""
    is_booked_no_more = before.booked is not None and after.booked is None
    absorbed, settled = (before.absorbed, before.settled) if is_booked_no_more else (0, 0)
    short = before.short if comes_back(before, after) else 0
    if (absorbed is None or settled is None or short is None) and said.by_commands:
        raise InvalidTransition(BOOKED_BEFORE)
    return _Commands(absorbed or 0, settled or 0, short or 0)


def _booked(
    channel: str, changes: Sequence[tuple[Settlement, Settlement]], said: SaidOfMoney, state: AccountState
) -> Iterator[ChannelMoneyBooked]:
    """What moves as moneys stand otherwise from now on, order by order."""
    by_order: dict[OrderKey, list[tuple[Settlement, Settlement]]] = {}
    for before, after in changes:
        by_order.setdefault((before.currency, before.counts_for), []).append((before, after))
    for (currency, counts_for), of_order in by_order.items():
        worth = sum(worth_of(after) - worth_of(before) for before, after in of_order)
        gone = sum(gone_of(after) - gone_of(before) for before, after in of_order)
        commands = sum((_commands_of(before, after, said) for before, after in of_order), _Commands())
        if not (worth or gone or commands != _Commands()):
            continue
        order = state.order(currency, counts_for)
        if order.disputed is not None:
            raise InvalidTransition(f"the order {counts_for} is in dispute: resolve it, and read the import again")
        owed, pending, total, paid = order.told - order.let_go, order.pending, 0, list[BucketChange]()
        late = [each for before, after in of_order for each in _left_late(before, after, said.occurred_at)]
        steps = [
            (worth, gone + sum(each.amount for each in late), commands, None),
            *((0, -each.amount, _Commands(), each.at) for each in late),
        ]
        collects = of_order[0][0].collects
        # What was paid last is taken back first.
        for _, more_gone, by, _ in reversed(steps):
            paid.insert(0, paid_after(total, total + more_gone + by.short, collects, channel, currency, state))
            total += more_gone + by.short
        for (more_worth, more_gone, by, happened_at), taken_back in zip(steps, paid, strict=True):
            left = owed + more_worth - more_gone
            change = owed_change(owed, left, pending, by.pending) + BucketChange(available=by.settled)
            owed, pending = left, pending + change.pending
            change += taken_back
            if change == BucketChange():
                continue
            yield ChannelMoneyBooked(
                channel=channel,
                reference=counts_for,
                currency=currency,
                pending=change.pending,
                available=change.available,
                held=0,
                paid_out=change.paid_out,
                owed=change.owed or None,
                happened_at=happened_at,
            )


def _left_late(before: Settlement, after: Settlement, released_at: Instant | None) -> list[Adjustment]:
    """The adjustments that left after the release that is withdrawn, at their own time, and are not let go of now."""
    if released_at is None or not before.released or after.released:
        return []
    kept = [each for each in adjusted(after).kept if each.at is not None and each.at > released_at]
    return sorted(kept, key=lambda each: each.at or "")
