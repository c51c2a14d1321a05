"""What happens to station profiles."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class StationProfileChanged(Event, frozen=True, kw_only=True):
    """It is so from now on."""

    name: ClassVar[str] = "station_profile_changed"
    activities: list[str]
    sign_in: str
    language: str
    quiet_minutes: int
    double_read_ms: int
    manager_adjusts: bool = False


class StationProfileRemoved(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "station_profile_removed"


class SiteProfileChosen(Event, frozen=True, kw_only=True):
    """`profile`: of the site's stations that name none; None: they have none any more."""

    name: ClassVar[str] = "site_profile_chosen"
    profile: str | None
