"""What happens to sites and bins."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class SiteCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "site_created"
    title: str


class SiteChanged(Event, frozen=True, kw_only=True):
    """What it is called, and by which clock it lives, from now on; `is_clock`: its business days begin at other instants."""

    name: ClassVar[str] = "site_changed"
    title: str
    time_zone: str
    day_starts: str
    is_clock: bool
    address: str = ""


class BinCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "bin_created"
    bin: str
