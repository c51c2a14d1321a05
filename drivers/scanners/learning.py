"""What a calibration scan teaches, as options of the driver that read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drivers.scanners.calibration import GS, Frame, find_frame, refusal
from drivers.scanners.layouts import LAYOUTS, Layout
from drivers.scanners.strokes import CapsLock, compose, is_layout_free, is_lit


def learn_keys(strokes: Sequence[int], layout_now: str, caps_now: CapsLock) -> Mapping[str, object]:
    """The options of `scanner.wedge` under which these strokes are the calibration text.

    What the scan says nothing of stays as it is now: the layout, if everything was typed by Alt and numbers; what the CapsLock lamp
    means, if it was off.  Raises ProtocolViolation: damaged, a layout that is none of ours, or more than one way fits.
    """
    fits = {name: found for name, layout in LAYOUTS.items() if (found := _caps_that_fit(strokes, layout))}
    is_free = all(is_layout_free(stroke) for stroke in strokes)
    if is_free and layout_now in fits:
        fits = {layout_now: fits[layout_now]}
    if not fits:
        raise refusal(f"it was damaged, or the scanner's keyboard layout is none of {', '.join(LAYOUTS)}; scan it again")
    if len(fits) > 1:
        raise refusal(f"its layout could be {' or '.join(fits)}: set the layout by hand")
    ((name, caps_fits),) = fits.items()
    if len(caps_fits) > 1 and not is_free and any(is_lit(stroke) for stroke in strokes):
        raise refusal("CapsLock is on, and hides what the scanner makes of it: switch it off and scan again")
    caps = caps_now if caps_now in caps_fits else next(iter(caps_fits))
    frame = caps_fits[caps]
    suffix, suffix_text = _suffix_of(frame.suffix)
    return {
        "layout": name,
        "caps_lock": caps.value,
        "prefix": frame.prefix,
        "suffix": suffix,
        "suffix_text": suffix_text,
        "gs": _gs_of(frame),
        "sends_aim": frame.sends_aim,
    }


def _caps_that_fit(strokes: Sequence[int], layout: Layout) -> dict[CapsLock, Frame]:
    texts = ((caps, compose(strokes, layout, caps)) for caps in CapsLock)
    frames = ((caps, find_frame(text)) for caps, text in texts if text)
    return {caps: frame for caps, frame in frames if frame is not None}


def learn_bytes(data: bytes) -> Mapping[str, object]:
    """The options of `scanner.serial` under which these bytes are the calibration text.  Raises ProtocolViolation: damaged."""
    try:
        frame = find_frame(data.decode())
    except UnicodeDecodeError:
        frame = None
    if frame is None:
        raise refusal("it was damaged; scan it again, check the line's speed and parity")
    is_line = frame.suffix in ("\r", "\n", "\r\n")
    return {
        "framing": "line" if is_line else "suffix" if frame.suffix else "idle",
        "prefix": frame.prefix,
        "suffix": "" if is_line else frame.suffix,
        "gs": _gs_of(frame),
        "sends_aim": frame.sends_aim,
    }


def _gs_of(frame: Frame) -> str:
    return "" if frame.gs == GS else frame.gs


def _suffix_of(typed: str) -> tuple[str, str]:
    """The suffix that ends a scan, and its text where it is no key alone.  Enter or Tab twice is one end and an empty scan."""
    if not typed:
        return "none", ""
    if set(typed) <= set("\r\n"):
        return "enter", ""
    if set(typed) <= {"\t"}:
        return "tab", ""
    if set(typed) <= set("\r\n\t"):
        return "any", ""
    return "text", typed
