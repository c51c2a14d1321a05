"""GS1 element strings, read by biip.  Loaded on the first symbol that needs it: biip's tables take 20 MB."""

from __future__ import annotations

from dataclasses import dataclass

from biip import BiipException
from biip.gs1_messages import GS1Message

FNC1 = "\x1d"


@dataclass(frozen=True, slots=True)
class Element:
    """One element: application identifier (``17``) and its value as printed (``270101``)."""

    ai: str
    value: str


def parse_elements(text: str) -> tuple[Element, ...] | None:
    """The elements of a GS1 message; None if it is not one.  ``{GS}`` and a leading FNC1 are what they stand for."""
    message = text.replace("{GS}", FNC1).lstrip(FNC1)
    try:
        parsed = GS1Message.parse(message)
    except BiipException:
        return None
    return tuple(Element(each.ai.ai, each.value) for each in parsed.element_strings) or None
