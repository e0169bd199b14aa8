"""The embedded Postgres and Kafka broker of `serve --embedded`, `make run` and the tests."""
