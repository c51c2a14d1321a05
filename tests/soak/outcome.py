"""What a part of a soak found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """`failure`: what did not hold, in words; empty if all did.  Times in seconds."""

    part: str
    injected: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    """Facts that the box beeped for: each of them was looked for, and for its double."""
    prints: int = 0
    """Print jobs whose paper was counted."""
    recoveries: list[float] = field(default_factory=list)
    """From kill -9 until the box listens again, and one scan to its answer."""
    stalled: float = 0.0
    """The longest time without a fact stored while people worked."""
    healed: float = 0.0
    """The longest time from the end of all faults until nothing waited any more."""
    seeds: int = 0
    noticed: dict[str, int | None] = field(default_factory=dict)
    """By missing rule: after how many seeds."""
    seconds: float = 0.0
    failure: str = ""
    is_cut_short: bool = False
    """Its time was over before all was done."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share lies; the nearest there is."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
