"""Banks' entries and statements, and matches."""
