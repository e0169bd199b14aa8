"""What every row of an account depends on: what matches claim, and what could be proposed for all that is open.

It is worked out from the whole account, since whether a pair is beyond doubt depends on all others. It stays true until
the account changes, so that whoever goes through the rows page by page has it worked out once, and not for each page.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from service.reconciliation.claims import Claims
from service.reconciliation.rows import Bank

ACCOUNTS_MAX = 8
"""Of so many accounts it is kept: those that were asked about last."""
SECONDS_MAX = 60.0
"""For so long it is kept at most."""


@dataclass(frozen=True, slots=True)
class StateVersion:
    """Which state of an account is seen: its version, and how far the lane and the trailing settlements are."""

    version: int
    head: int
    followed: int


@dataclass(frozen=True, slots=True)
class CachedReconciliation:
    """Without the words that banks wrote: they are personal data, and read anew for the rows that are shown."""

    claims: Claims
    bank: Bank


@dataclass(slots=True)
class _Kept:
    standing: CachedReconciliation
    moment: StateVersion
    known_by: int
    """A head by which the account had this version: settlements that are as far have all that it says."""
    until: float


class ReconciliationCache:
    """The standings of the accounts that were asked about last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str], _Kept] = OrderedDict()

    def find(self, lane: int, account_id: str, moment: StateVersion, now: float) -> CachedReconciliation | None:
        """The standing that is true at the moment, if it is kept."""
        self._forget(now)
        kept = self._kept.get((lane, account_id))
        if kept is None or kept.moment.version != moment.version:
            return None
        if kept.moment.followed < kept.known_by and kept.moment.followed != moment.followed:
            return None
        self._kept.move_to_end((lane, account_id))
        return kept.standing

    def keep(
        self, lane: int, account_id: str, moment: StateVersion, standing: CachedReconciliation, now: float
    ) -> None:
        """Keeps what was worked out at the moment, instead of what was before."""
        before = self._kept.pop((lane, account_id), None)
        same = before is not None and before.moment.version == moment.version
        known_by = min(before.known_by, moment.head) if before is not None and same else moment.head
        self._kept[lane, account_id] = _Kept(standing, moment, known_by, now + SECONDS_MAX)
        while len(self._kept) > ACCOUNTS_MAX:
            self._kept.popitem(last=False)

    def _forget(self, now: float) -> None:
        for name in [name for name, kept in self._kept.items() if kept.until <= now]:
            del self._kept[name]
