"""What the provider reports, and cases."""
