"""Disputes: whose money it is is not known yet."""
