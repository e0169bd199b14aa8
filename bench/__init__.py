"""What it costs: each figure beside a reference, in one run, on one machine."""
