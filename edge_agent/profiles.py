"""Station profiles: what the office sets for stations is laid over their configuration, now and whenever either changes.

A station's own keys win where they are not at their defaults.  Parts that know stations are told the outcome, only through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge_agent.config import Config, StationConfig
from edge_agent.twin import Follows
from edge_agent.wire.replica import ReplicaProfile


class Profiles:
    """Stands between the twin and `parts`; `follow` hears the replica."""

    def __init__(self, config: Config, parts: Sequence[Follows]) -> None:
        self._config = config
        self._parts = parts
        self._rows: Sequence[ReplicaProfile] = ()

    async def reconfigure(self, config: Config) -> None:
        self._config = config
        await self._apply()

    async def follow(self, rows: Sequence[ReplicaProfile]) -> bool:
        self._rows = rows
        await self._apply()
        return True

    async def _apply(self) -> None:
        stations = tuple(laid_over(station, self._rows) for station in self._config.stations)
        for part in self._parts:
            await part.reconfigure(replace(self._config, stations=stations))


def laid_over(station: StationConfig, rows: Sequence[ReplicaProfile]) -> StationConfig:
    """The station as its profile makes it: the one that it names, or else the site's; one that is not there changes nothing."""
    wanted = [row for row in rows if (row.is_default if station.profile is None else row.name == station.profile)]
    if not wanted:
        return station
    profile, default = wanted[0], StationConfig(id=station.id)
    return replace(
        station,
        double_read_ms=_own(station.double_read_ms, default.double_read_ms, profile.double_read_ms),
        quiet_minutes=_own(station.quiet_minutes, default.quiet_minutes, profile.quiet_minutes),
        sign_in=profile.sign_in if station.sign_in == default.sign_in else station.sign_in,
        activities=station.activities or tuple(profile.activities),
        language=station.language or profile.language,
        manager_adjusts=station.manager_adjusts or profile.manager_adjusts,
    )


def _own(own: int, default: int, profile: int) -> int:
    return profile if own == default else own
