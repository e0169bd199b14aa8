"""Marketplaces' records about orders, items and payments."""
