"""A line of the log of the agent or the controller, with what it is about behind it."""

from __future__ import annotations

import logging
from typing import Final

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
DATES: Final = "%Y-%m-%dT%H:%M:%S%z"
_USUAL = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"))


class LogLine(logging.Formatter):
    """A record's line, and behind it what it is about: the device, the job, the reason."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's own name
        return super().formatMessage(record) + about(record)


def log_to_stderr(level: int | str) -> None:
    """What the program's main calls, once."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogLine(FORMAT, DATES))
    logging.basicConfig(level=level, handlers=[handler])


def about(record: logging.LogRecord) -> str:
    """What a record carries besides its message, as ` [device=scale]`; empty where it carries nothing."""
    found = [f"{name}={value}" for name, value in vars(record).items() if name not in _USUAL]
    return f" [{' '.join(found)}]" if found else ""
