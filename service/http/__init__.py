"""The HTTP API. It reads requests, has commands executed and views read, and writes answers; it decides nothing."""
