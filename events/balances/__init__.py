"""Money: what is pending, available, reserved, held and paid out."""
