"""The command line: `payout-ledger --help`."""
