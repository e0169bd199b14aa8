"""Payout policies and their cycles."""
