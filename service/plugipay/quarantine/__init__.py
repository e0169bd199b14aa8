"""Deliveries that were not ingested and wait for a person."""
