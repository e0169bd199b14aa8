"""The base of the service: settings, database, Kafka, logs, clock, signatures."""
