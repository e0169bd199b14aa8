"""Everything that touches the world: HTTP, Postgres, Kafka, keys, clocks."""
