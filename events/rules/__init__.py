"""The rules of each kind of command, one module a subject. `events/decide.py` is their one door."""
