"""What a fact holds where no type of ours says it."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]
"""A fact's content as stored: camel-case ASCII keys, JSON values without floats."""
