"""What happens to sites and bins."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class SiteCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "site_created"
    title: str


class BinCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "bin_created"
    bin: str
