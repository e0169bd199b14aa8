"""Expected against paid: the rows that people see over HTTP, as CSV and on the command line."""
