"""What a person does at a station, as pure state machines: one station per module, `table.STATIONS` of them all, `step` over them.

step(state, Scanned(...) | Pressed(...) | Weighed(...) | SignedIn(...) | Tick(...) | Refused(...)) -> Step(state, facts, feedback)
"""

from edge_agent.stations.machine import step
from edge_agent.stations.model import (
    SCREEN,
    Feedback,
    Input,
    Item,
    Missing,
    Paper,
    Person,
    Pressed,
    Refused,
    Scanned,
    SignedIn,
    SignIn,
    Tick,
    Verdict,
    Weighed,
)
from edge_agent.stations.reading import badge_of, scanned
from edge_agent.stations.state import Reading, Rules, StationState, Step
from edge_agent.stations.station import Says, Station
from edge_agent.stations.table import STATIONS, awaits_weight, restore, wants_item
from edge_agent.stations.words import catalogue, say

__all__ = [
    "SCREEN",
    "STATIONS",
    "Feedback",
    "Input",
    "Item",
    "Missing",
    "Paper",
    "Person",
    "Pressed",
    "Reading",
    "Refused",
    "Rules",
    "Says",
    "Scanned",
    "SignIn",
    "SignedIn",
    "Station",
    "StationState",
    "Step",
    "Tick",
    "Verdict",
    "Weighed",
    "awaits_weight",
    "badge_of",
    "catalogue",
    "restore",
    "say",
    "scanned",
    "step",
    "wants_item",
]
