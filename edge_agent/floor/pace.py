"""How fast one screen may send: a page gone mad, or somebody who tries, must leave the box's time to its scanners.

What is refused is kept by the page and sent again (`floor.js`), so that a burst of readings only takes longer.
"""

from __future__ import annotations

from typing import Final

AT_ONCE: Final = 200
"""What a screen had kept while it could not send."""
PER_SECOND: Final = 50.0
"""Four scanners at their fastest stay below it: the page sends what came meanwhile together."""
MOST_SCREENS: Final = 1000
TOO_FAST: Final = (
    "This screen sends faster than the box can work. Nothing was done. Wait a second, then repeat it; if it stays, call IT.\n"
    "此屏幕发送过快，盒子来不及处理，这次操作没有执行。等一秒再试；反复出现时联系 IT。\n"
)


class Pace:
    """By the screen's address; a screen that is still has its burst again after `AT_ONCE / PER_SECOND` seconds."""

    def __init__(self) -> None:
        self._spent: dict[str, tuple[float, float]] = {}

    def allows(self, screen: str, now: float) -> bool:
        """Whether it may send one more; `now` in seconds of a clock that never goes back."""
        spent, at = self._spent.get(screen, (0.0, now))
        spent = max(0.0, spent - (now - at) * PER_SECOND)
        is_allowed = spent + 1 <= AT_ONCE
        if screen not in self._spent and len(self._spent) >= MOST_SCREENS:
            self._forget(now)
        self._spent[screen] = (spent + is_allowed, now)
        return is_allowed

    def _forget(self, now: float) -> None:
        """Those that have all of their burst again; of a crowd that never rests, all."""
        resting = AT_ONCE / PER_SECOND
        self._spent = {screen: (spent, at) for screen, (spent, at) in self._spent.items() if now - at < resting}
        if len(self._spent) >= MOST_SCREENS:
            self._spent.clear()
