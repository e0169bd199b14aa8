"""The ledger's own statements."""
