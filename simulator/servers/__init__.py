"""A Postgres and a Kafka broker that come with the environment: `serve --embedded`, `make run` and the tests."""
