"""The words of a device's or a print job's fault, by its code: what happened and what to do.

Drivers report codes (`paper_out`); `Fault.message` is English, the pages translate by the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from edge_agent.wire.messages import Fault

WORDS: Final[dict[str, str]] = {
    # printers
    "paper_out": "The printer is out of paper or labels. Load a roll, close the cover; printing goes on by itself.",
    "ribbon_out": "The printer is out of ribbon. Put in a new ribbon; printing goes on by itself.",
    "media_out": "The printer is out of labels or of ribbon. Load what has run out; printing goes on by itself.",
    "cover_open": "The printer's cover is open. Close it; printing goes on by itself.",
    "head_open": "The print head is open. Close it; printing goes on by itself.",
    "head_hot": "The print head is too hot. Wait a minute; printing goes on by itself.",
    "motor_hot": "The printer's motor is too hot. Wait a minute; printing goes on by itself.",
    "cutter": "The cutter is stuck. Switch the printer off, take out jammed paper, switch it on.",
    "paper_jam": "Paper is jammed. Open the cover, take the paper out, close the cover.",
    "paper_feed": "The printer cannot feed its paper. Open the cover, lay the roll in straight, close the cover.",
    "paper_path": "Paper is left in the printer's path. Open the cover, take it out, close the cover.",
    "presenter": "A printed paper is stuck at the printer's mouth. Take it out; printing goes on by itself.",
    "retract": "A printed paper was not taken. Take it out; printing goes on by itself.",
    "mark_not_found": "The printer does not find the gap between labels. Load the right labels and calibrate it.",
    "mark_calibrate": "The printer does not find the gap between labels. Load the right labels and calibrate it.",
    "paused": "The printer is paused. Press its Pause or Feed button; printing goes on by itself.",
    "mechanical": "The printer reports a mechanical error. Switch it off and on; if it comes back, call IT.",
    "head_element": "The print head is damaged. Call IT; print on another printer meanwhile.",
    "head_detect": "The printer does not recognise its print head. Switch it off and on; if it comes back, call IT.",
    "thermistor": "The print head's thermometer is broken. Call IT; print on another printer meanwhile.",
    "firmware_config": "The printer's own settings are damaged. Call IT.",
    "wrong_resolution": "This label printer has another resolution than the box was told. Correct the option dpi of this device.",
    "wrong_media": "Other paper is in the printer than the box was told. Load the right one, or correct the option media.",
    "printer_error": "The printer reports an error that it cannot clear. Switch it off and on; if it comes back, call IT.",
    "offline": "The printer is offline. Press its Online or Feed button.",
    "no_answer": "The device does not answer. Check that it is switched on and its cable is in.",
    # scales
    "over_capacity": "Too much weight is on the scale. Take some off.",
    "under_zero": "The scale is below zero. Empty it and press its Zero key.",
    "outside_zero": "The scale cannot find zero. Empty it, then switch it off and on.",
    "motion": "The scale is in motion. Wait until it is at rest.",
    "under_capacity": "The scale reads less than it can weigh. Put its platter back, then press its Zero key.",
    "scale_busy": "The scale is not ready: it moves, or is busy with its calibration. Wait until it is at rest.",
    "tare_refused": "The scale did not take the tare. Put something on it, within its range, and try again.",
    "scale_expanded": "The scale shows ten times its digits, which is a service mode. End that mode at the scale.",
    "scale_memory": "The scale's memory is damaged. Switch it off and on; if it comes back, call IT.",
    "scale_calibration": "The scale has lost its calibration. Have it calibrated before you weigh on it.",
    "scale_error": "The scale reports an error. Switch it off and on; if it comes back, call IT.",
    "below_minimum": "What lies on the scale is too little for it to weigh. Put something heavier on it.",
    "not_weighing": "The scale counts or shows something else than a weight. Switch it to weighing.",
    "no_weight": "The scale tells no weight. Put something on it, or lift it and put it back; check that the scale is on.",
    # any device
    "absent": "The device is not there.",
    "device_swapped": "Another device is plugged in here. Confirm on the box that it takes over, or plug the old one in.",
    "unsupported": "This device cannot do that.",
    "unreadable": "The device sent something unreadable. If this stays, check its cable and settings.",
    "device_timeout": "The device stopped answering in the middle.",
    # print jobs
    "interrupted": "The box stopped while this was being printed. Look at the printer: say whether it came out, or print it again.",
    "template_unavailable": "This template is not on the box yet, and the controller does not answer. It is tried again by itself.",
    "unknown_printer": "This box has no printer of that name. Check the box's configuration, or print it elsewhere.",
    "stood_in": "The printer that this is for is not ready. Another one prints it in its place.",
    "internal_error": "Something went wrong in the box while this was being printed; its log says what. Call IT.",
}

IN_DOUBT: Final = (
    "It is not known whether this came out. Look at the printer, then say whether it came out; "
    "only if it did not is it printed again, marked COPY."
)
_ANY = "The device reports {code}. Look at it; if this stays, call IT."


def fault(code: str, message: str = "") -> Fault:
    """The fault with its words, or with `message` where that says it better."""
    return Fault(code=code, message=(message or WORDS.get(code) or _ANY.format(code=code))[:512])


def in_doubt(because: Fault) -> Fault:
    """Why a print is uncertain: the same code, and what happened; but nothing goes on by itself here, a person decides."""
    happened = WORDS.get(because.code, because.message).partition(". ")[0].rstrip(".")
    return Fault(code=because.code, message=f"{happened[: 510 - len(IN_DOUBT)]}. {IN_DOUBT}")


def faults(codes: Iterable[str]) -> list[Fault]:
    return [fault(code) for code in codes]
