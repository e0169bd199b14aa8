"""Work that nobody asked for: views that follow the log, statements and payouts that fall due."""
