"""What marketplaces say about the money they owe and pay."""
