"""A ledger that an earlier release wrote: its log, its tables and its answers."""
