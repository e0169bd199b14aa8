"""The reconciliation cache: what every row of an account depends on, which is the claims and the proposals.

Both follow from the whole account, since a proposal is only certain if no other one competes with it. They stay true
until the account changes, so a caller who reads the rows page by page has them computed once, and not for each page.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from service.reconciliation.claims import Claims
from service.reconciliation.rows import BankEntries

ACCOUNTS_MAX = 8
"""The accounts that are kept: those that were read last."""
SECONDS_MAX = 60.0
"""The longest time that an account is kept for."""


@dataclass(frozen=True, slots=True)
class ReadPoint:
    """The state of an account that is read: its version, and the positions of its lane and of the settlements view."""

    version: int
    head: int
    followed: int


@dataclass(frozen=True, slots=True)
class CachedReconciliation:
    """What the rows depend on. The words of bank entries are not kept: they are personal data, and read when needed."""

    claims: Claims
    bank: BankEntries


@dataclass(slots=True)
class _Kept:
    cached: CachedReconciliation
    read_point: ReadPoint
    known_by: int
    """A position of the lane at which the account had this version: settlements that are as far have all of it."""
    until: float


class ReconciliationCache:
    """The reconciliations of the accounts that were read last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str], _Kept] = OrderedDict()

    def find(self, lane: int, account_id: str, read_point: ReadPoint, now: float) -> CachedReconciliation | None:
        """The reconciliation that is true at this point, if it is kept."""
        self._forget(now)
        kept = self._kept.get((lane, account_id))
        if kept is None or kept.read_point.version != read_point.version:
            return None
        if kept.read_point.followed < kept.known_by and kept.read_point.followed != read_point.followed:
            return None
        self._kept.move_to_end((lane, account_id))
        return kept.cached

    def keep(self, lane: int, account_id: str, read_point: ReadPoint, cached: CachedReconciliation, now: float) -> None:
        """Keeps a reconciliation that was computed at this point, in place of an earlier one."""
        before = self._kept.pop((lane, account_id), None)
        same = before is not None and before.read_point.version == read_point.version
        known_by = min(before.known_by, read_point.head) if before is not None and same else read_point.head
        self._kept[lane, account_id] = _Kept(cached, read_point, known_by, now + SECONDS_MAX)
        while len(self._kept) > ACCOUNTS_MAX:
            self._kept.popitem(last=False)

    def _forget(self, now: float) -> None:
        for name in [name for name, kept in self._kept.items() if kept.until <= now]:
            del self._kept[name]
