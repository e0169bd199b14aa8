"""Views that can always be rebuilt from the events."""
