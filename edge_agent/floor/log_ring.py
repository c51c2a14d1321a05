"""The newest lines of the agent's log, for the box's page."""

from __future__ import annotations

import logging
from collections import deque

LINES = 50
LONGEST = 300


class LogRing(logging.Handler):
    """Keeps the last lines as text.  Any thread may log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._lines: deque[str] = deque(maxlen=LINES)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.append(self.format(record).splitlines()[0][:LONGEST])
        except Exception:  # noqa: BLE001 -- the form that logging prescribes
            self.handleError(record)

    def lines(self) -> list[str]:
        return list(self._lines)
