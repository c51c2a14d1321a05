r"""The calibration barcode: one scan of it tells how the scanner that read it is configured.

Print `CALIBRATION_ELEMENTS` as GS1-128, GS1 DataMatrix or GS1 QR, so that what a scanner makes of FNC1 is seen; where only other
symbols can be printed, `CALIBRATION_TEXT` with its ``\x1d``.  A scanner that learns does not deliver it as a symbol.

Why these characters: every letter of `SIGNATURE` is on the same key of all our layouts, so it is found before the layout is known;
``#``, ``"`` and the letters after it are on other keys for each two layouts; lower and upper case show CapsLock; the rest makes
damage visible.  ``#`` is why there is AI 8010, the only one that takes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.errors import ProtocolViolation

SIGNATURE = "SHELFXTUNE"
_BEFORE_GS = f'91{SIGNATURE}amqwyzAMQWYZ_"'  # AI 91: company internal (GS1 General Specifications, section 3.9.20)
_AFTER_GS = "8010#-/0123456789"
GS = "\x1d"
CALIBRATION_TEXT = _BEFORE_GS + GS + _AFTER_GS
CALIBRATION_ELEMENTS = f"(91){_BEFORE_GS[2:]}(8010){_AFTER_GS[4:]}"
LONGEST_ADDED = 16
"""The longest prefix, suffix or replacement of FNC1 that is learned; what is longer is damage, or another scan."""

_WHOLE = re.compile(
    rf"(?P<prefix>.*?)(?P<aim>\][A-Za-z][0-9A-Za-z])?{GS}?{re.escape(_BEFORE_GS)}(?P<gs>.*){re.escape(_AFTER_GS)}(?P<suffix>.*)",
    re.DOTALL,
)
_AIM_ANYWHERE = re.compile(r"\][A-Za-z][0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a scanner adds to a symbol's data.  `gs`: what it sends for FNC1."""

    prefix: str
    sends_aim: bool
    gs: str
    suffix: str


def find_frame(text: str) -> Frame | None:
    """What stands around and in the calibration text; None if `text` does not hold it whole.

    Raises ProtocolViolation: it does, but with a frame that nobody could take off again, or without FNC1.
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    frame = Frame(found["prefix"], found["aim"] is not None, found["gs"], found["suffix"])
    if not frame.gs:
        raise refusal("this scanner leaves FNC1 (GS) out, so that GS1 symbols cannot be read: switch its transmission on")
    if SIGNATURE in frame.gs or SIGNATURE in frame.suffix:
        raise refusal("it came twice: scan it once, then wait")
    if _AIM_ANYWHERE.search(frame.prefix):
        raise refusal("the scanner sends its AIM identifier before its prefix: configure the prefix first, or none")
    longest = max(frame.prefix, frame.suffix, frame.gs, key=len)
    if len(longest) > LONGEST_ADDED:
        raise refusal(f"there were {len(longest)} characters around it, expected at most {LONGEST_ADDED}: scan it alone")
    return frame


def refusal(why: str) -> ProtocolViolation:
    """The error of a calibration scan from which nothing is learned."""
    return ProtocolViolation(f"the calibration barcode was read, but nothing was learned: {why}")
