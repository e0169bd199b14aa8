"""Imports: the records of a bank or a marketplace, read slice by slice into the ledger."""
