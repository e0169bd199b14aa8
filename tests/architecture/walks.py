"""Follows one request through the product: which files it passes, in the order in which it first reaches them."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = ("service", "events", "projections", "sql")


class Walk:
    """The files of the product in which a function ran, and which file called into which."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.arrows: dict[tuple[str, str], None] = {}

    def passes(self, frame: FrameType, what: str, _: Any) -> None:
        if what != "call":
            return
        file = _product_file(frame)
        # A module's body runs when it is imported, which is no part of any request.
        if file is None or frame.f_code.co_name == "<module>":
            return
        if file not in self.files:
            self.files.append(file)
        caller = frame.f_back
        while caller is not None and (known := _product_file(caller)) is None:
            caller = caller.f_back
        if caller is not None and known is not None and known != file:
            self.arrows.setdefault((known, file))

    @contextlib.contextmanager
    def follow(self) -> Iterator[None]:
        """Follows whatever this process does meanwhile, in all its threads."""
        sys.setprofile(self.passes)
        threading.setprofile(self.passes)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)


def _product_file(frame: FrameType) -> str | None:
    try:
        path = Path(frame.f_code.co_filename).relative_to(ROOT)
    except ValueError:
        return None
    return str(path) if path.parts[0] in ROOMS else None
