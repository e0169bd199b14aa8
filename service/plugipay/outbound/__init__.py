"""Requests to Plugipay: to make, cancel and look up payouts, and to list what it has."""
