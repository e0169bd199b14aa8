"""Deliveries that could not be ingested, until a person has decided."""
