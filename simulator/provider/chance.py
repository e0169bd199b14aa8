"""Repeatable randomness: a draw depends on the seed and on its subject, not on the draws before it.

So two runs with the same seed have the same faults, however their requests and webhooks interleave.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chance:
    seed: int

    def draw(self, *about: object) -> float:
        """At least 0, less than 1."""
        text = "/".join(str(part) for part in (self.seed, *about))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48

    def between(self, least: float, most: float, *about: object) -> float:
        return least + (most - least) * self.draw(*about)

    def integer(self, least: int, most: int, *about: object) -> int:
        """From `least` to `most`, both included."""
        return least + int(self.draw(*about) * (most - least + 1))

    def one_of(self, choices: tuple[str, ...], *about: object) -> str:
        return choices[self.integer(0, len(choices) - 1, *about)]
