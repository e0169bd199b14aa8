"""Background work: projections that follow the log, own statements and payout cycles that fall due."""
