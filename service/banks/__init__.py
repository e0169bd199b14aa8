"""Banks' statements: read, and stored as events. They book no money."""
