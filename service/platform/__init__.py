"""What the service stands on: settings, the database, Kafka, logs, the clock, signatures."""
