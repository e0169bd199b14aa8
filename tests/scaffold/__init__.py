"""What `make new-event` writes."""
