"""Asking each marketplace for what it says."""
