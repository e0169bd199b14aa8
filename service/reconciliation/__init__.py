"""Expected against paid, for people: rows over HTTP, as CSV and on the command line."""
