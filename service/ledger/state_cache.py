"""What a lane's writer remembers: the states of the accounts it has seen, true as long as nobody else moves the head."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from events.account_state import AccountState
from events.chain import SYSTEM_ACCOUNT
from service.ledger.batch import Batch
from service.ledger.event_store import Head, Snapshot
from service.ledger.vault import AccountKey


class StateCache:
    """Books and keys of the accounts that were used last."""

    def __init__(self, accounts_max: int) -> None:
        self.head: Head | None = None
        """Where the lane stood when all of this was true; None where nothing is remembered."""
        self._accounts_max = accounts_max
        self._known: OrderedDict[str, tuple[AccountState, AccountKey]] = OrderedDict()

    def lacking(self, accounts: Iterable[str]) -> set[str]:
        """Those that would have to be read."""
        return {account_id for account_id in accounts if account_id not in self._known}

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
