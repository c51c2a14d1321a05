"""The agent's log for those who are not at the box: its newest lines for a bundle, its warnings to the controller.

Warnings go out at most 30 a minute and once each: one that comes again meanwhile is counted.  What could not go out yet waits, the
newest 200 of it.  Secrets are masked before anything leaves the box.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from edge_agent.masking import Masker
from edge_agent.wire import telemetry
from edge_agent.wire.codec import encode
from edge_agent.wire.errors import NotConnected, Refused
from edge_agent.wire.log_line import DATES, FORMAT, LogLine, about
from edge_agent.wire.session import Session
from edge_agent.wire.telemetry import LogLines

KEPT_LINES: Final = 500
LONGEST: Final = 500
WAITING: Final = 200
AT_ONCE: Final = 10
EVERY_SECONDS: Final = 20.0
"""With `AT_ONCE`: 30 lines a minute."""
PUBACK_SECONDS: Final = 10.0


@dataclass(slots=True)
class _Seen:
    at: float
    level: str
    times: int = 1


class LogTail(logging.Handler):
    """Keeps the newest lines, and the warnings that the controller has not heard yet.  Any thread may log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(LogLine(FORMAT, DATES))
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._warnings: OrderedDict[tuple[str, str], _Seen] = OrderedDict()
        self._lost = 0
        self._turn = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.append(self.format(record)[: 4 * LONGEST])
            if record.levelno >= logging.WARNING:
                self._remember(record)
        except Exception:  # noqa: BLE001 -- the form that logging prescribes
            self.handleError(record)

    def lines(self) -> list[str]:
        return list(self._lines)

    def take(self, most: int) -> tuple[list[tuple[str, str, _Seen]], int]:
        """The oldest warnings that were not taken yet, as (logger, message, how often), and how many were lost before them."""
        with self._turn:
            taken = [(*key, self._warnings.pop(key)) for key in list(self._warnings)[:most]]
            lost, self._lost = self._lost, 0
        return taken, lost

    def _remember(self, record: logging.LogRecord) -> None:
        key = (record.name, (record.getMessage() + about(record))[:LONGEST])
        with self._turn:
            seen = self._warnings.get(key)
            if seen is not None:
                seen.times += 1
                return
            self._warnings[key] = _Seen(record.created, record.levelname)
            while len(self._warnings) > WAITING:
                self._warnings.popitem(last=False)
                self._lost += 1


class LogForwarder:
    """Brings the tail's warnings to the controller.  `start`: tells this start of the agent from others."""

    def __init__(self, tail: LogTail, session: Session, topic: str, start: str, masker: Callable[[], Masker]) -> None:
        self._tail = tail
        self._session = session
        self._topic = topic
        self._start = start
        self._masker = masker
        self._no = 0
        self._waits: LogLines | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.send()
            await asyncio.sleep(EVERY_SECONDS)

    async def send(self) -> None:
        """What did not arrive goes again, with the same numbers."""
        if not self._session.is_connected:
            return
        if self._waits is None:
            self._waits = self._next()
        if self._waits is None:
            return
        try:
            async with asyncio.timeout(PUBACK_SECONDS):
                await self._session.publish(self._topic, encode(self._waits), qos=1)
        except (NotConnected, TimeoutError):
            return
        except Refused:
            pass  # the broker does not want it: nothing is gained by asking again
        self._waits = None

    def _next(self) -> LogLines | None:
        taken, lost = self._tail.take(AT_ONCE)
        if not taken:
            return None
        masker, lines = self._masker(), []
        for name, message, seen in taken:
            self._no += 1
            lines.append(
                telemetry.LogLine(
                    no=self._no,
                    at=datetime.fromtimestamp(seen.at, UTC),
                    level=seen.level if seen.level in ("WARNING", "ERROR", "CRITICAL") else "ERROR",
                    name=name[:LONGEST],
                    message=masker.text(message)[: 2 * LONGEST],
                    times=seen.times,
                )
            )
        return LogLines(start=self._start, lines=lines, lost=lost)
