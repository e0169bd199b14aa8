"""What stands in for production, held to what it stands in for."""
