"""structlog, configured once: one JSON line for each event. Secrets, bank account numbers and holders are never logged."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict

from service.platform.runtime import REAL

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def _as_json(value: Any) -> bytes:
    return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS)


def _stamp(_: object, __: str, line: EventDict) -> EventDict:
    line["timestamp"] = REAL.instant()
    return line


def _written(logger: object, level: str, line: EventDict) -> bytes:
    """The whole line, in one processor: structlog's own, one after the other, take a quarter longer."""
    line["level"] = level
    if "exc_info" in line:
        line = structlog.processors.format_exc_info(logger, level, line)
    return _as_json(_stamp(logger, level, line))


class LineBuffer:
    """Writes the log lines of one turn of the event loop together: a system call for each would cost more."""

    def __init__(self) -> None:
        self._buffered: list[bytes] = []

    def info(self, line: bytes) -> None:
        """Buffers a line until the loop's next turn; writes it at once where no loop runs."""
        self._buffered.append(line)
        if len(self._buffered) == 1:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self.flush()

    def error(self, line: bytes) -> None:
        """Writes an error at once, after the lines before it."""
        self._buffered.append(line)
        self.flush()

    debug = info
    warning = critical = exception = error

    def flush(self) -> None:
        buffered, self._buffered = self._buffered, []
        if buffered:
            sys.stderr.buffer.write(b"\n".join(buffered) + b"\n")
            sys.stderr.buffer.flush()


_BUFFER = LineBuffer()
atexit.register(_BUFFER.flush)


def configure(level: str) -> None:
    """Log to standard error from this level on; other libraries' logs go the same way from `warning` on."""
    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        processors=[_written],
        logger_factory=lambda *_: _BUFFER,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                _stamp,
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines have the field `part` with this name."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger
