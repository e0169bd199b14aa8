"""What stands in for production on a developer's machine: a Postgres, a Kafka broker and Plugipay."""
