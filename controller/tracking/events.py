"""What is told of the screens in stores."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class TerminalAdded(Event, frozen=True, kw_only=True):
    """The subject is `terminal:` and the site."""

    name: ClassVar[str] = "terminal_added"
    screen: str


class TerminalRemoved(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "terminal_removed"
    screen: str
