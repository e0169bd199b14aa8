"""Blibli."""
