"""Marketplaces: their statements and settlements, read from files or pulled, and booked."""
