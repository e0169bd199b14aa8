"""What follows the log, on a real Postgres."""
