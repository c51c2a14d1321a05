"""Where a station's answers go: to its scanner's sound, to its line display, to the log.  A display also shows the weight."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from msgspec.structs import replace

from edge_agent.config import Config, StationConfig
from edge_agent.device_events import DeviceEvent, WeightChanged
from edge_agent.stations import Feedback, Verdict, say
from edge_agent.stations.item_words import price
from edge_agent.stations.model import CHINESE
from edge_agent.stations.words import matching

_GRAMS_OF_KG = 1000
_GRAM = Decimal("0.001")
_log = logging.getLogger(__name__)


class Outputs(Protocol):
    """The devices, as far as they tell people something.  Neither waits."""

    def signal(self, device: str, *, good: bool) -> None: ...

    def show(self, device: str, lines: Sequence[str]) -> None: ...


class Answering:
    """`answer` is what the box calls, `on_event` hears what the devices tell.  Line displays speak `language`."""

    def __init__(self, stations: Sequence[StationConfig], devices: Outputs, language: str = "en") -> None:
        self._devices = devices
        self._language = language
        self._texts: dict[str, str] = {}
        self._weights: dict[str, str] = {}
        self._arrange(stations)

    async def reconfigure(self, config: Config) -> None:
        self._arrange(config.stations)

    def _arrange(self, stations: Sequence[StationConfig]) -> None:
        self._languages = {station.id: station.language for station in stations}
        self._scanners = {station.id: station.scanner for station in stations}
        self._displays = {station.id: station.line_display for station in stations if station.line_display is not None}
        self._weighed_at = {station.scale: station.id for station in stations if station.scale and station.line_display}

    def answer(self, station: str, feedback: Feedback) -> None:
        scanner = self._scanners.get(station, station)
        if scanner is not None:  # a station may have screens alone
            self._devices.signal(scanner, good=feedback.verdict in (Verdict.OK, Verdict.DUPLICATE))
        language = self._languages.get(station) or self._language
        text = customer_lines(feedback, language) or say(feedback, language)
        logged = say(replace(feedback, args=feedback.args | {"person": "…"}))  # in English, and nobody's name
        _log.info("%s: %s", station, logged, extra={"station": station, "verdict": feedback.verdict.value, "code": feedback.code})
        self._texts[station] = text
        self._show(station)

    def on_event(self, event: DeviceEvent) -> None:
        station = self._weighed_at.get(event.device)
        if station is not None and isinstance(event.what, WeightChanged):
            weight = event.what.weight
            self._weights[station] = weight_line(weight.grams, stable=weight.stable) if weight.grams else ""
            self._show(station)

    def _show(self, station: str) -> None:
        display = self._displays.get(station)
        if display is not None:
            lines = (self._weights.get(station, ""), self._texts.get(station, ""))
            self._devices.show(display, [line for line in lines if line])


def customer_lines(feedback: Feedback, language: str) -> str:
    """What a customer is to see first of an answer with a sum: the sum, then what it was; empty where it has none."""
    args = feedback.args
    if "due_minor" not in args or not args.get("currency"):
        return ""
    due = price(int(args["due_minor"]), str(args["currency"]))
    name = str(args.get("name_zh" if matching(language) == CHINESE else "name_en", ""))
    amount = price(int(args["amount_minor"]), str(args["currency"])) if "amount_minor" in args else ""
    return f"{'合计' if matching(language) == CHINESE else 'Total'} {due} {name} {amount}".strip()


def weight_line(grams: Decimal, *, stable: bool) -> str:
    """A weight as a customer reads it; one that still moves is marked."""
    kilograms = (grams / _GRAMS_OF_KG).quantize(_GRAM) + 0  # no minus before nothing
    return f"{kilograms} kg" + ("" if stable else " ~")
