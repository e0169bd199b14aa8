"""What happened in the ledger, on its way out: to the topic `payouts.events`, and to accounts' webhook endpoints."""
