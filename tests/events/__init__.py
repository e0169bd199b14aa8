"""The rules, tested without a database, a clock or a network."""
