"""What happened to an account, and what may happen next: pure functions over plain values."""
