"""Replaces production on a developer's machine: a Postgres, a Kafka broker and a simulated Plugipay."""
