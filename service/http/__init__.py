"""How the ledger is asked over HTTP: bodies in, envelopes out. No rule lives here."""
