"""What can be wrong with a scale, in the words of its protocols' status bits: codes and sentences that all scale drivers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from drivers.errors import DeviceFault

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "over_capacity": "there is more on the scale than it can weigh: take some off",
        "under_zero": "the scale shows less than zero: clear the platter and set it to zero",
        "under_capacity": "the scale reads less than it can weigh: put its platter back, then set it to zero",
        "outside_zero": "the scale is outside its zero range: clear the platter and switch it off and on",
        "motion": "the scale is in motion: wait until it is at rest",
        "below_minimum": "what lies on the scale is too little for it to weigh: put something heavier on it",
        "not_weighing": "the scale counts, or shows something else than a weight: switch it to weighing",
        "scale_busy": "the scale is not ready, it moves or is busy with something else: wait until it is at rest",
        "tare_refused": "the scale did not take the tare: put something on it, within its range",
        "scale_expanded": "the scale shows ten times its digits, which is a service mode: end that at the scale",
        "scale_memory": "the scale's memory is damaged: switch it off and on; if it comes back, have it serviced",
        "scale_calibration": "the scale has lost its calibration: have it calibrated",
        "scale_error": "the scale reports an error: switch it off and on; if it comes back, have it serviced",
    }
)


def blocked(codes: Iterable[str]) -> DeviceFault:
    """The fault with its sentences; `codes` are keys of `SENTENCES`, each once, at least one."""
    once = tuple(dict.fromkeys(codes))
    return DeviceFault("; ".join(SENTENCES[each] for each in once), once)
