"""Marketplaces and their statements."""
