"""The ledger: one writer a lane, the event store, keys, and what is read back."""
