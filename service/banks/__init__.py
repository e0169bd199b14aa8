"""Banks' statements: read, taken in as facts, and matched with what was expected."""
