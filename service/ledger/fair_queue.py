"""What waits for a lane's writer. Each account has its turn, and none keeps the others out.

What waits has a number, its turn. An account's first item has the turn after the one that is being taken, and each
further one has a turn that is later by the commands before it. So whoever comes waits until everybody has had one turn
more, however much they have waiting; and a turn that is being taken gets no newcomers, so that it ends. An item of several
accounts waits for the turns of all of them. An account's turns only rise: its order is the one of arrival.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")

_TIDY_AFTER = 1000

_SEVERAL = ""
"""Stands for whoever sends items of several accounts: their places are counted together."""


@dataclass(slots=True, eq=False)
class _Place(Generic[Item]):
    """One item in the queue. `holder` is the account whose places it takes."""

    item: Item
    holder: str
    commands: int
    left: bool = False


class FairQueue(Generic[Item]):
    """Items with their accounts and their numbers of commands, for so many commands."""

    def __init__(self, commands_max: int) -> None:
        self.commands = 0
        """How many wait."""
        self._max = commands_max
        self._turns: list[tuple[float, int, _Place[Item]]] = []
        """A heap: turn, number of arrival, place."""
        self._numbers = count()
        self._turn = 0.0
        """The one that is being taken."""
        self._next_turns: dict[str, float] = {}
        """By account, the turn of its next item. One that has passed says nothing more than its absence."""
        self._places: defaultdict[str, dict[_Place[Item], None]] = defaultdict(dict)
        """By holder, in the order of arrival."""
        self._held: defaultdict[str, int] = defaultdict(int)
        """By holder, the commands in its places."""
        self._tidy_at = _TIDY_AFTER

    def __bool__(self) -> bool:
        return bool(self._held)

    def put(self, item: Item, account_ids: Collection[str], commands: int) -> list[Item] | None:
        """Queues an item; the items that had to leave for it. None, and nothing changes, where there is no room.

        An empty queue takes any item. A full one makes room at the cost of whoever holds most, the last to arrive first,
        as long as that one holds more than the newcomer would.
        """
        holder = next(iter(account_ids)) if len(account_ids) == 1 else _SEVERAL
        leaving: list[_Place[Item]] = []
        if self._held and self.commands + commands > self._max:
            leaving = self._giving_way(self._held.get(holder, 0) + commands, self.commands + commands - self._max)
            if not leaving:
                return None
        for other in leaving:
            self._leave(other)
        turn = max(self._turn + 1, *(self._next_turns.get(account_id, 0.0) for account_id in account_ids))
        next_turn = turn + commands / len(account_ids)
        for account_id in account_ids:
            self._next_turns[account_id] = next_turn
        place = _Place(item, holder, commands)
        self._places[holder][place] = None
        self._held[holder] += commands
        self.commands += commands
        heapq.heappush(self._turns, (turn, next(self._numbers), place))
        if len(self._turns) + len(self._next_turns) > self._tidy_at:
            self._tidy()
        return [other.item for other in leaving]

    def take(self, commands_max: int) -> list[Item]:
        """The next items by their turns, for so many commands; the first of them may have more."""
        taken: list[Item] = []
        commands = 0
        while self._turns:
            turn, _, place = self._turns[0]
            if not place.left:
                if taken and commands + place.commands > commands_max:
                    return taken
                taken.append(place.item)
                commands += place.commands
                self._turn = turn
                self._leave(place)
            heapq.heappop(self._turns)
        # Nobody waits: there is nobody to be fair to.
        self._turn = 0.0
        self._next_turns.clear()
        return taken

    def _giving_way(self, newcomer_holds: int, wanted: int) -> list[_Place[Item]]:
        """The places that free so many commands; none where that would cost one that holds no more than the newcomer."""
        left = dict(self._held)
        last_first = {holder: reversed(places) for holder, places in self._places.items()}
        giving_way: list[_Place[Item]] = []
        while wanted > 0:
            largest = max(left, key=left.__getitem__)
            if left[largest] <= newcomer_holds:
                return []
            place = next(last_first[largest])
            left[largest] -= place.commands
            wanted -= place.commands
            giving_way.append(place)
        return giving_way

    def _tidy(self) -> None:
        """Forgets who has left and which turns have passed: a queue that is never empty grows no further than who waits."""
        self._turns = [each for each in self._turns if not each[2].left]
        heapq.heapify(self._turns)
        self._next_turns = {name: turn for name, turn in self._next_turns.items() if turn > self._turn + 1}
        self._tidy_at = 2 * (len(self._turns) + len(self._next_turns)) + _TIDY_AFTER

    def _leave(self, place: _Place[Item]) -> None:
        place.left = True
        places = self._places[place.holder]
        del places[place]
        self._held[place.holder] -= place.commands
        self.commands -= place.commands
        if not places:
            del self._places[place.holder], self._held[place.holder]
