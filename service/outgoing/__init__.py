"""Publishes the ledger's events: to the topic `payouts.events`, and to the accounts' webhook endpoints."""
