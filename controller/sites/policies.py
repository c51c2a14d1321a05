"""Pure decisions about sites: which business day an instant belongs to."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

_NEVER = datetime.max.replace(tzinfo=UTC)
_LAST_DAY = date.max - timedelta(days=1)
_CLOCKS_CHANGE = timedelta(hours=4)
"""That near to the end of a day, a clock that is set may show another one."""


class BusinessDays:
    """The business days of one site: `time_zone` is its IANA name, `day_starts` as in `04:00`."""

    def __init__(self, time_zone: str, day_starts: str) -> None:
        self._zone: tzinfo = ZoneInfo(time_zone)
        hours, _, minutes = day_starts.partition(":")
        self._starts = timedelta(hours=int(hours), minutes=int(minutes))
        self._latest = (_NEVER, datetime.min.replace(tzinfo=UTC), date.min)

    def day_of(self, instant: datetime) -> date:
        """By the clock on the wall: on the night when clocks change, too, the day begins when they show `day_starts`."""
        first, last, day = self._latest
        if not first <= instant <= last:  # nearly all that are asked for are well within one day
            day = (instant.astimezone(self._zone).replace(tzinfo=None) - self._starts).date()
            if date.min < day < _LAST_DAY:
                self._latest = (self.begins(day) + _CLOCKS_CHANGE, self.begins(day + timedelta(days=1)) - _CLOCKS_CHANGE, day)
        return day

    def begins(self, day: date) -> datetime:
        """The instant at which a business day begins, in UTC."""
        local = datetime.combine(day, time.min) + self._starts
        return local.replace(tzinfo=self._zone).astimezone(UTC)
