"""What the log looks like from one side: views that can always be made again from the events."""
