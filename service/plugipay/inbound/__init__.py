"""Plugipay's webhooks, received over HTTP and from the Kafka topic."""
