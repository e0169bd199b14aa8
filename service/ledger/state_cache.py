"""What a lane's writer remembers: the states of the accounts it has seen, true as long as nobody else moves the head."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import fields, replace

from events.account_state import AccountState
from events.envelope import SYSTEM_ACCOUNT
from events.read_set import ReadSet
from service.ledger.batch import Batch
from service.ledger.event_store import Head, Snapshot
from service.ledger.vault import AccountKey


class StateCache:
    """States and keys of the accounts that were used last."""

    def __init__(self, accounts_max: int) -> None:
        self.head: Head | None = None
        """Where the lane stood when all of this was true; None where nothing is remembered."""
        self._accounts_max = accounts_max
        self._known: OrderedDict[str, tuple[AccountState, AccountKey]] = OrderedDict()

    def not_cached(self, read_set: ReadSet, *, with_answers: bool) -> ReadSet | None:
        """What of it has to be read from the database; None where all of it is here. `with_answers`: also old answers.

        Rows are put into the states of their accounts, so those accounts are read with them; answers stand alone.
        """
        accounts = read_set.accounts - self._known.keys()
        for name in _ROWS:
            accounts.update(row[0] for row in getattr(read_set, name))
        if not accounts and not (read_set.answers and with_answers):
            return None
        return replace(read_set, accounts=accounts)

    def snapshot(self, head: Head, accounts: Iterable[str]) -> Snapshot:
        """These accounts, all of them known, as they are at this head."""
        state: dict[str, AccountState] = {}
        keys: dict[str, AccountKey] = {}
        for account_id in accounts:
            state[account_id], keys[account_id] = self._known[account_id]
            self._known.move_to_end(account_id)
        return Snapshot(head, state, keys, {})

    def adopt(self, batch: Batch) -> None:
        """Remembers the states that the commit left, without the rows that only single commands named."""
        self.head = batch.head_after()
        for account_id, state in batch.changed_states().items():
            key = batch.keys.get(account_id)
            if state.account is None or key is None or account_id == SYSTEM_ACCOUNT:
                continue
            totals = AccountState(
                account_id=account_id,
                version=state.version,
                account=state.account,
                bank_account=state.bank_account,
                provider=state.provider,
                balances=state.balances,
            )
            self._known[account_id] = (totals, key)
            self._known.move_to_end(account_id)
        while len(self._known) > self._accounts_max:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Another process has written, or nobody knows."""
        self.head = None
        self._known.clear()


_ROWS = tuple(each.name for each in fields(ReadSet) if each.name not in ("accounts", "answers"))
