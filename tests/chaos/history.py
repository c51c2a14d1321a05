"""What happened, in order: kept in memory for the oracle, and on disk as JSON lines for whoever looks for the reason."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Event:
    """`at`: seconds since the history began."""

    at: float
    what: str
    details: dict[str, object]


class History:
    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.seed = seed
        self.events: list[Event] = []
        self._began = time.monotonic()
        self._file = path.open("a", encoding="utf-8")
        self.note("begun", seed=seed)

    def note(self, what: str, **details: object) -> Event:
        event = Event(round(time.monotonic() - self._began, 4), what, details)
        self.events.append(event)
        self._file.write(json.dumps({"at": event.at, "what": what, **details}) + "\n")
        self._file.flush()
        return event

    def of(self, what: str) -> list[Event]:
        return [event for event in self.events if event.what == what]

    def close(self) -> None:
        self._file.close()
